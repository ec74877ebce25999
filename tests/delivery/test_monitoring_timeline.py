"""The newest posts are read from the account's timeline, and the older ones by their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest
from sqlalchemy import select

from publisher.delivery.monitoring import poll
from publisher.delivery.monitoring.intervals import WEEK
from publisher.models.deliveries import ReceiptRow
from publisher.models.monitoring import Watch
from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.platforms.base.types import RemotePost
from publisher.reports.external_changes import FindingKind
from tests.delivery.test_monitoring import QUARTER, findings
from tests.delivery.test_monitoring_batches import RecordingPlatform
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE


class TimelinePlatform(RecordingPlatform):
    """Shows so many of its posts on its timeline, and records which were read there."""

    def __init__(self, town: City, *, own_reach: int) -> None:
        super().__init__(town, at_once=100)
        self.limits = replace(self.limits, own_reach=own_reach)
        self.read: list[list[str]] = []
        town.platforms[town.accounts["x"]] = self

    def see_own(self, platform_ids: Sequence[str]) -> dict[str, RemotePost]:
        self.read.append(sorted(platform_ids, key=int))
        return super().see_own(platform_ids)


def publish(town: City, number: int) -> list[str]:
    """Publish posts an hour apart, let their watches be opened, and return their ids."""
    ids = []
    for _ in range(number):
        ids.append(town.platform_id(town.live()[0]))
        poll.tick_watching(town.context)
        town.clock.move(HOUR)
    return ids


def make_due(town: City, *numbers: int) -> None:
    """Make the looks at these posts due, in this order, and no others."""
    with town.write() as session:
        for watch in session.scalars(select(Watch)):
            watch.look_at = town.now + DAY
        for minute, number in enumerate(numbers, start=-len(numbers)):
            query = select(Watch).order_by(Watch.id).offset(number).limit(1)
            session.scalars(query).one().look_at = town.now + minute * MINUTE


def test_neighbours_are_read_together_and_what_is_not_due_is_not_paid_for(town: City) -> None:
    platform = TimelinePlatform(town, own_reach=100)
    ids = publish(town, 7)
    make_due(town, 4, 1, 5, 0)
    assert poll.tick_watching(town.context) == 4
    assert platform.read == [[ids[4], ids[5]], [ids[0], ids[1]]]
    assert platform.asked == []


def test_what_is_beyond_the_timeline_is_read_by_id_in_one_request(town: City) -> None:
    platform = TimelinePlatform(town, own_reach=2)
    ids = publish(town, 6)
    make_due(town, 5, 0, 4, 1, 3)
    assert poll.tick_watching(town.context) == 5
    assert platform.read == [[ids[4], ids[5]]]
    assert [sorted(batch) for batch in platform.asked] == [[ids[0], ids[1], ids[3]]]


def test_what_is_not_on_the_timeline_is_gone_only_if_it_is_not_there_by_id(town: City) -> None:
    platform = TimelinePlatform(town, own_reach=100)
    ids = publish(town, 3)
    platform.somebody_deletes(ids[1])
    platform.said = {ids[1]: Refused(RefusalCode.UNKNOWN)}
    make_due(town, 0, 1, 2)
    poll.tick_watching(town.context)
    assert (platform.read, platform.asked) == ([ids], [[ids[1]]])
    with town.read() as session:
        assert session.scalars(select(Watch.absent_at)).all() == [None] * 3
    platform.said = {}
    for _ in range(2):
        make_due(town, 1)
        town.clock.move(QUARTER)
        assert findings(town) == ()
        poll.tick_watching(town.context)
    assert [finding.kind for finding in findings(town)] == [FindingKind.GONE]
    assert platform.asked == [[ids[1]]] * 3


@pytest.mark.twin
@pytest.mark.usefixtures("changeable_rows")
def test_looks_of_the_old_schedule_are_spread_over_the_new_one(town: City) -> None:
    """As the upgrade does it: no look is lost, and they do not all fall due at once."""
    (delivery,) = town.live()
    town.answer(town.comment(under=delivery))
    town.tick_dispatch()
    for _ in range(3):
        town.live()
    ages = (10 * DAY, 3 * DAY, 40 * DAY, 400 * DAY, 29 * DAY)
    with town.write() as session:
        poll.open_watches(session, now=town.now)
        receipts = session.scalars(select(ReceiptRow).order_by(ReceiptRow.id)).all()
        for receipt, age in zip(receipts, ages, strict=True):
            receipt.published_at = town.now - age
        for watch in session.scalars(select(Watch)):
            watch.look_at, watch.is_answer = town.now + HOUR, False
    with town.write() as session:
        migration = import_module("migrations.versions.0048_looks_and_credits")
        migration.move_looks(session.connection(), town.now)
    with town.read() as session:
        watches = session.scalars(select(Watch).order_by(Watch.receipt_id)).all()
        looks = [(watch.look_at or town.now) - town.now for watch in watches]
        assert [watch.is_answer for watch in watches] == [False, True, False, False, False]
    assert looks[0] == looks[4] == HOUR
    assert looks[1] == WEEK - 3 * DAY
    for watch, look, days in ((watches[2], looks[2], 7), (watches[3], looks[3], 30)):
        assert look - HOUR == timedelta(days=watch.receipt_id % days)
