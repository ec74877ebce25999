"""The second of two steps, taken again: it changes nothing when it is repeated.

Each time is an Attempt of its own, without a claim. The fences of claims count up from one, and a
late answer finds its delivery by them; those of these tries count down from minus one.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery import outcomes, platform_actions, preconditions
from publisher.delivery.payload import DeliveryPayload
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
"""What such a try asks of the platform."""


def release_again(
    context: WorkerContext, platform: Platform, payload: DeliveryPayload
) -> Match | None:
    """Publish what lies there unpublished; None where it may not leave now, or is refused.

    Raises TryLater, OutcomeUnknown or CredentialsExpired.
    """
    deadline = Deadline.after(context.delivery_settings.send_deadline, context.monotonic)
    attempt_id = _begin(context, payload)
    if attempt_id is None:
        return None
    try:
        receipt = platform_actions.normalized(
            platform.release(payload.staged_id, deadline=deadline)
        )
    except PlatformError as problem:
        _end(context, attempt_id, _outcome(problem), problem.detail)
        if isinstance(problem, Refused):
            return None  # so it counts as a look that found nothing, and in the end it is held
        raise
    _end(context, attempt_id, "published", receipt.answer)
    return Match(receipt.platform_id, receipt.url, receipt.published_at, receipt.answer)


def _begin(context: WorkerContext, payload: DeliveryPayload) -> int | None:
    """Write the try down; only what may still leave now is released, the rest is for a person."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = outcomes.held_delivery(session, payload.claim)
        if delivery is None or delivery.state is not DeliveryState.UNCONFIRMED:
            return None
        delivery.leased_until = delivery.look_at
        session.flush()  # what stands in its way is asked past the session
        seconds = context.delivery_settings.send_deadline
        checked = preconditions.check(session.connection(), payload, now=now, seconds=seconds)
        if checked.blocker is not None:
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
        return attempt.id


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


def end_unfinished(session: Session, delivery: Delivery, now: datetime) -> None:
    """End the release that a dead clock left; the delivery is locked."""
    query = select(Attempt).where(
        Attempt.delivery_id == delivery.id, Attempt.fence < 0, Attempt.ended_at.is_(None)
    )
    for attempt in session.scalars(query):
        outcomes.finish(session, attempt, "lease_ended", "", now)
