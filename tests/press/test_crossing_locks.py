"""Two clocks that need the same rows take them in one order: on PostgreSQL, SQLite has one lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from publisher.database import Database
from publisher.desk import scheduling
from publisher.lifecycle import DeliveryState
from publisher.models.deliveries import Attempt
from publisher.platforms.base import Allowance as Told
from publisher.platforms.base import CredentialsExpired, OutcomeUnknown, TryLater
from publisher.press import (
    dispatching,
    receipts,
    recording,
)
from publisher.press.bench import Bench
from publisher.press.parcels import Parcel
from publisher.press.receipts import Done
from tests.support.city import PACE, City, city
from tests.support.holding import IN_15, answer, begun, claimed, learn, left, starts, state

PATIENCE = 20
TOLD = (Told("publish.15min", 100, 3, IN_15),)


@pytest.fixture
def shared(postgres_url: str, tmp_path: Path) -> Iterator[City]:
    """The city on PostgreSQL."""
    database = Database(postgres_url)
    yield city(database, tmp_path)
    database.dispose()


After = Callable[[str], None]


@contextmanager
def _after_each(database: Database, do: After) -> Iterator[None]:
    """Do this after each statement, in the thread that made it."""

    def after(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        do(statement)

    event.listen(database.engine, "after_cursor_execute", after)
    try:
        yield
    finally:
        event.remove(database.engine, "after_cursor_execute", after)


def test_a_refusal_for_the_lease_and_the_sweeper_do_not_wait_for_one_another(
    shared: City,
) -> None:
    """The sweeper holds the delivery, and goes on once the other has come as far as it can."""
    learn(shared, 5)
    (only,) = claimed(shared)
    shared.clock.move(timedelta(seconds=PACE.lease + 1))
    _meet(
        shared,
        lambda: dispatching.settle(shared.bench),
        lambda: starts(shared, only),
        until=lambda said: "FROM deliveries" in said and "leased_until <" in said,
    )
    assert state(shared, only) is DeliveryState.SCHEDULED
    assert left(shared) == 5


OUTCOMES: dict[str, Callable[[Bench, Parcel], None]] = {
    "refused": lambda bench, one: recording.store_failure(bench, one, "invalid", "", TOLD),
    "later": lambda bench, one: recording.store_delay(bench, one, TryLater(IN_15, ""), TOLD),
    "credentials": lambda bench, one: recording.store_expiry(
        bench, one, CredentialsExpired(), TOLD
    ),
    "unknown": lambda bench, one: recording.store_unknown(bench, one, OutcomeUnknown(), TOLD),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_comes_of_a_late_try_and_the_sweeper_do_not_wait_for_one_another(
    shared: City, outcome: str
) -> None:
    """The sweeper has the delivery, and goes on once the other has come as far as it can."""
    learn(shared, 5)
    (only,) = begun(shared)
    shared.clock.move(timedelta(seconds=PACE.lease + 1))
    swept: list[str] = []

    def has_swept(said: str) -> bool:
        if "FROM deliveries" in said and "leased_until <" in said:
            swept.append(said)
        return len(swept) == 2  # what was claimed, and now what is being sent

    _meet(
        shared,
        lambda: dispatching.settle(shared.bench),
        lambda: OUTCOMES[outcome](shared.bench, only),
        until=has_swept,
    )
    assert state(shared, only) is DeliveryState.UNCONFIRMED
    with shared.read() as session:
        assert session.scalars(select(Attempt.outcome)).all() == [outcome]


def test_a_try_that_was_overtaken_is_ended_once_by_its_own_clock_or_by_another(
    shared: City,
) -> None:
    """The other holds the delivery, has read that nobody ended it, and gives its own clock time."""
    learn(shared, 5)
    (only,) = claimed(shared)
    locked: list[str] = []

    def has_read(said: str) -> bool:
        if "FROM deliveries" in said and "WHERE deliveries.id" in said:
            locked.append(said)
        return bool(locked) and "FROM attempts" in said

    with shared.write() as session:
        scheduling.cancel(
            session,
            actor=shared.actor("clerk"),
            now=shared.now,
            delivery_id=only.claim.delivery_id,
        )
    shared.clock.move(timedelta(seconds=PACE.lease + 1))
    _meet(
        shared,
        lambda: dispatching.tick_overtaken(shared.bench),
        lambda: starts(shared, only),
        until=has_read,
    )
    assert left(shared) == 5


def _meet(
    town: City,
    first: Callable[[], object],
    second: Callable[[], object],
    *,
    until: Callable[[str], bool],
) -> None:
    """Begin the second where the first has said this and holds its locks; none may fail."""
    holds, names = threading.Event(), threading.local()

    def pause(statement: str) -> None:
        if getattr(names, "is_first", False) and until(statement):
            holds.set()
            time.sleep(0.2)  # time for the other to run into the lock

    def run_first() -> None:
        names.is_first = True
        first()

    def run_second() -> None:
        assert holds.wait(PATIENCE)
        second()

    with _after_each(town.database, pause), ThreadPoolExecutor(2) as clocks:
        for one in [clocks.submit(run_first), clocks.submit(run_second)]:
            one.result(timeout=PATIENCE)


@pytest.mark.parametrize("outcome", ["later", "credentials"])
def test_receipts_and_what_changes_their_account_do_not_wait_for_one_another(
    shared: City, outcome: str
) -> None:
    """The account is locked before its limits: a receipt holds the one, and then learns."""
    learn(shared, 5)
    published, other = begun(shared, 2)
    done = [Done(published, answer(1, shared), TOLD)]
    _meet(
        shared,
        lambda: receipts.store_receipts(shared.bench, done),
        lambda: OUTCOMES[outcome](shared.bench, other),
        until=lambda said: said.startswith("INSERT INTO receipts"),
    )
    assert state(shared, published) is DeliveryState.PUBLISHED
    assert state(shared, other) is DeliveryState.SCHEDULED


def test_two_groups_of_receipts_learn_of_accounts_in_one_order(shared: City) -> None:
    ones, others = begun(shared, 2), begun(shared, 2, "facebook")
    told = (Told("publish.15min", 100, 50, IN_15),)
    answers = [Done(one, answer(n, shared), told) for n, one in enumerate((*ones, *others))]
    groups = [[answers[0], answers[2]], [answers[3], answers[1]]]
    seen, both = threading.local(), threading.Barrier(2)

    def wait_for_the_other(statement: str) -> None:
        if statement.startswith("INSERT INTO allowances") and not getattr(seen, "once", False):
            seen.once = True
            with suppress(threading.BrokenBarrierError):  # in one order the other cannot come here
                both.wait(0.5)

    with _after_each(shared.database, wait_for_the_other), ThreadPoolExecutor(2) as clocks:
        storing = [clocks.submit(receipts.store_receipts, shared.bench, one) for one in groups]
        for one in storing:
            one.result(timeout=PATIENCE)
    assert {state(shared, one.parcel) for one in answers} == {DeliveryState.PUBLISHED}
