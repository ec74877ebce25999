"""A receipt that cannot be stored does not affect the others, and duplicates are ignored."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from inspect import signature
from itertools import pairwise

import pytest
from sqlalchemy import delete, event, select
from sqlalchemy.exc import OperationalError

from publisher.database.session import Database
from publisher.delivery import lookup, outcomes
from publisher.delivery.claim import DeliveryPayload
from publisher.delivery.outcomes import Outcome
from publisher.delivery.receipt_writer import RETRY_PAUSES as PAUSES_IN_EARNEST
from publisher.delivery.receipt_writer import Recorder
from publisher.delivery.worker import Worker
from publisher.models.deliveries import Attempt, Delivery, ReceiptOrigin, ReceiptRow
from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.text import make_storable
from publisher.platforms.base.types import Match, Outgoing, PreparedPost, Receipt
from publisher.states import DeliveryState
from tests.support.city import PACE, City, statements
from tests.support.city_people import NOON
from tests.support.claims import claim_due, delivery_state, receipt_for, start_sending
from tests.support.memory_platform.platform import MemoryPlatform
from tests.support.runs import wait_until

pytestmark = pytest.mark.twin

PATIENCE = 20


def test_a_receipt_that_cannot_be_stored_does_not_lose_the_others(town: City) -> None:
    bad, good = start_sending(town, 2)
    with town.write() as session:  # a delivery has one receipt, and this delivery has it already
        session.add(_row(bad, town))
    recorder = Recorder(town.context)
    recorder.put(Outcome(bad, receipt_for(1, town)))
    recorder.put(Outcome(good, receipt_for(2, town)))
    recorder.close()
    assert delivery_state(town, good) is DeliveryState.PUBLISHED
    assert (
        delivery_state(town, bad) is DeliveryState.SENDING
    )  # the outcome is unknown, so a look-up follows


def test_of_two_receipts_with_one_id_in_a_batch_only_the_first_is_proof(town: City) -> None:
    first, second = start_sending(town, 2)
    receipt = receipt_for(1, town)
    outcomes.store(town.context, [Outcome(first, receipt), Outcome(second, receipt)])
    assert delivery_state(town, first) is DeliveryState.PUBLISHED
    assert delivery_state(town, second) is DeliveryState.UNCONFIRMED


def test_a_receipt_whose_attempt_is_missing_does_not_end_the_recorder(town: City) -> None:
    odd, good = start_sending(town, 2)
    with town.write() as session:
        session.execute(delete(Attempt).where(Attempt.delivery_id == odd.claim.delivery_id))
    recorder = Recorder(town.context)
    for number, payload in enumerate((odd, good), 1):
        recorder.put(Outcome(payload, receipt_for(number, town)))
    recorder.close()
    assert [delivery_state(town, payload) for payload in (odd, good)] == ["published"] * 2


def test_many_receipts_take_as_many_statements_as_one(town: City) -> None:
    """SQLite, which answers at once, counts the rows of one `executemany` as one as well."""
    counts: list[int] = []
    payloads = start_sending(town, 7)
    for batch in (payloads[:1], payloads[1:]):
        made = [
            Outcome(payload, replace(receipt_for(number, town), answer=f"answer {number}"))
            for number, payload in enumerate(batch, len(counts) + 1)
        ]
        with statements(town.database) as executed:
            outcomes.store(town.context, made)
        counts.append(len(executed))
    assert counts[0] == counts[1]
    with town.read() as session:
        ends = session.execute(select(Attempt.outcome, Attempt.ended_at, Attempt.answer)).all()
    assert {(end.outcome, end.ended_at) for end in ends} == {("published", town.now)}
    assert len({end.answer for end in ends}) == 7


PAUSES = (0.1, 0.3, 0.0)


def test_a_short_database_outage_loses_no_receipt(town: City) -> None:
    payloads = start_sending(town, 2)
    done = [
        Outcome(payload, receipt_for(number, town)) for number, payload in enumerate(payloads, 1)
    ]
    recorder = Recorder(town.context, pauses=PAUSES)
    with _fail_at_first(town.database, times=2) as tries:
        for completion in done:
            recorder.put(completion)
        recorder.close()
    assert [delivery_state(town, payload) for payload in payloads] == ["published"] * 2
    assert len(tries) == 3
    waited = [later - sooner for sooner, later in pairwise(tries)]
    assert all(duration >= pause for duration, pause in zip(waited, PAUSES, strict=False))


def test_a_long_database_outage_loses_a_receipt_but_not_the_recorder(
    town: City,
) -> None:
    lost, stored = start_sending(town, 2)
    recorder = Recorder(town.context, pauses=(0.0, 0.0))
    with _fail_at_first(town.database, times=3) as tries:
        recorder.put(Outcome(lost, receipt_for(1, town)))
        assert wait_until(lambda: len(tries) == 3, within=PATIENCE)
        recorder.put(Outcome(stored, receipt_for(2, town)))
        recorder.close()
    assert len(tries) == 2 + 1 + 1  # each pause, once alone, and the other one
    assert delivery_state(town, stored) is DeliveryState.PUBLISHED
    assert (
        delivery_state(town, lost) is DeliveryState.SENDING
    )  # the outcome is unknown, so a look-up follows


def test_receipts_are_retried_for_longer_than_a_database_restart() -> None:
    """They are retried for ten seconds; the first pause is short, for a cut connection."""
    assert sum(PAUSES_IN_EARNEST) > 10
    assert PAUSES_IN_EARNEST[0] < 1
    assert PAUSES_IN_EARNEST[-1] == 0  # after the last pause receipts are stored one by one
    assert signature(Recorder).parameters["pauses"].default == PAUSES_IN_EARNEST


@contextmanager
def _fail_at_first(database: Database, *, times: int) -> Iterator[list[float]]:
    """Let the first attempts to store receipts fail, and return the time of each."""
    tries = list[float]()

    def fail(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO receipts"):
            tries.append(time.monotonic())
            if len(tries) <= times:
                raise OperationalError(statement, {}, Exception("away"))

    event.listen(database.engine, "before_cursor_execute", fail)
    try:
        yield tries
    finally:
        event.remove(database.engine, "before_cursor_execute", fail)


def _row(payload: DeliveryPayload, town: City) -> ReceiptRow:
    return ReceiptRow(
        delivery_id=payload.claim.delivery_id,
        account_id=town.accounts["x"],
        platform_id="before",
        published_at=town.now,
        stored_at=town.now,
        origin=ReceiptOrigin.PERSON,
    )


class _InvalidReceiptPlatform(MemoryPlatform):
    """Publishes, and returns a receipt that no row can hold."""

    def __init__(self, town: City, receipt: Receipt) -> None:
        super().__init__(now=town.clock, name="x")
        self._answer = receipt

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        super().publish(prepared, deadline=deadline)
        return self._answer


@pytest.mark.parametrize("url", ["https://x.example/" + "a" * 500, "https://x.example/\0"])
def test_a_url_that_cannot_be_stored_is_dropped(town: City, url: str) -> None:
    (delivery_id,) = town.due()
    town.platforms[town.accounts["x"]] = _InvalidReceiptPlatform(
        town, Receipt("7", url, town.now, "so\0so")
    )
    town.tick_dispatch()
    with town.read() as session:
        row = session.scalars(select(ReceiptRow)).one()
    assert (row.delivery_id, row.platform_id, row.url) == (delivery_id, "7", "")
    assert row.answer == "so\ufffdso"


@pytest.mark.parametrize("platform_id", ["9" * 121, "9\0"])
def test_a_receipt_with_an_invalid_id_leaves_the_delivery_unconfirmed(
    town: City, platform_id: str
) -> None:
    (delivery_id,) = town.due()
    receipt = Receipt(platform_id, "", town.now, "")
    town.platforms[town.accounts["x"]] = _InvalidReceiptPlatform(town, receipt)
    town.tick_dispatch()
    assert town.delivery(delivery_id).state is DeliveryState.UNCONFIRMED
    with town.read() as session:
        assert session.scalars(select(ReceiptRow)).all() == []


@pytest.mark.parametrize("platform_id", ["9" * 121, "9\0"])
def test_a_check_that_finds_an_invalid_id_has_found_nothing(town: City, platform_id: str) -> None:
    class Strange(MemoryPlatform):
        def look_up(
            self,
            outgoing: Outgoing,
            *,
            since: datetime,
            near: datetime | None = None,
            known_ids: Collection[str] = (),
        ) -> Match | None:
            del outgoing, near, known_ids
            return Match(platform_id, "", since, "")

    (only,) = claim_due(town)
    published = lookup.find_published(Strange(now=town.clock, name="x"), only, since=NOON)
    assert published is None


def test_a_response_is_stored_without_characters_that_no_column_holds() -> None:
    assert make_storable("so\0so") == "soso"


def test_of_two_receipts_of_a_delivery_in_a_batch_the_newest_counts(town: City) -> None:
    first, other = start_sending(town, 2)
    again = replace(first, claim=replace(first.claim, fence=2))
    with town.write() as session:  # a person had it sent again meanwhile
        session.get_one(Delivery, first.claim.delivery_id).fence = 2
        session.add(
            Attempt(
                delivery_id=first.claim.delivery_id,
                fence=2,
                clock="clock-1",
                claimed_at=NOON,
                sending_at=NOON,
            )
        )
    answers = enumerate((first, again, other), 1)
    outcomes.store(town.context, [Outcome(payload, receipt_for(n, town)) for n, payload in answers])
    with town.read() as session:
        rows = session.execute(select(ReceiptRow.delivery_id, ReceiptRow.platform_id)).all()
    expected = [(first.claim.delivery_id, "2"), (other.claim.delivery_id, "3")]
    assert sorted((row.delivery_id, row.platform_id) for row in rows) == expected


class _SlowPlatform(MemoryPlatform):
    """Signals a call, and responds once it is allowed to."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now=now, name="x")
        self.asked, self.may_answer = threading.Event(), threading.Event()

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        self.asked.set()
        self.may_answer.wait(PATIENCE)
        return super().publish(prepared, deadline=deadline)


def test_closing_stores_receipts_even_if_giving_back_a_delivery_fails(town: City) -> None:
    slow = _SlowPlatform(town.clock)
    town.platforms[town.accounts["x"]] = slow
    for _ in range(3):
        town.due()
    pace = replace(PACE, connections=1)
    worker = Worker(replace(town.context, delivery_settings=pace, monotonic=time.monotonic))
    worker.run_for(0.1)
    assert slow.asked.wait(PATIENCE)
    slow.may_answer.set()
    with _fail_once(town.database) as failed:
        worker.close()
    assert failed
    assert not worker.recorder.is_alive()
    with town.read() as session:
        states = session.scalars(select(Delivery.state)).all()
    assert sorted(states) == ["claimed", "published", "scheduled"]


@contextmanager
def _fail_once(database: Database) -> Iterator[list[str]]:
    """Let the next transaction of this thread fail to connect."""
    me, failed = threading.get_ident(), list[str]()

    def fail(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if threading.get_ident() == me and statement.startswith("UPDATE") and not failed:
            failed.append(statement)
            raise OperationalError(statement, {}, Exception("away"))

    event.listen(database.engine, "before_cursor_execute", fail)
    try:
        yield failed
    finally:
        event.remove(database.engine, "before_cursor_execute", fail)
