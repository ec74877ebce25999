"""Polling in batches: the order, the result of each post, and how many posts fit into a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.database.session import Database
from publisher.delivery.monitoring import intervals, poll, results
from publisher.delivery.monitoring.intervals import SHORTEST
from publisher.models.deliveries import ReceiptRow
from publisher.models.monitoring import Watch
from publisher.platforms.base.protocol import PostOrError, TryLater
from publisher.platforms.facebook.post_limits import LIMITS
from publisher.platforms.x.post_limits import LIMITS as X_LIMITS
from publisher.reports.external_changes import FindingKind
from tests.delivery.test_monitoring import QUARTER, REFUSED, findings
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.support.memory_platform.platform import MemoryPlatform
from tests.test_scheduler import PROMISES

MAX_LIVE_POSTS = 50_000
"""The number of live publications that an account has to support."""


class RecordingPlatform(MemoryPlatform):
    """Records the ids of each read, returns prepared results, and runs a callback meanwhile."""

    def __init__(self, town: City, *, at_once: int) -> None:
        super().__init__(now=town.clock, name="x")
        self.limits = replace(self.limits, seen_at_once=at_once)
        self.asked: list[Sequence[str]] = []
        self.said: dict[str, PostOrError] = {}
        self.meanwhile: Callable[[], object] = lambda: None

    def see_many(self, platform_ids: Sequence[str]) -> dict[str, PostOrError]:
        self.asked.append(platform_ids)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        remote_posts = super().see_many(platform_ids)
        return {
            platform_id: self.said.get(platform_id, remote_posts[platform_id])
            for platform_id in remote_posts
        }


class DatabaseWithCallback(Database):
    """Runs a callback after the first or a later read, before its result is stored."""

    after: Callable[[], object]
    number = 1
    readings = 0

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with super().reading() as session:
            yield session
        self.readings += 1
        if self.readings == self.number:
            self.after()


def test_looks_are_spread_and_a_few_requests_at_a_time_for_each_account(town: City) -> None:
    platform = RecordingPlatform(town, at_once=2)
    town.platforms[town.accounts["x"]] = platform
    for _ in range(11):
        town.live()
        town.clock.move(20 * MINUTE)
    poll.tick_watching(town.context)
    with town.read() as session:
        times = set(session.scalars(select(Watch.look_at)))
        longest = list(session.scalars(select(Watch.receipt_id).order_by(Watch.look_at)))
    assert len(times) == 11
    town.clock.move(DAY)
    assert poll.tick_watching(town.context) == 2 * poll.ROUNDS
    assert [len(batch) for batch in platform.asked] == [2] * poll.ROUNDS
    with town.read() as session:
        looked = select(Watch.receipt_id).where(Watch.looked_at.is_not(None))
        assert set(session.scalars(looked)) == set(longest[:8])
    assert poll.tick_watching(town.context, most=1) == 2
    assert poll.tick_watching(town.context) == 1
    assert poll.tick_watching(town.context) == 0


def test_each_account_has_its_turn_before_any_has_a_second_one(town: City) -> None:
    for name in ("x", "facebook"):
        town.platforms[town.accounts[name]] = RecordingPlatform(town, at_once=1)
    for _ in range(3):
        town.live()
        poll.tick_watching(town.context)
    town.live(on=["facebook"])
    poll.tick_watching(town.context)
    town.clock.move(DAY)
    assert poll.tick_watching(town.context, most=2) == 2
    with town.read() as session:
        looked = select(ReceiptRow.account_id).join(Watch, Watch.receipt_id == ReceiptRow.id)
        receipt_ids = session.scalars(looked.where(Watch.looked_at.is_not(None)))
        assert set(receipt_ids) == {town.accounts["x"], town.accounts["facebook"]}


def test_what_is_said_of_one_of_many_is_true_of_that_one_alone(town: City) -> None:
    live = [town.platform_id(town.live()[0]) for _ in range(5)]
    poll.tick_watching(town.context)
    later = town.now + 2 * DAY
    platform = RecordingPlatform(town, at_once=100)
    platform.posts.extend(town.platform("x").posts)
    platform.said = {
        live[0]: REFUSED,
        live[1]: TryLater(),
        live[2]: TryLater(later),
        live[3]: None,
    }
    town.platforms[town.accounts["x"]] = platform
    town.clock.move(DAY)
    assert poll.tick_watching(town.context) == 5
    assert len(platform.asked) == 1
    with town.read() as session:
        watches = {watch.receipt.platform_id: watch for watch in session.scalars(select(Watch))}
    assert [watches[platform_id].look_at for platform_id in live[:4]] == [
        town.now + HOUR,
        town.now + HOUR,
        later,
        town.now + QUARTER,
    ]
    assert [watches[platform_id].looked_at for platform_id in live] == [
        None,
        None,
        None,
        town.now,
        town.now,
    ]
    assert [watches[platform_id].absent_at for platform_id in live] == [
        None,
        None,
        None,
        town.now,
        None,
    ]
    assert (watches[live[4]].look_at or town.now) > town.now + 15 * HOUR


@pytest.mark.both
def test_two_looks_at_once_are_one_look(town: City) -> None:
    """Two clocks may poll at the same time if a lease has ended."""
    town.live()
    poll.tick_watching(town.context)
    town.clock.move(DAY)
    town.platform("x").posts.clear()
    for _ in range(2):
        poll.tick_watching(town.context)
        with town.write() as session:
            session.scalars(select(Watch)).one().look_at = town.now
    poll.tick_watching(town.context)
    assert findings(town) == ()
    with town.read() as session:
        assert session.scalars(select(Watch.look_at)).one() == town.now + QUARTER
    town.clock.move(QUARTER)
    poll.tick_watching(town.context)
    assert [finding.kind for finding in findings(town)] == [FindingKind.GONE]


@pytest.mark.both
def test_of_two_clocks_that_look_one_looks_at_each(town: City) -> None:
    for _ in range(4):
        town.live()
    poll.tick_watching(town.context)
    town.clock.move(DAY)
    other = town.clock_named("clock-2")
    platform = RecordingPlatform(town, at_once=2)
    platform.posts.extend(town.platform("x").posts)
    platform.meanwhile = lambda: poll.tick_watching(other, rounds=1)
    town.platforms[town.accounts["x"]] = platform
    assert poll.tick_watching(town.context, rounds=1) == 2
    first, second = platform.asked
    assert len({*first, *second}) == 4


@pytest.mark.both
def test_what_another_clock_has_just_taken_is_left_to_it(town: City) -> None:
    for _ in range(3):
        town.live()
    poll.tick_watching(town.context)
    town.clock.move(DAY)
    platform = RecordingPlatform(town, at_once=2)
    platform.posts.extend(town.platform("x").posts)
    town.platforms[town.accounts["x"]] = platform
    between = DatabaseWithCallback(town.database.url)
    between.number = 3
    between.after = lambda: poll.tick_watching(town.clock_named("clock-2"))
    assert poll.tick_watching(replace(town.context, database=between)) == 0
    between.dispose()
    assert sum(len(batch) for batch in platform.asked) == 3


@pytest.mark.both
def test_what_another_clock_has_found_meanwhile_stays(town: City) -> None:
    for _ in range(4):
        town.live()
    poll.tick_watching(town.context)
    with town.read() as session:
        absent, differs, gone, same = session.scalars(select(Watch).order_by(Watch.id))
        keys = {watch.id: watch.receipt.platform_id for watch in (absent, differs, gone, same)}
    remote_posts = {watch_id: town.platform("x").see(key) for watch_id, key in keys.items()}
    before, found_at = {watch.id: watch.look_at for watch in (absent, differs)}, town.now
    town.clock.move(MINUTE)

    def post_found() -> None:
        with town.write() as session:
            session.get_one(Watch, absent.id).absent_at = found_at
            session.get_one(Watch, differs.id).differs_at = found_at
            session.get_one(Watch, gone.id).look_at = None

    between = DatabaseWithCallback(town.database.url)
    between.after = post_found
    results.store(replace(town.context, database=between), remote_posts, at=town.now)
    between.dispose()
    with town.read() as session:
        watches = {watch.id: watch for watch in session.scalars(select(Watch))}
    assert {watch_id: watches[watch_id].look_at for watch_id in before} == before
    assert watches[gone.id].look_at is None
    assert [watch.id for watch in watches.values() if watch.looked_at] == [same.id]


def test_the_day_is_enough_for_as_many_as_an_account_is_made_for() -> None:
    """Each request reads at least fifty posts, and each post is read more than once a day."""
    limits = [LIMITS.seen_at_once, X_LIMITS.seen_at_once]
    for at_once in limits:
        ticks = timedelta(days=1) / timedelta(seconds=PROMISES["watching"])
        looks_a_day = ticks * poll.ROUNDS * at_once
        requests_needed = MAX_LIVE_POSTS * (DAY / SHORTEST)
        assert looks_a_day >= 3 * requests_needed
    assert poll.MOST >= 4 * poll.ROUNDS
    assert DAY - intervals.LONGEST - QUARTER >= 4 * HOUR
