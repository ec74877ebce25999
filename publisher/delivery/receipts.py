"""Storing receipts: many together, and what is unusual about one by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Integer, Select, Text, Update, and_, bindparam, select, update
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import failpoints
from publisher.database.bulk import as_json, bulk_insert, rows_from_json
from publisher.database.session import Key, table_of
from publisher.delivery import outcomes
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.rate_limits import response_limits
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Attempt, Delivery, DeliveryAction, ReceiptOrigin, ReceiptRow
from publisher.platforms.base.types import Receipt
from publisher.review import takedown_orders
from publisher.states import DeliveryState
from publisher.transitions import MOMENT, ClaimedTransitions

_RECEIPT, _ATTEMPT = table_of(ReceiptRow), table_of(Attempt)
_PUBLISH = ClaimedTransitions(
    DeliveryState.SENDING,
    DeliveryState.PUBLISHED,
    actor=CLOCK,
    verb="publish",
    also={"reason": {}},
)

IS_PUBLISH = bindparam(
    "publish", DeliveryAction.PUBLISH, type_=_RECEIPT.c.action.type, literal_execute=True
)
"""Stands in the statement itself: the ids of publications have an index of their own."""

LATE_ANSWER = (DeliveryState.SENDING, DeliveryState.UNCONFIRMED, DeliveryState.HELD)
"""Where a receipt may still arrive: a late answer settles what was only not known."""


@dataclass(frozen=True)
class Done:
    """What a platform did, and what its answers said of the account's limits."""

    payload: DeliveryPayload
    receipt: Receipt
    allowances: outcomes.Allowances = ()


def store_receipts(context: WorkerContext, done: Sequence[Done]) -> None:
    """Store what was done, in one transaction; what is unusual about one is settled by itself."""
    with context.database.transaction() as session:
        now = context.now()
        usual = _usual(session, done)
        held = {one.payload.claim.delivery_id: one.payload.claim.fence for one in usual}
        moved = _PUBLISH.apply(session, held, now) if held else frozenset()
        rows = [_receipt_row(one, now) for one in usual if one.payload.claim.delivery_id in moved]
        if rows:
            bulk_insert(session, ReceiptRow, rows)
        for one in done:
            if one.payload.claim.delivery_id not in moved:
                _store_late(context, session, one.payload, one.receipt, now)
        _end_attempts(session, done, now)  # deliveries first, as everywhere: see recording.py
        _learn(session, done, now)
        failpoints.hit("publish.in_receipt_commit")
    failpoints.hit("publish.stored")


def _learn(session: Session, done: Sequence[Done], now: datetime) -> None:
    """In one order of accounts for every clock, so that no two wait for one another."""
    told = {one.payload.account.id: one.allowances for one in done if one.allowances}
    for account_id in sorted(told):
        response_limits.learn(session, account_id, told[account_id], now)


def _usual(session: Session, done: Sequence[Done]) -> list[Done]:
    """Publications whose ids were never seen before, on each account and in this batch.

    Of two tries of one delivery only the newest may be one.
    """
    newest: dict[int, int] = {}
    for one in done:
        claim = one.payload.claim
        newest[claim.delivery_id] = max(claim.fence, newest.get(claim.delivery_id, 0))
    created = [one for one in done if one.payload.action is DeliveryAction.PUBLISH]
    ids = [(one.payload.account.id, one.receipt.platform_id) for one in created]
    if not ids:
        return []
    known = _known(session, ids)
    once = {one for one in ids if ids.count(one) == 1 and one not in known}
    fresh = [one for one, key in zip(created, ids, strict=True) if key in once]
    claims = [one.payload.claim for one in fresh]
    return [
        one
        for one, claim in zip(fresh, claims, strict=True)
        if claim.fence == newest[claim.delivery_id]
    ]


def _known(session: Session, ids: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Which of these ids are already the proof of a publication on their account."""
    connection = session.connection()
    given = as_json([{"account_id": account_id, "platform_id": one} for account_id, one in ids])
    found = connection.execute(_known_query(connection.dialect.name), {"given": given})
    return {(row.account_id, row.platform_id) for row in found}


@cache
def _known_query(dialect: str) -> Select[int, str]:
    columns = (_RECEIPT.c.account_id, _RECEIPT.c.platform_id)
    given = rows_from_json(dialect, {one.name: one.type for one in columns})
    same = and_(*(one == given.c[one.name] for one in columns))
    query = select(*columns).join(given, same)
    return query.where(_RECEIPT.c.action == IS_PUBLISH)


def _receipt_row(done: Done, now: datetime) -> dict[str, object]:
    payload, receipt = done.payload, done.receipt
    return {
        "delivery_id": payload.claim.delivery_id,
        "account_id": payload.account.id,
        "platform_id": receipt.platform_id,
        "url": receipt.url,
        "published_at": receipt.published_at,
        "stored_at": now,
        "origin": ReceiptOrigin.ANSWER,
        "answer": receipt.answer,
        "action": payload.action,
    }


def _store_late(
    context: WorkerContext,
    session: Session,
    payload: DeliveryPayload,
    receipt: Receipt,
    now: datetime,
) -> None:
    """An answer that came late, was no publication, or named an id that proves nothing."""
    delivery = outcomes.held_delivery(session, payload.claim)
    if delivery is None or delivery.state not in LATE_ANSWER:
        return
    if payload.action is DeliveryAction.PUBLISH and is_known(
        session, delivery.account_id, receipt.platform_id
    ):
        outcomes.unconfirm(context, session, delivery, payload.claim, "id_seen_before")
        return
    delivery.reason = {}
    add_receipt(session, delivery, receipt, origin=ReceiptOrigin.ANSWER, now=now)
    outcomes.move(session, delivery, DeliveryState.PUBLISHED, payload.claim, now, "publish")


def is_known(session: Session, account_id: int, platform_id: str) -> bool:
    """Whether this id is already the proof of another publication on that account."""
    query = select(ReceiptRow.id).where(
        ReceiptRow.account_id == account_id,
        ReceiptRow.platform_id == platform_id,
        ReceiptRow.action == IS_PUBLISH,
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
    """Keep the proof that this delivery was carried out, and what follows from it."""
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
        action=delivery.action,
    )
    session.add(row)
    session.flush()
    takedown_orders.carried_out(session, delivery, now=now)
    return row


@cache
def _ending(dialect: str) -> Update:
    given = rows_from_json(dialect, {"delivery_id": Key, "fence": Integer(), "answer": Text()})
    return (
        update(_ATTEMPT)
        .where(_ATTEMPT.c.delivery_id == given.c.delivery_id, _ATTEMPT.c.fence == given.c.fence)
        .values(ended_at=MOMENT, outcome="published", answer=given.c.answer)
    )


def _end_attempts(session: Session, done: Sequence[Done], now: datetime) -> None:
    rows = [
        {
            "delivery_id": one.payload.claim.delivery_id,
            "fence": one.payload.claim.fence,
            "answer": one.receipt.answer,
        }
        for one in done
    ]
    session.flush()
    connection = session.connection()
    values = {"given": as_json(rows), "at_moment": now}
    connection.execute(_ending(connection.dialect.name), values)
