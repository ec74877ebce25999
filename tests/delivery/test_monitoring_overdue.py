"""Overdue polling is shown to admins on the accounts' pages, and by `doctor`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import select

from commands.health_messages import sentence
from publisher.delivery.monitoring import intervals, overdue, poll
from publisher.delivery.monitoring.overdue import OverdueChecks
from publisher.models.deliveries import Account, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.operations import account_checks
from publisher.platforms.base.protocol import RefusalCode, Refused, TryLater
from publisher.states import AccountState
from tests.delivery.test_monitoring import poll_for
from tests.delivery.test_monitoring_batches import RecordingPlatform
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE

ENOUGH = intervals.LONGEST + DAY


def overdue_accounts(town: City) -> Mapping[int, OverdueChecks]:
    """Return the accounts whose polling is overdue."""
    with town.read() as session:
        return overdue.find_overdue_checks(session, now=town.now)


def two_that_cannot_be_read(town: City) -> RecordingPlatform:
    """Publish two posts on X, which cannot be read, and one on Facebook."""
    (refused,) = town.live(on=["x"])
    town.live(on=["facebook"])
    (later,) = town.live(on=["x"])
    away = RecordingPlatform(town, at_once=100)
    away.posts.extend(town.platform("x").posts)
    away.said = {
        town.platform_id(refused): Refused(RefusalCode.PERMISSION),
        town.platform_id(later): TryLater(),
    }
    town.platforms[town.accounts["x"]] = away
    return away


def test_an_unseen_post_is_overdue_however_often_it_is_requested(
    town: City,
) -> None:
    published_at = town.now
    away = two_that_cannot_be_read(town)
    assert poll_for(town, ENOUGH) > 30
    assert overdue_accounts(town) == {}
    town.clock.move(timedelta(seconds=1))
    x = town.accounts["x"]
    assert overdue_accounts(town) == {x: OverdueChecks(x, 2, published_at)}
    away.said = {}
    poll_for(town, HOUR)
    assert overdue_accounts(town) == {}


def test_doctor_says_so_with_what_to_do(town: City) -> None:
    two_that_cannot_be_read(town)
    poll_for(town, ENOUGH)
    assert account_checks.check_monitoring(town.database, now=town.now) == []
    poll_for(town, HOUR)
    (problem,) = account_checks.check_monitoring(town.database, now=town.now)
    assert not problem.ok
    message = sentence(problem)
    assert "on x (pmc_x): 2 that are out were not looked at" in message
    assert "one of them since 2026-11-25 06:30 UTC" in message
    assert "reads or credits are used up" in message


@pytest.mark.twin
@pytest.mark.parametrize(
    ("age", "interval"),
    [(27 * DAY, ENOUGH), (31 * DAY, 8 * DAY), (355 * DAY, 8 * DAY), (370 * DAY, 31 * DAY)],
)
def test_each_age_is_overdue_a_day_after_its_own_interval(
    town: City, age: timedelta, interval: timedelta
) -> None:
    town.live(on=["x"])
    poll_for(town)
    town.clock.move(age)
    assert poll_for(town) == 1
    town.clock.move(interval)
    assert overdue_accounts(town) == {}
    town.clock.move(MINUTE)
    assert set(overdue_accounts(town)) == {town.accounts["x"]}


def test_an_answer_is_overdue_a_day_after_either_of_its_looks(town: City) -> None:
    (delivery,) = town.live()
    town.answer(town.comment(under=delivery))
    town.tick_dispatch()
    with town.write() as session:
        poll.open_watches(session, now=town.now)
        post, _ = session.scalars(select(Watch).order_by(Watch.id))
        post.look_at = None
    town.clock.move(2 * DAY)
    assert overdue_accounts(town) == {}
    town.clock.move(MINUTE)
    assert [late.number for late in overdue_accounts(town).values()] == [1]
    assert poll_for(town) == 1
    assert overdue_accounts(town) == {}
    town.clock.move(6 * DAY)
    assert [late.number for late in overdue_accounts(town).values()] == [1]
    assert poll_for(town) == 1
    town.clock.move(100 * DAY)
    assert overdue_accounts(town) == {}


@pytest.mark.usefixtures("changeable_rows")
def test_what_was_found_late_is_not_behind_in_its_first_hours(town: City) -> None:
    (delivery,) = town.live(on=["x"])
    stored_at, x = town.now, town.accounts["x"]
    with town.write() as session:
        receipt = session.scalars(
            select(ReceiptRow).where(ReceiptRow.delivery_id == delivery)
        ).one()
        receipt.published_at = town.now - 5 * DAY
    poll.tick_watching(town.context)
    assert overdue_accounts(town) == {}
    town.clock.move(ENOUGH + MINUTE)
    assert overdue_accounts(town) == {x: OverdueChecks(x, 1, stored_at)}


def test_what_nobody_can_or_need_look_at_is_not_behind(town: City) -> None:
    (gone,) = town.live(on=["x"])
    town.live(on=["facebook"])
    poll_for(town)
    town.platform("x").somebody_deletes(town.platform_id(gone))
    poll_for(town, DAY)
    town.clock.move(5 * DAY)
    facebook = town.accounts["facebook"]
    assert set(overdue_accounts(town)) == {facebook}
    for state, is_behind in ((AccountState.PAUSED, True), (AccountState.DISCONNECTED, False)):
        with town.write() as session:
            session.get_one(Account, facebook).state = state
        assert bool(overdue_accounts(town)) is is_behind
