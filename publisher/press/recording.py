"""Storing what came of a try, each outcome in a transaction of its own."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import moving
from publisher.lifecycle import DeliveryState
from publisher.models.deliveries import Attempt, Delivery, ReceiptOrigin
from publisher.models.deliveries import Receipt as ReceiptRow
from publisher.platforms.base import CredentialsExpired, OutcomeUnknown, Receipt, TryLater
from publisher.press import accounts, pacing, telling
from publisher.press.bench import Bench, Claim

LATE_ANSWER = (DeliveryState.SENDING, DeliveryState.UNCONFIRMED, DeliveryState.HELD)
"""Where a receipt may still arrive: a late answer settles what was only not known."""


def store_failure(bench: Bench, claim: Claim, reason: dict[str, str], answer: str) -> None:
    """The platform, or our own store, says no for good: a person has to change something."""
    with bench.database.transaction() as session:
        now = bench.now()
        end_attempt(session, claim, "refused", answer, now)
        delivery = _still_trying(session, claim)
        if delivery is None:
            return
        delivery.reason = reason
        move(session, delivery, DeliveryState.FAILED, claim, now, "fail")
        telling.tell_failed(session, delivery, now=now)


def store_delay(bench: Bench, claim: Claim, problem: TryLater) -> None:
    """Nothing left, and trying again is safe: back to the table, not before a later time."""
    with bench.database.transaction() as session:
        now = bench.now()
        end_attempt(session, claim, "later", problem.detail, now)
        delivery = _still_trying(session, claim)
        if delivery is None:
            return
        delivery.not_before = pacing.next_try(delivery, now=now, asked=problem.at)
        delivery.reason = {"code": "later", "at": delivery.not_before.isoformat()}
        move(session, delivery, DeliveryState.SCHEDULED, claim, now, "give_back")
        pacing.quieten(session, delivery.account_id, until=problem.at)


def store_expiry(bench: Bench, claim: Claim, problem: CredentialsExpired) -> None:
    """The token is no longer good: the account pauses, the delivery waits."""
    with bench.database.transaction() as session:
        now = bench.now()
        end_attempt(session, claim, "credentials", problem.detail, now)
        delivery = _still_trying(session, claim)
        if delivery is None:
            return
        delivery.reason = {"code": "credentials"}
        move(session, delivery, DeliveryState.SCHEDULED, claim, now, "give_back")
        accounts.pause(
            session, actor=CLOCK, now=now, account_id=delivery.account_id, reason="credentials"
        )


def store_unknown(bench: Bench, claim: Claim, problem: OutcomeUnknown) -> None:
    """It may be live: never sent again by machine, looked for instead."""
    with bench.database.transaction() as session:
        now = bench.now()
        end_attempt(session, claim, "unknown", problem.detail, now)
        delivery = held_delivery(session, claim)
        if delivery is not None:
            _unconfirm(bench, session, delivery, claim, "unknown")


def store_receipt(bench: Bench, claim: Claim, receipt: Receipt) -> None:
    """It is live; an id that is already the proof of another delivery proves nothing."""
    with bench.database.transaction() as session:
        now = bench.now()
        end_attempt(session, claim, "published", receipt.answer, now)
        delivery = held_delivery(session, claim)
        if delivery is None or delivery.state not in LATE_ANSWER:
            return
        if is_known(session, delivery.account_id, receipt.platform_id):
            _unconfirm(bench, session, delivery, claim, "id_seen_before")
            return
        delivery.reason = {}
        add_receipt(session, delivery, receipt, origin=ReceiptOrigin.ANSWER, now=now)
        move(session, delivery, DeliveryState.PUBLISHED, claim, now, "publish")


def is_known(session: Session, account_id: int, platform_id: str) -> bool:
    """Whether this id is already the proof of another delivery on that account."""
    query = select(ReceiptRow.id).where(
        ReceiptRow.account_id == account_id, ReceiptRow.platform_id == platform_id
    )
    return session.execute(query).first() is not None


def add_receipt(
    session: Session,
    delivery: Delivery,
    receipt: Receipt,
    *,
    origin: ReceiptOrigin,
    now: datetime,
    person_id: int | None = None,
) -> ReceiptRow:
    """Keep the proof that this delivery is live."""
    row = ReceiptRow(
        delivery_id=delivery.id,
        account_id=delivery.account_id,
        platform_id=receipt.platform_id,
        url=receipt.url,
        published_at=receipt.published_at,
        stored_at=now,
        origin=origin,
        answer=receipt.answer,
        person_id=person_id,
    )
    session.add(row)
    session.flush()
    return row


def held_delivery(session: Session, claim: Claim) -> Delivery | None:
    """The delivery, locked, if this claim still holds it."""
    delivery = moving.lock(session, Delivery, claim.delivery_id)
    return delivery if delivery is not None and delivery.fence == claim.fence else None


def _still_trying(session: Session, claim: Claim) -> Delivery | None:
    """The delivery, if this claim holds it and it has not been settled meanwhile."""
    delivery = held_delivery(session, claim)
    trying = (DeliveryState.CLAIMED, DeliveryState.SENDING)
    return delivery if delivery is not None and delivery.state in trying else None


def _unconfirm(bench: Bench, session: Session, delivery: Delivery, claim: Claim, code: str) -> None:
    if delivery.state is not DeliveryState.SENDING:
        return
    now = bench.now()
    delivery.look_at = now + timedelta(seconds=bench.pace.looks[0])
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
    moving.apply(
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
    attempt = attempt_of(session, claim)
    attempt.ended_at, attempt.outcome, attempt.answer = now, outcome, answer
