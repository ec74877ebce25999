"""Rate limits are learned from each response, whatever the outcome of the attempt."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from threading import Event

import pytest
from sqlalchemy import select

from publisher.delivery import attempt
from publisher.delivery.worker import Worker
from publisher.models.accounts import AllowanceRow
from publisher.models.deliveries import Delivery
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    Deadline,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Allowance as Told
from publisher.platforms.base.types import PreparedPost, Receipt
from publisher.states import DeliveryState
from tests.support.city import City
from tests.support.city_people import MINUTE, NOON
from tests.support.claims import claim_due, delivery_state, record_allowance
from tests.support.memory_platform.platform import MemoryPlatform

PATIENCE = 60
IN_15 = NOON + 15 * MINUTE
TOLD = (Told("publish.15min", 100, 42, IN_15), Told("media.day", 50, 7, IN_15))


class _LimitReportingPlatform(MemoryPlatform):
    """Reports its limits only in the response to a post."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now=now, name="x")
        self.has_answered = Event()
        self.meanwhile: Callable[[], None] = lambda: None

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        self.allowances = TOLD
        self.has_answered.set()
        self.meanwhile()
        return super().publish(prepared, deadline=deadline)


@pytest.fixture
def limit_reporting_x(town: City) -> _LimitReportingPlatform:
    platform = _LimitReportingPlatform(town.clock)
    town.platforms[town.accounts["x"]] = platform
    return platform


def stored_limits(town: City) -> list[tuple[str, int | None, int, datetime]]:
    """Return the stored limits of X."""
    query = select(AllowanceRow).where(AllowanceRow.account_id == town.accounts["x"])
    with town.read() as session:
        rows = session.scalars(query.order_by(AllowanceRow.name)).all()
    return [(row.name, row.most, row.remaining, row.resets_at) for row in rows]


LEARNED = [("media.day", 50, 7, IN_15), ("publish.15min", 100, 42, IN_15)]
OUTCOMES: dict[str, tuple[PlatformError | None, DeliveryState]] = {
    "success": (None, DeliveryState.PUBLISHED),
    "refused": (Refused(RefusalCode.INVALID), DeliveryState.FAILED),
    "later": (TryLater(IN_15, "429"), DeliveryState.SCHEDULED),
    "credentials": (CredentialsExpired("401"), DeliveryState.SCHEDULED),
    "unknown": (OutcomeUnknown("500"), DeliveryState.UNCONFIRMED),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_rate_limits_of_a_response_are_stored_whatever_its_outcome(
    town: City, limit_reporting_x: _LimitReportingPlatform, outcome: str
) -> None:
    error, comes_to = OUTCOMES[outcome]
    if error is not None:
        limit_reporting_x.fail_next(error)
    (only,) = claim_due(town)
    assert stored_limits(town) == []
    attempt.attempt_and_store(town.context, only)
    assert delivery_state(town, only) is comes_to
    assert stored_limits(town) == LEARNED


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_rate_limits_are_stored_even_if_the_claim_was_lost_meanwhile(
    town: City, limit_reporting_x: _LimitReportingPlatform, outcome: str
) -> None:
    """The limits of an account are valid whoever sent the request."""
    error, _ = OUTCOMES[outcome]
    if error is not None:
        limit_reporting_x.fail_next(error)
    (only,) = claim_due(town)

    def send_again() -> None:
        with town.write() as session:
            session.get_one(Delivery, only.claim.delivery_id).fence += 1

    limit_reporting_x.meanwhile = send_again
    attempt.attempt_and_store(town.context, only)
    assert delivery_state(town, only) is DeliveryState.SENDING
    assert stored_limits(town) == LEARNED


def test_a_refusal_during_preparation_gives_back_its_count(
    town: City, limit_reporting_x: _LimitReportingPlatform
) -> None:
    """Nothing was sent, so the attempt is not counted; the reported limits are kept."""
    record_allowance(town, 50)
    limit_reporting_x.allowances = TOLD
    limit_reporting_x.fail_next(Refused(RefusalCode.INVALID), on="prepare")
    (only,) = claim_due(town)
    attempt.attempt_and_store(town.context, only)
    assert delivery_state(town, only) is DeliveryState.FAILED
    assert stored_limits(town) == LEARNED


@pytest.mark.both
def test_the_threads_of_a_worker_store_rate_limits_too(
    town: City, limit_reporting_x: _LimitReportingPlatform
) -> None:
    town.due()
    worker = Worker(replace(town.context, monotonic=time.monotonic))
    worker.run_for(0.1)
    assert limit_reporting_x.has_answered.wait(PATIENCE)
    worker.close()
    assert stored_limits(town) == LEARNED
