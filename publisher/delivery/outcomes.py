"""Storing what came of a try: receipts together, every other outcome by itself.

The delivery is locked before its attempt, and the account's limits last, as the sweeper does it:
so the two never wait for one another.
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
from publisher.states import DeliveryState

Allowances = tuple[Allowance, ...]

NOT_STORED = (DBAPIError, DatabaseTimeout)
"""What says that a transaction did not take place, or that nobody knows whether it did."""

DOES_NOT_FIT = (DataError, IntegrityError)
"""What says that one of the rows cannot be stored as it is."""


def refuse(session: Session, payload: DeliveryPayload, found: Blocker, *, now: datetime) -> None:
    """It did not leave: what only waits goes back to the table, the rest is for a person."""
    claim = payload.claim
    delivery = held_delivery(session, claim)
    end_attempt(session, claim, "gate", found.code, now)
    if delivery is None or delivery.state is not DeliveryState.CLAIMED:
        return
    if found.waits:
        _wait(delivery, found)
        move(session, delivery, DeliveryState.SCHEDULED, claim, now, "give_back")
        return
    delivery.reason = {"code": found.code}
    move(session, delivery, DeliveryState.FAILED, claim, now, "fail")
    notify.tell_failed(session, delivery, now=now)


def _wait(delivery: Delivery, found: Blocker) -> None:
    """Where it is known until when it waits, it is said there and not tried before."""
    if found.until is not None:
        delivery.not_before = found.until
        delivery.reason = {"code": found.code, "at": found.until.isoformat()}


def give_back(context: WorkerContext, payload: DeliveryPayload) -> None:
    """This clock stops before it began with this one: somebody else takes it up at once."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = held_delivery(session, payload.claim)
        end_attempt(session, payload.claim, "given_back", "", now)
        if delivery is not None and delivery.state is DeliveryState.CLAIMED:
            move(session, delivery, DeliveryState.SCHEDULED, payload.claim, now, "give_back")


def let_go(context: WorkerContext, payload: DeliveryPayload) -> None:
    """It was cancelled or claimed anew before `sending`: this try ends, and counts no more."""
    with context.database.transaction() as session:
        attempt = attempt_of(session, payload.claim)
        if attempt.ended_at is None:
            finish(session, attempt, "gate", "overtaken", context.now())


def store_staged(context: WorkerContext, payload: DeliveryPayload, staged_id: str) -> None:
    """Keep the id of what was made unpublished, before it is published by that id."""
    with context.database.transaction() as session:
        delivery = held_delivery(session, payload.claim)
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
    """The platform, or our own store, says no for good: a person has to change something."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = _still_trying(session, payload.claim)
        end_attempt(session, payload.claim, "refused", answer, now)
        if delivery is not None:
            delivery.reason = {"code": code}
            if delivery.staged_id:
                _distrust_second_step(delivery)
            move(session, delivery, DeliveryState.FAILED, payload.claim, now, "fail")
            notify.tell_failed(session, delivery, now=now)
        _learn(session, payload, allowances, now)


def _distrust_second_step(delivery: Delivery) -> None:
    """What was made unpublished could not be published: from now on this account gets one step."""
    delivery.staged_id = ""
    delivery.account.two_steps = False


def store_delay(
    context: WorkerContext, payload: DeliveryPayload, problem: TryLater, allowances: Allowances = ()
) -> None:
    """Nothing left, and trying again is safe: back to the table, not before a later time."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = _still_trying(session, payload.claim)
        end_attempt(session, payload.claim, "later", problem.detail, now)
        if delivery is not None:
            delivery.not_before = retry.next_try(delivery, now=now, asked=problem.at)
            delivery.reason = {"code": "later", "at": delivery.not_before.isoformat()}
            move(session, delivery, DeliveryState.SCHEDULED, payload.claim, now, "give_back")
            retry.quieten(session, delivery.account_id, until=problem.at)
        _learn(session, payload, allowances, now)


def store_expiry(
    context: WorkerContext,
    payload: DeliveryPayload,
    problem: CredentialsExpired,
    allowances: Allowances = (),
) -> None:
    """The token is no longer good: the account pauses, the delivery waits."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = _still_trying(session, payload.claim)
        end_attempt(session, payload.claim, "credentials", problem.detail, now)
        if delivery is not None:
            delivery.reason = {"code": "credentials"}
            move(session, delivery, DeliveryState.SCHEDULED, payload.claim, now, "give_back")
            manage.pause(
                session, actor=CLOCK, now=now, account_id=delivery.account_id, reason="credentials"
            )
        _learn(session, payload, allowances, now)


def store_unknown(
    context: WorkerContext,
    payload: DeliveryPayload,
    problem: OutcomeUnknown,
    allowances: Allowances = (),
) -> None:
    """It may be live: never sent again by machine, looked for instead."""
    with context.database.transaction() as session:
        now = context.now()
        delivery = held_delivery(session, payload.claim)
        end_attempt(session, payload.claim, "unknown", problem.detail, now)
        if delivery is not None:
            unconfirm(context, session, delivery, payload.claim, "unknown")
        _learn(session, payload, allowances, now)


def _learn(
    session: Session, payload: DeliveryPayload, allowances: Allowances, now: datetime
) -> None:
    """What the answers said of the account's limits, whatever came of the try.

    Last: these rows are locked after the delivery, its attempt and the account, as everywhere.
    """
    session.flush()
    response_limits.learn(session, payload.account.id, allowances, now)


def held_delivery(session: Session, claim: Claim) -> Delivery | None:
    """The delivery, locked, if this claim still holds it."""
    delivery = transitions.lock(session, Delivery, claim.delivery_id)
    return delivery if delivery is not None and delivery.fence == claim.fence else None


def _still_trying(session: Session, claim: Claim) -> Delivery | None:
    """The delivery, if this claim holds it and it has not been settled meanwhile."""
    delivery = held_delivery(session, claim)
    trying = (DeliveryState.CLAIMED, DeliveryState.SENDING)
    return delivery if delivery is not None and delivery.state in trying else None


def unconfirm(
    context: WorkerContext, session: Session, delivery: Delivery, claim: Claim, code: str
) -> None:
    """From sending on nobody knows: it will be looked for."""
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
    """Move a delivery under this claim's fence, its reason written into the history."""
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
    """The attempt that belongs to this claim."""
    query = select(Attempt).where(
        Attempt.delivery_id == claim.delivery_id, Attempt.fence == claim.fence
    )
    return session.scalars(query).one()


def end_attempt(session: Session, claim: Claim, outcome: str, answer: str, now: datetime) -> None:
    """Write down what came of this attempt."""
    finish(session, attempt_of(session, claim), outcome, answer, now)


def finish(session: Session, attempt: Attempt, outcome: str, answer: str, now: datetime) -> None:
    """The same for an attempt at hand; what has not left is counted against no limit."""
    attempt.ended_at, attempt.outcome, attempt.answer = now, outcome, answer
    if attempt.counted and attempt.sending_at is None:
        attempt.counted = False
        counter.give_back(session, attempt.delivery.account_id, attempt.claimed_at, now)
