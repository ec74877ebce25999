"""Retry publishing a staged post, one that the platform holds unpublished under its own id.

Publishing it twice has no effect, so a retry is safe. Each retry is an Attempt without a claim. The
fences of claims count up from 1, and a late response finds its delivery by them; so the fences of
retries count down from -1.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery import outcomes, sending
from publisher.delivery.attempt import normalize_proof
from publisher.delivery.claim import DeliveryPayload
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Attempt, Delivery
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    Deadline,
    OutcomeUnknown,
    Platform,
    PlatformError,
    Refused,
    TryLater,
)
from publisher.platforms.base.types import Match
from publisher.states import DeliveryState

RELEASE = "release"
"""The value of `Attempt.asked` for such a retry."""


def release_again(
    context: WorkerContext, platform: Platform, payload: DeliveryPayload
) -> Match | None:
    """Publish the staged post and return it; None if it may not be sent now, or is refused.

    Raises `TryLater`, `OutcomeUnknown` or `CredentialsExpired`.
    """
    deadline = Deadline.after(context.delivery_settings.send_deadline, context.monotonic)
    with context.database.transaction() as session:
        now = context.now()
        sending.lock_post(session, payload.claim.delivery_id)
        delivery = outcomes.lock_for_claim(session, payload.claim)
        if delivery is None or delivery.state is not DeliveryState.UNCONFIRMED:
            return None
        delivery.leased_until = delivery.look_at
        seconds = context.delivery_settings.send_deadline
        machine = context.machine
        if sending.check(session, payload, now=now, seconds=seconds, machine=machine) is not None:
            return None
        transitions.record(session, delivery, "release_again", actor=CLOCK, now=now)
        attempt = Attempt(
            delivery_id=delivery.id,
            fence=_next_fence(session, delivery.id),
            clock=context.clock_name,
            claimed_at=now,
            sending_at=now,
            asked=RELEASE,
        )
        session.add(attempt)
        session.flush()
        attempt_id = attempt.id
    try:
        receipt = normalize_proof(platform.release(payload.staged_id, deadline=deadline))
    except PlatformError as problem:
        _end(context, attempt_id, _outcome(problem), problem.detail)
        if isinstance(problem, Refused):
            return None  # counts as a check that found nothing
        raise
    _end(context, attempt_id, "published", receipt.answer)
    return Match(receipt.platform_id, receipt.url, receipt.published_at, receipt.answer)


def _next_fence(session: Session, delivery_id: int) -> int:
    lowest = session.scalar(
        select(func.min(Attempt.fence)).where(Attempt.delivery_id == delivery_id)
    )
    return min(lowest or 0, 0) - 1


def _end(context: WorkerContext, attempt_id: int, outcome: str, answer: str) -> None:
    with context.database.transaction() as session:
        attempt = session.get_one(Attempt, attempt_id)
        outcomes.finish(session, attempt, outcome, answer, context.now())


def _outcome(problem: PlatformError) -> str:
    match problem:
        case TryLater():
            return "later"
        case Refused():
            return "refused"
        case CredentialsExpired():
            return "credentials"
        case OutcomeUnknown():
            return "unknown"
        case _:
            raise TypeError(type(problem))


def end_lapsed_releases(session: Session, delivery: Delivery, now: datetime) -> None:
    """End the retries that a dead clock has left open; the caller has locked the delivery."""
    query = select(Attempt).where(
        Attempt.delivery_id == delivery.id, Attempt.fence < 0, Attempt.ended_at.is_(None)
    )
    for attempt in session.scalars(query):
        outcomes.finish(session, attempt, "lease_ended", "", now)
