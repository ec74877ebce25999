from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Event, Semaphore, Thread, get_ident

import pytest
from sqlalchemy import select

import scheduler
from publisher.delivery.due import find_due
from publisher.delivery.worker import Worker
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Attempt, Delivery, ReceiptRow
from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.types import PreparedPost
from publisher.platforms.base.types import Receipt as Answer
from publisher.states import DeliveryState
from tests.support.city import City
from tests.support.city_controls import add_freeze
from tests.support.city_people import HOUR
from tests.support.memory_platform.platform import MemoryPlatform
from tests.support.runs import wait_until

PATIENCE = 60


class _SlowPlatform(MemoryPlatform):
    """Signals each call, and responds once it is allowed to."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now=now)
        self.asked, self.may_answer = Event(), Event()

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Answer:
        self.asked.set()
        if not self.may_answer.wait(PATIENCE):
            raise AssertionError("nobody let it answer")
        return super().publish(prepared, deadline=deadline)


@pytest.fixture
def slow_platform(town: City) -> Iterator[_SlowPlatform]:
    """Replace X by a platform that responds only when the test allows it."""
    platform = _SlowPlatform(town.clock)
    town.platforms[town.accounts["x"]] = platform
    yield platform
    platform.may_answer.set()


class _StepwisePlatform(MemoryPlatform):
    """Blocks its callers, and responds to as many as the test allows."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now=now)
        self.requested_texts: list[str] = []
        self.requesting_threads: list[threading.Thread] = []
        self._may_answer = Semaphore(0)

    def release_step(self, count: int = 1) -> None:
        self._may_answer.release(count)

    def wait_for_requests(self, count: int) -> bool:
        return wait_until(lambda: len(self.requested_texts) == count, within=PATIENCE)

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Answer:
        self.requesting_threads.append(threading.current_thread())
        self.requested_texts.append(prepared.outgoing.text)
        if not self._may_answer.acquire(timeout=PATIENCE):
            raise AssertionError("nobody let it answer")
        return super().publish(prepared, deadline=deadline)


@pytest.fixture
def full_worker(town: City) -> Iterator[tuple[_StepwisePlatform, Worker]]:
    """Run a worker whose two threads wait for X, with two claimed deliveries and four due ones."""
    platform = _StepwisePlatform(town.clock)
    town.platforms[town.accounts["x"]] = platform
    for _ in range(8):
        town.due(on=["x"])
    worker = Worker(_real_time_context(town, connections=2))
    _run_until(worker, lambda: len(platform.requested_texts) == 2)
    worker.run_for(0)
    assert _states(town) == ["sending"] * 2 + ["claimed"] * 2 + ["scheduled"] * 4
    yield platform, worker
    platform.release_step(100)
    worker.close()


def _schedule_urgent(town: City, count: int = 1) -> list[int]:
    """Add this many urgent deliveries that are due, as a web process does."""
    delivery_ids = [town.due("road", on=["x"])[0] for _ in range(count)]
    with town.write() as session:
        for delivery_id in delivery_ids:
            session.get_one(Delivery, delivery_id).urgent = True
    return delivery_ids


def _texts_of(town: City, delivery_ids: list[int]) -> list[str]:
    with town.read() as session:
        return [session.get_one(Delivery, delivery_id).variant.text for delivery_id in delivery_ids]


def _real_time_context(town: City, connections: int = 4) -> WorkerContext:
    settings = replace(town.context.delivery_settings, connections=connections)
    return replace(town.context, delivery_settings=settings, monotonic=time.monotonic)


def _states(town: City) -> list[DeliveryState]:
    with town.read() as session:
        return list(session.scalars(select(Delivery.state).order_by(Delivery.id)))


def test_an_account_that_does_not_respond_delays_no_other(
    town: City, slow_platform: _SlowPlatform
) -> None:
    (stuck_id,) = town.due(on=["x"])
    other_ids = [town.due("road", on=["facebook"])[0] for _ in range(3)]
    worker = Worker(_real_time_context(town))
    worker.run_for(0.1)
    assert slow_platform.asked.wait(PATIENCE)
    _run_until(worker, lambda: len(town.platform("facebook").published) == 3)
    assert town.delivery(stuck_id).state is DeliveryState.SENDING
    slow_platform.may_answer.set()
    worker.close()
    assert {town.delivery(delivery_id).state for delivery_id in (stuck_id, *other_ids)} == {
        DeliveryState.PUBLISHED
    }


def test_a_worker_is_busy_until_the_platform_has_answered(
    town: City, slow_platform: _SlowPlatform
) -> None:
    (delivery_id,) = town.due(on=["x"])
    worker = Worker(_real_time_context(town))
    assert not worker.is_busy()
    worker.run_for(0.1)
    assert slow_platform.asked.wait(PATIENCE)
    assert worker.is_busy()
    slow_platform.may_answer.set()
    assert wait_until(lambda: not worker.is_busy(), within=PATIENCE)
    worker.close()
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


@pytest.mark.both
def test_closing_finishes_running_attempts_and_gives_back_the_rest(
    town: City, slow_platform: _SlowPlatform
) -> None:
    for _ in range(3):
        town.due(on=["x"])
    worker = Worker(_real_time_context(town, connections=1))
    worker.run_for(0.1)
    assert slow_platform.asked.wait(PATIENCE)
    closing = Thread(target=worker.close)
    closing.start()
    wait_until(lambda: _states(town).count(DeliveryState.SCHEDULED) == 2, within=PATIENCE)
    slow_platform.may_answer.set()
    closing.join(PATIENCE)
    assert sorted(_states(town)) == ["published", "scheduled", "scheduled"]
    with town.read() as session:
        outcomes = list(session.scalars(select(Attempt.outcome)))
    # Two were claimed: one was being sent, the other was given back. The third was never claimed.
    assert sorted(outcomes) == ["given_back", "published"]


@pytest.mark.both
def test_many_threads_send_each_delivery_once_and_store_every_receipt(town: City) -> None:
    due_ids = [delivery_id for _ in range(6) for delivery_id in town.due(on=["x", "facebook"])]
    worker = Worker(_real_time_context(town, connections=8))
    _run_until(
        worker,
        lambda: (
            sum(len(platform.published) for platform in town.platforms.values()) == len(due_ids)
        ),
    )
    worker.close()
    assert set(_states(town)) == {DeliveryState.PUBLISHED}
    for platform in town.platforms.values():
        texts = [post.text for post in platform.published]
        assert len(texts) == len(set(texts))
    with town.read() as session:
        assert len(list(session.scalars(select(ReceiptRow)))) == len(due_ids)
        attempts = list(session.scalars(select(Attempt)))
    assert {(attempt.outcome, attempt.asked) for attempt in attempts} == {("published", "publish")}
    assert all(attempt.sending_at is not None for attempt in attempts)
    assert all(attempt.ended_at is not None for attempt in attempts)


def test_a_running_worker_sends_a_delivery_when_it_falls_due(town: City) -> None:
    """The worker waits for the due time itself, not for its next poll."""
    town.clock.at = datetime.now(UTC)
    (delivery_id,) = town.schedule(town.approved(), HOUR)
    with town.write() as session:
        session.get_one(Delivery, delivery_id).due_at = datetime.now(UTC) + timedelta(seconds=1)
    context = replace(_real_time_context(town), now=lambda: datetime.now(UTC))
    worker = Worker(context)
    worker.run_for(3)
    worker.close()
    assert town.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_urgent_deliveries_are_sent_before_older_ones(town: City) -> None:
    first_id, urgent_id = town.due()[0], town.due("road")[0]
    with town.write() as session:
        session.get_one(Delivery, urgent_id).urgent = True
    town.clock.move(timedelta(minutes=1))
    assert town.tick_dispatch() == 2
    with town.read() as session:
        order = list(session.scalars(select(Attempt.delivery_id).order_by(Attempt.id)))
    assert order == [urgent_id, first_id]


def test_an_urgent_delivery_is_sent_while_all_threads_wait_for_a_platform(
    town: City, full_worker: tuple[_StepwisePlatform, Worker]
) -> None:
    platform, worker = full_worker
    (urgent_id,) = _schedule_urgent(town)
    worker.run_for(0)
    assert platform.wait_for_requests(3)
    assert platform.requested_texts[2:] == _texts_of(town, [urgent_id])
    assert _states(town) == ["sending"] * 2 + ["claimed"] * 2 + ["scheduled"] * 4 + ["sending"]


def test_an_urgent_thread_sends_nothing_else_and_ends(
    town: City, full_worker: tuple[_StepwisePlatform, Worker]
) -> None:
    platform, worker = full_worker
    own_threads = set(platform.requesting_threads)
    urgent_texts = _texts_of(town, _schedule_urgent(town, 2))
    worker.run_for(0)
    assert platform.wait_for_requests(4)
    platform.release_step(100)
    _run_until(worker, lambda: len(platform.published) == 8 + 2)
    requests = zip(platform.requested_texts, platform.requesting_threads, strict=True)
    urgent_threads = {text: thread for text, thread in requests if thread not in own_threads}
    assert sorted(urgent_threads) == sorted(urgent_texts)
    for thread in urgent_threads.values():
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_under_a_freeze_a_full_queue_claims_only_urgent_deliveries(
    town: City, full_worker: tuple[_StepwisePlatform, Worker]
) -> None:
    platform, worker = full_worker
    _schedule_urgent(town)
    add_freeze(town, ahead=0)
    worker.run_for(0)
    assert platform.wait_for_requests(3)
    assert _states(town)[4:] == ["scheduled"] * 4 + ["sending"]


def test_many_urgent_deliveries_are_sent_in_order_before_all_others(
    town: City, full_worker: tuple[_StepwisePlatform, Worker]
) -> None:
    platform, worker = full_worker
    texts = _texts_of(town, _schedule_urgent(town, 4 + 5))
    worker.run_for(0)
    assert platform.wait_for_requests(2 + 4)  # four are helped with at once
    for _ in range(2):
        worker.run_for(0)
        assert _states(town).count(DeliveryState.CLAIMED) == 2 + 4  # as many urgent as others
    for number in range(7, 12):
        worker.run_for(0)
        platform.release_step()
        assert platform.wait_for_requests(number)
    assert sorted(platform.requested_texts[2:6]) == sorted(texts[:4])
    assert platform.requested_texts[6:] == texts[4:]


def test_a_queue_low_on_urgent_deliveries_wakes_the_worker(
    town: City, full_worker: tuple[_StepwisePlatform, Worker]
) -> None:
    platform, worker = full_worker
    _schedule_urgent(town)
    worker.run_for(0)
    assert worker.wake.wait(PATIENCE)
    worker.run_for(0)  # no urgent delivery is due any more; it wakes again once it is low
    assert not worker.wake.is_set()
    platform.release_step(3)
    assert worker.wake.wait(PATIENCE)


def test_closing_gives_back_waiting_urgent_deliveries_too(
    town: City, full_worker: tuple[_StepwisePlatform, Worker]
) -> None:
    platform, worker = full_worker
    *_, last_id = _schedule_urgent(town, 5)
    worker.run_for(0)
    assert platform.wait_for_requests(2 + 4)
    worker.run_for(0)
    assert town.delivery(last_id).state is DeliveryState.CLAIMED
    closing = Thread(target=worker.close)
    closing.start()
    given_back = wait_until(
        lambda: town.delivery(last_id).state is DeliveryState.SCHEDULED, within=PATIENCE
    )
    platform.release_step(100)
    closing.join(PATIENCE)
    assert given_back
    assert _states(town).count(DeliveryState.PUBLISHED) == 2 + 4


@pytest.mark.proof
def test_due_deliveries_are_queried_twice_a_second_while_queues_are_full(
    town: City, slow_platform: _SlowPlatform
) -> None:
    """An emergency that a web process schedules is thus claimed within half a second."""
    for _ in range(4):
        town.due(on=["x"])
    query_times: list[float] = []
    main_thread = get_ident()

    def now() -> datetime:
        if get_ident() == main_thread:
            query_times.append(time.monotonic())
        return town.clock()

    worker = Worker(replace(_real_time_context(town, connections=1), now=now))
    worker.run_for(0.1)
    assert slow_platform.asked.wait(PATIENCE)
    worker.run_for(0)
    query_times.clear()
    worker.run_for(3)
    gaps = sorted(
        later - sooner for sooner, later in pairwise(query_times) if later - sooner > 0.05
    )
    slow_platform.may_answer.set()
    worker.close()
    # The median, since a single gap may be longer on a busy machine.
    assert gaps[len(gaps) // 2] < 0.5


def test_an_account_with_an_urgent_delivery_is_claimed_for_first(town: City) -> None:
    first, second = sorted(town.accounts, key=lambda name: town.accounts[name])
    (other_id,), (urgent_id,) = town.due(on=[first]), town.due("road", on=[second])
    with town.write() as session:
        session.get_one(Delivery, urgent_id).urgent = True
    due = find_due(town.context)
    assert due.account_ids == (town.accounts[second], town.accounts[first])
    assert due.urgent_ids == {town.accounts[second]}
    assert town.tick_dispatch() == 2
    with town.read() as session:
        order = list(session.scalars(select(Attempt.delivery_id).order_by(Attempt.id)))
    assert order == [urgent_id, other_id]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_thread_is_replaced_and_its_delivery_left_to_the_sweep(
    town: City,
) -> None:
    class Deadly(MemoryPlatform):
        def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Answer:
            raise ZeroDivisionError

    account_id = town.accounts["x"]
    alive, town.platforms[account_id] = town.platforms[account_id], Deadly(now=town.clock)
    (lost_id,) = town.due()
    worker = Worker(_real_time_context(town, connections=1))
    _run_until(worker, lambda: town.delivery(lost_id).state is DeliveryState.SENDING)
    town.platforms[account_id] = alive
    (next_id,) = town.due("road")
    _run_until(worker, lambda: town.delivery(next_id).state is DeliveryState.PUBLISHED)
    worker.close()
    assert town.delivery(lost_id).state is DeliveryState.SENDING


def test_a_worker_that_raises_stops_its_clock() -> None:
    class Dying(Worker):
        def __init__(self) -> None:
            """Start nothing: only `run_for` is called."""

        def run_for(self, seconds: float = 0.5) -> int:
            raise ZeroDivisionError

    stopping, died = Event(), Event()
    with pytest.raises(ZeroDivisionError):
        scheduler._run_worker(Dying(), stopping, died)
    assert (stopping.is_set(), died.is_set()) == (True, True)


def _run_until(worker: Worker, done: Callable[[], bool]) -> None:
    for _ in range(PATIENCE * 10):
        worker.run_for(0.1)
        if done():
            return
    raise AssertionError("the worker did not get it done")
