"""Store the outcome of an attempt, unless it is a receipt (see receipts.py).

The delivery is locked before its attempt, and the account's limits last, as in `dispatch.sweep`,
so that the two never deadlock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as DatabaseTimeout
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery import notify, retry
from publisher.delivery.accounts import manage
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.preconditions import Blocker
from publisher.delivery.rate_limits import counter, response_limits
from publisher.delivery.worker_context import Claim, WorkerContext
from publisher.models.deliveries import Attempt, Delivery
from publisher.platforms.base.protocol import CredentialsExpired, OutcomeUnknown, TryLater
from publisher.platforms.base.types import Allowance
from publisher.states import CLAIMED_OR_SENDING, DeliveryState

Allowances = tuple[Allowance, ...]

NOT_STORED = (DBAPIError, DatabaseTimeout)
"""Errors after which a transaction did not commit, or nobody knows whether it did."""

DOES_NOT_FIT = (DataError, IntegrityError)
"""Errors of a row that cannot be stored as it is."""


def refuse(session: Session, payload: DeliveryPayload, blocker: Blocker, *, now: datetime) -> None:
    """Store that a precondition blocks the delivery.

    It is scheduled again if waiting can help, and fails otherwise.
    """
    claim = payload.claim
    delivery = lock_for_claim(session, claim)
    end_attempt(session, claim, "gate", blocker.code, now)
    if delivery is None or delivery.state is not DeliveryState.CLAIMED:
        return
    if blocker.waits:
        _wait(delivery, blocker)
        move(session, delivery, DeliveryState.SCHEDULED, claim, now, "give_back")
        return
    delivery.reason = {"code": blocker.code}
    move(session, delivery, DeliveryState.FAILED, claim, now, "fail")
    notify.delivery_failed(session, delivery, now=now)


def _wait(delivery: Delivery, blocker: Blocker) -> None:
    if blocker.until is not None:
        delivery.not_before = blocker.until
        delivery.reason = {"code": blocker.code, "at": blocker.until.isoformat()}


def give_back(context: WorkerContext, payload: DeliveryPayload) -> None:
    """Return a claimed delivery that was not begun, so that another clock can take it at once."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = lock_for_claim(session, payload.claim)
        end_attempt(session, payload.claim, "given_back", "", now)
        if delivery is not None and delivery.state is DeliveryState.CLAIMED:
            move(session, delivery, DeliveryState.SCHEDULED, payload.claim, now, "give_back")


def end_overtaken(context: WorkerContext, payload: DeliveryPayload) -> None:
    """End the attempt of a claim that was lost before `sending`, when nothing was sent.

    Its delivery was cancelled or claimed again, so only the attempt is changed.
    """
    with context.database.transaction() as session:
        attempt = attempt_of(session, payload.claim)
        if attempt.ended_at is None:
            finish(session, attempt, "gate", "overtaken", context.now())


def store_staged(context: WorkerContext, payload: DeliveryPayload, staged_id: str) -> None:
    """Store the id of the staged post, before it is published by that id."""
    with context.database.transaction() as session:
        delivery = lock_for_claim(session, payload.claim)
        attempt_of(session, payload.claim).staged_id = staged_id
        if delivery is not None and delivery.state is DeliveryState.CLAIMED:
            delivery.staged_id = staged_id


def store_failure(
    context: WorkerContext,
    payload: DeliveryPayload,
    code: str,
    answer: str,
    allowances: Allowances = (),
) -> None:
    """Store a permanent refusal by the platform or the media store: a person has to act."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = _lock_in_progress(session, payload.claim)
        end_attempt(session, payload.claim, "refused", answer, now)
        if delivery is not None:
            delivery.reason = {"code": code}
            if delivery.staged_id:
                _distrust_second_step(delivery)
            move(session, delivery, DeliveryState.FAILED, payload.claim, now, "fail")
            notify.delivery_failed(session, delivery, now=now)
        _store_limits(session, payload, allowances, now)


def _distrust_second_step(delivery: Delivery) -> None:
    # The staged post could not be published: from now on this account publishes in one step.
    delivery.staged_id = ""
    delivery.account.two_steps = False


def store_delay(
    context: WorkerContext, payload: DeliveryPayload, problem: TryLater, allowances: Allowances = ()
) -> None:
    """Store that nothing was sent and a retry is safe: schedule it again for a later time."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = _lock_in_progress(session, payload.claim)
        end_attempt(session, payload.claim, "later", problem.detail, now)
        if delivery is not None:
            delivery.not_before = retry.next_try(delivery, now=now, retry_at=problem.at)
            delivery.reason = {"code": "later", "at": delivery.not_before.isoformat()}
            move(session, delivery, DeliveryState.SCHEDULED, payload.claim, now, "give_back")
            retry.quieten(session, delivery.account_id, until=problem.at)
        _store_limits(session, payload, allowances, now)


def store_expiry(
    context: WorkerContext,
    payload: DeliveryPayload,
    problem: CredentialsExpired,
    allowances: Allowances = (),
) -> None:
    """Store that the token has expired: pause the account; the delivery waits."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = _lock_in_progress(session, payload.claim)
        end_attempt(session, payload.claim, "credentials", problem.detail, now)
        if delivery is not None:
            delivery.reason = {"code": "credentials"}
            move(session, delivery, DeliveryState.SCHEDULED, payload.claim, now, "give_back")
            manage.pause(
                session, actor=CLOCK, now=now, account_id=delivery.account_id, reason="credentials"
            )
        _store_limits(session, payload, allowances, now)


def store_unknown(
    context: WorkerContext,
    payload: DeliveryPayload,
    problem: OutcomeUnknown,
    allowances: Allowances = (),
) -> None:
    """Store that the post may be live: it is looked for, and never sent again by a machine."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = lock_for_claim(session, payload.claim)
        end_attempt(session, payload.claim, "unknown", problem.detail, now)
        if delivery is not None:
            unconfirm(context, session, delivery, payload.claim, "unknown")
        _store_limits(session, payload, allowances, now)


def _store_limits(
    session: Session, payload: DeliveryPayload, allowances: Allowances, now: datetime
) -> None:
    # Last: these rows are locked after the delivery, its attempt and the account, as everywhere.
    session.flush()
    response_limits.learn(session, payload.account.id, allowances, now)


def lock_for_claim(session: Session, claim: Claim) -> Delivery | None:
    """Lock the delivery, and return it if it was not claimed again since; otherwise None."""
    delivery = transitions.lock(session, Delivery, claim.delivery_id)
    return delivery if delivery is not None and delivery.fence == claim.fence else None


def _lock_in_progress(session: Session, claim: Claim) -> Delivery | None:
    """Lock the delivery, and return it if this claim's attempt is still the current one.

    It is not if the delivery was claimed again, or if a person has decided about it meanwhile.
    """
    delivery = lock_for_claim(session, claim)
    if delivery is None or delivery.state not in CLAIMED_OR_SENDING:
        return None
    return delivery


def unconfirm(
    context: WorkerContext, session: Session, delivery: Delivery, claim: Claim, code: str
) -> None:
    """Move a delivery that is `sending` to unconfirmed, so that it is looked for."""
    if delivery.state is not DeliveryState.SENDING:
        return
    now = context.now()
    delivery.look_at = now + timedelta(seconds=context.delivery_settings.looks[0])
    delivery.reason = {"code": code}
    move(session, delivery, DeliveryState.UNCONFIRMED, claim, now, "unconfirm")


def move(
    session: Session,
    delivery: Delivery,
    to: DeliveryState,
    claim: Claim,
    now: datetime,
    verb: str,
) -> None:
    """Change a delivery's state under this claim's fence; its reason goes into the history."""
    transitions.apply(
        session,
        delivery,
        to,
        actor=CLOCK,
        now=now,
        verb=verb,
        fence=claim.fence,
        values={key: str(value) for key, value in (delivery.reason or {}).items()},
    )


def attempt_of(session: Session, claim: Claim) -> Attempt:
    """Return the attempt of this claim."""
    query = select(Attempt).where(
        Attempt.delivery_id == claim.delivery_id, Attempt.fence == claim.fence
    )
    return session.scalars(query).one()


def end_attempt(session: Session, claim: Claim, outcome: str, answer: str, now: datetime) -> None:
    """Store the outcome of this claim's attempt."""
    finish(session, attempt_of(session, claim), outcome, answer, now)


def finish(session: Session, attempt: Attempt, outcome: str, answer: str, now: datetime) -> None:
    """Store an attempt's outcome. If nothing was sent, give back its place in the rate limits."""
    attempt.ended_at, attempt.outcome, attempt.answer = now, outcome, answer
    if attempt.counted and attempt.sending_at is None:
        attempt.counted = False
        counter.give_back(session, attempt.delivery.account_id, attempt.claimed_at, now)
