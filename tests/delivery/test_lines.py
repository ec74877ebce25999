from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event, Semaphore, Thread, get_ident
from typing import cast

import pytest
from sqlalchemy import QueuePool, select

import scheduler
from publisher.database.session import Database
from publisher.delivery import claim
from publisher.delivery.worker import Worker
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Attempt, Delivery, ReceiptRow
from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.types import PreparedPost
from publisher.platforms.base.types import Receipt as Answer
from publisher.platforms.memory.platform import MemoryPlatform
from publisher.states import DeliveryState
from tests.support.city import City, city
from tests.support.city_people import HOUR
from tests.support.planned import freeze
from tests.support.runs import wait_until

PATIENCE = 60


class _Slow(MemoryPlatform):
    """Answers once it is allowed to, and says when it was asked."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now=now)
        self.asked, self.may_answer = Event(), Event()

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Answer:
        self.asked.set()
        if not self.may_answer.wait(PATIENCE):
            raise AssertionError("nobody let it answer")
        return super().publish(prepared, deadline=deadline)


@pytest.fixture
def slow(town: City) -> Iterator[_Slow]:
    """X, which keeps the press waiting."""
    platform = _Slow(town.clock)
    town.platforms[town.accounts["x"]] = platform
    yield platform
    platform.may_answer.set()


class _OneByOne(MemoryPlatform):
    """Lets its callers wait, and answers one for each that it is allowed."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now=now)
        self.asked: list[str] = []
        self.asked_by: list[threading.Thread] = []
        self._may_answer = Semaphore(0)

    def answer(self, most: int = 1) -> None:
        self._may_answer.release(most)

    def was_asked(self, times: int) -> bool:
        return wait_until(lambda: len(self.asked) == times, within=PATIENCE)

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Answer:
        self.asked_by.append(threading.current_thread())
        self.asked.append(prepared.outgoing.text)
        if not self._may_answer.acquire(timeout=PATIENCE):
            raise AssertionError("nobody let it answer")
        return super().publish(prepared, deadline=deadline)


@pytest.fixture
def full(town: City) -> Iterator[tuple[_OneByOne, Worker]]:
    """A press with two connections, both of which wait for X; two more lie ready, four are due."""
    platform = _OneByOne(town.clock)
    town.platforms[town.accounts["x"]] = platform
    for _ in range(8):
        town.due(on=["x"])
    press = Worker(_bench(town, connections=2))
    _beat_until(press, lambda: len(platform.asked) == 2)
    press.run_for(0)
    assert _states(town) == ["sending"] * 2 + ["claimed"] * 2 + ["scheduled"] * 4
    yield platform, press
    platform.answer(100)
    press.close()


def _urgent(town: City, count: int = 1) -> list[int]:
    """So many that are due and urgent, as a web process lays them there."""
    made = [town.due("road", on=["x"])[0] for _ in range(count)]
    with town.write() as session:
        for one in made:
            session.get_one(Delivery, one).urgent = True
    return made


def _texts(town: City, deliveries: list[int]) -> list[str]:
    with town.read() as session:
        return [session.get_one(Delivery, one).variant.text for one in deliveries]


def _bench(town: City, connections: int = 4) -> WorkerContext:
    pace = replace(town.context.delivery_settings, connections=connections)
    return replace(town.context, delivery_settings=pace, monotonic=time.monotonic)


def _states(town: City) -> list[DeliveryState]:
    with town.read() as session:
        return list(session.scalars(select(Delivery.state).order_by(Delivery.id)))


def test_an_account_that_does_not_answer_slows_no_other(town: City, slow: _Slow) -> None:
    (stuck,) = town.due(on=["x"])
    others = [town.due("road", on=["facebook"])[0] for _ in range(3)]
    press = Worker(_bench(town))
    press.run_for(0.1)
    assert slow.asked.wait(PATIENCE)
    _beat_until(press, lambda: len(town.platform("facebook").published) == 3)
    assert town.delivery(stuck).state is DeliveryState.SENDING
    slow.may_answer.set()
    press.close()
    assert {town.delivery(one).state for one in (stuck, *others)} == {DeliveryState.PUBLISHED}


@pytest.mark.both
def test_closing_finishes_what_is_under_way_and_gives_back_the_rest(
    town: City, slow: _Slow
) -> None:
    for _ in range(3):
        town.due(on=["x"])
    press = Worker(_bench(town, connections=1))
    press.run_for(0.1)
    assert slow.asked.wait(PATIENCE)
    closing = Thread(target=press.close)
    closing.start()
    wait_until(lambda: _states(town).count(DeliveryState.SCHEDULED) == 2, within=PATIENCE)
    slow.may_answer.set()
    closing.join(PATIENCE)
    assert sorted(_states(town)) == ["published", "scheduled", "scheduled"]
    with town.read() as session:
        outcomes = list(session.scalars(select(Attempt.outcome)))
    # A line lays ready as many again as it has threads: one was given back, one never claimed.
    assert sorted(outcomes) == ["given_back", "published"]


@pytest.mark.both
def test_everything_due_leaves_once_by_many_threads_and_every_receipt_is_kept(town: City) -> None:
    due = [one for _ in range(6) for one in town.due(on=["x", "facebook"])]
    press = Worker(_bench(town, connections=8))
    _beat_until(
        press,
        lambda: sum(len(one.published) for one in town.platforms.values()) == len(due),
    )
    press.close()
    assert set(_states(town)) == {DeliveryState.PUBLISHED}
    for platform in town.platforms.values():
        texts = [one.text for one in platform.published]
        assert len(texts) == len(set(texts))
    with town.read() as session:
        assert len(list(session.scalars(select(ReceiptRow)))) == len(due)
        attempts = list(session.scalars(select(Attempt)))
    assert {(one.outcome, one.asked) for one in attempts} == {("published", "publish")}
    assert all(one.sending_at is not None and one.ended_at is not None for one in attempts)


def test_within_one_beat_it_is_sent_when_its_time_comes(town: City) -> None:
    """The press waits for the due moment itself, not for its next beat."""
    town.clock.at = datetime.now(UTC)
    (delivery_id,) = town.schedule(town.approved(), HOUR)
    with town.write() as session:
        session.get_one(Delivery, delivery_id).due_at = datetime.now(UTC) + timedelta(seconds=1)
    context = replace(_bench(town), now=lambda: datetime.now(UTC))
    press = Worker(context)
    press.run_for(3)
    press.close()
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_the_urgent_leave_before_what_was_due_long_ago(town: City) -> None:
    first, second = town.due()[0], town.due("road")[0]
    with town.write() as session:
        session.get_one(Delivery, second).urgent = True
    town.clock.move(timedelta(minutes=1))
    assert town.tick_dispatch() == 2
    with town.read() as session:
        order = list(session.scalars(select(Attempt.delivery_id).order_by(Attempt.id)))
    assert order == [second, first]


def test_an_urgent_one_waits_for_no_answer_though_every_thread_of_its_line_does(
    town: City, full: tuple[_OneByOne, Worker]
) -> None:
    platform, press = full
    (urgent,) = _urgent(town)
    press.run_for(0)
    assert platform.was_asked(3)
    assert platform.asked[2:] == _texts(town, [urgent])
    assert _states(town) == ["sending"] * 2 + ["claimed"] * 2 + ["scheduled"] * 4 + ["sending"]


def test_who_helps_with_the_urgent_takes_up_nothing_else_and_ends(
    town: City, full: tuple[_OneByOne, Worker]
) -> None:
    platform, press = full
    own = set(platform.asked_by)
    urgent = _texts(town, _urgent(town, 2))
    press.run_for(0)
    assert platform.was_asked(4)
    platform.answer(100)
    _beat_until(press, lambda: len(platform.published) == 8 + 2)
    asked = zip(platform.asked, platform.asked_by, strict=True)
    others = {text: thread for text, thread in asked if thread not in own}
    assert sorted(others) == sorted(urgent)
    for thread in others.values():
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_under_a_freeze_a_full_line_claims_the_urgent_alone(
    town: City, full: tuple[_OneByOne, Worker]
) -> None:
    platform, press = full
    _urgent(town)
    freeze(town, ahead=0)
    press.run_for(0)
    assert platform.was_asked(3)
    assert _states(town)[4:] == ["scheduled"] * 4 + ["sending"]


def test_more_urgent_ones_than_have_room_leave_in_their_order_before_what_lay_ready(
    town: City, full: tuple[_OneByOne, Worker]
) -> None:
    platform, press = full
    texts = _texts(town, _urgent(town, 4 + 5))
    press.run_for(0)
    assert platform.was_asked(2 + 4)  # four are helped with at once
    for _ in range(2):
        press.run_for(0)
        assert _states(town).count(DeliveryState.CLAIMED) == 2 + 4  # as many urgent as others
    for number in range(7, 12):
        press.run_for(0)
        platform.answer()
        assert platform.was_asked(number)
    assert sorted(platform.asked[2:6]) == sorted(texts[:4])
    assert platform.asked[6:] == texts[4:]


def test_a_line_that_runs_low_on_urgent_ones_asks_for_more_at_once(
    town: City, full: tuple[_OneByOne, Worker]
) -> None:
    platform, press = full
    _urgent(town)
    press.run_for(0)
    assert press.wake.wait(PATIENCE)
    press.run_for(0)  # nothing urgent is due any more, and it asks again when all of it runs low
    assert not press.wake.is_set()
    platform.answer(3)
    assert press.wake.wait(PATIENCE)


def test_closing_gives_back_the_urgent_that_lay_ready_too(
    town: City, full: tuple[_OneByOne, Worker]
) -> None:
    platform, press = full
    *_, last = _urgent(town, 5)
    press.run_for(0)
    assert platform.was_asked(2 + 4)
    press.run_for(0)
    assert town.delivery(last).state is DeliveryState.CLAIMED
    closing = Thread(target=press.close)
    closing.start()
    given_back = wait_until(
        lambda: town.delivery(last).state is DeliveryState.SCHEDULED, within=PATIENCE
    )
    platform.answer(100)
    closing.join(PATIENCE)
    assert given_back
    assert _states(town).count(DeliveryState.PUBLISHED) == 2 + 4


def test_while_all_lines_are_full_the_table_is_looked_at_twice_a_second_at_least(
    town: City, slow: _Slow
) -> None:
    """So an emergency that a web process lays there is found within half a second."""
    for _ in range(4):
        town.due(on=["x"])
    looks: list[float] = []
    me = get_ident()

    def now() -> datetime:
        if get_ident() == me:
            looks.append(time.monotonic())
        return town.clock()

    press = Worker(replace(_bench(town, connections=1), now=now))
    press.run_for(0.1)
    assert slow.asked.wait(PATIENCE)
    press.run_for(0)
    looks.clear()
    press.run_for(3)
    gaps = sorted(later - sooner for sooner, later in pairwise(looks) if later - sooner > 0.05)
    slow.may_answer.set()
    press.close()
    # The middle one: on a machine that is busy now and then one takes longer.
    assert gaps[len(gaps) // 2] < 0.5


def test_an_account_with_something_urgent_has_its_turn_before_the_others(town: City) -> None:
    first, second = sorted(town.accounts, key=lambda one: town.accounts[one])
    (other,), (urgent,) = town.due(on=[first]), town.due("road", on=[second])
    with town.write() as session:
        session.get_one(Delivery, urgent).urgent = True
    found = claim.find_due(town.context)
    assert found.account_ids == (town.accounts[second], town.accounts[first])
    assert found.urgent_ids == {town.accounts[second]}
    assert town.tick_dispatch() == 2
    with town.read() as session:
        order = list(session.scalars(select(Attempt.delivery_id).order_by(Attempt.id)))
    assert order == [urgent, other]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_is_replaced_and_its_delivery_left_to_the_sweeper(
    town: City,
) -> None:
    class Deadly(MemoryPlatform):
        def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Answer:
            raise ZeroDivisionError

    account_id = town.accounts["x"]
    alive, town.platforms[account_id] = town.platforms[account_id], Deadly(now=town.clock)
    (first,) = town.due()
    press = Worker(_bench(town, connections=1))
    _beat_until(press, lambda: town.delivery(first).state is DeliveryState.SENDING)
    town.platforms[account_id] = alive
    (second,) = town.due("road")
    _beat_until(press, lambda: town.delivery(second).state is DeliveryState.PUBLISHED)
    press.close()
    assert town.delivery(first).state is DeliveryState.SENDING


def test_a_press_that_dies_ends_its_clock() -> None:
    class Dying(Worker):
        def __init__(self) -> None:
            """Nothing of a press but its end."""

        def run_for(self, seconds: float = 0.5) -> int:
            raise ZeroDivisionError

    asked, died = Event(), Event()
    with pytest.raises(ZeroDivisionError):
        scheduler._run_worker(Dying(), asked, died)
    assert (asked.is_set(), died.is_set()) == (True, True)


def _beat_until(worker: Worker, done: Callable[[], bool]) -> None:
    for _ in range(PATIENCE * 10):
        worker.run_for(0.1)
        if done():
            return
    raise AssertionError("the press did not get it done")


class _Watched(Database):
    """Keeps what it gave apart."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.given: list[Database] = []

    def apart(self) -> Database:
        self.given.append(super().apart())
        return self.given[-1]


@pytest.mark.both
def test_a_press_sends_and_stores_by_connections_apart_and_closes_them(
    postgres_url: str, tmp_path: Path
) -> None:
    database = _Watched(postgres_url)
    town = city(database, tmp_path)
    (delivery_id,) = town.due()
    press = Worker(_bench(town))
    _beat_until(press, lambda: town.delivery(delivery_id).state is DeliveryState.PUBLISHED)
    pools = [cast("QueuePool", one.engine.pool) for one in database.given]
    assert [one.checkedin() > 0 for one in pools] == [True, True]
    press.close()
    assert all(one.checkedin() == 0 for one in pools)
    database.dispose()
