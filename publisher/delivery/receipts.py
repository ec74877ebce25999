"""Storing receipts: many in one transaction, with unusual ones handled one by one."""

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
from publisher.states import MAY_BE_LIVE, DeliveryState
from publisher.transitions import NOW, ClaimedTransitions

_RECEIPT, _ATTEMPT = table_of(ReceiptRow), table_of(Attempt)

#: PostgreSQL:
#:   WITH moved AS (
#:     UPDATE deliveries
#:     SET state='published', state_at=:now, reason='{}'::JSON
#:     FROM json_to_recordset(CAST(:rows AS JSON)) AS json_rows(id BIGINT, fence INTEGER)
#:     WHERE deliveries.id = json_rows.id
#:       AND deliveries.fence = json_rows.fence
#:       AND (deliveries.state = 'sending') IS true
#:     RETURNING deliveries.id
#:   )
#:   INSERT INTO events (at, subject, subject_id, verb, state_before, state_after, actor_kind,
#:       person_id, appointment_id, details)
#:   SELECT CAST(:now AS TIMESTAMP WITH TIME ZONE) AS at,
#:       CAST('deliveries' AS VARCHAR(40)) AS subject, CAST(moved.id AS BIGINT) AS subject_id,
#:       CAST('publish' AS VARCHAR(40)) AS verb, CAST('sending' AS VARCHAR(24)) AS state_before,
#:       CAST('published' AS VARCHAR(24)) AS state_after,
#:       CAST('clock' AS VARCHAR(24)) AS actor_kind, CAST(NULL AS BIGINT) AS person_id,
#:       CAST(NULL AS BIGINT) AS appointment_id, CAST('{}' AS JSON) AS details
#:   FROM moved
#:   ORDER BY moved.id
#:   RETURNING events.subject_id
_PUBLISH = ClaimedTransitions(
    DeliveryState.SENDING,
    DeliveryState.PUBLISHED,
    actor=CLOCK,
    verb="publish",
    set_columns={"reason": {}},
)

IS_PUBLISH = bindparam(
    "publish", DeliveryAction.PUBLISH, type_=_RECEIPT.c.action.type, literal_execute=True
)
"""A literal in the statement, so that the partial index of publications can be used."""


@dataclass(frozen=True)
class Completion:
    """A delivery that a platform has carried out, its receipt, and the limits it reported."""

    payload: DeliveryPayload
    receipt: Receipt
    allowances: outcomes.Allowances = ()


def store_receipts(context: WorkerContext, completions: Sequence[Completion]) -> None:
    """Store these receipts in one transaction; late, repeated or unproven ones one by one."""
    with context.database.transaction() as session:
        now = context.now()
        usual = _usual(session, completions)
        claims = [completion.payload.claim for completion in usual]
        fences = {claim.delivery_id: claim.fence for claim in claims}
        moved = _PUBLISH.apply(session, fences, now) if fences else frozenset()
        rows = [
            _receipt_row(completion, now)
            for completion in usual
            if completion.payload.claim.delivery_id in moved
        ]
        if rows:
            bulk_insert(session, ReceiptRow, rows)
        for completion in completions:
            if completion.payload.claim.delivery_id not in moved:
                _store_late(context, session, completion.payload, completion.receipt, now)
        # Deliveries are locked before their attempts everywhere: see outcomes.py.
        _end_attempts(session, completions, now)
        _store_limits(session, completions, now)
        failpoints.hit("publish.in_receipt_commit")
    failpoints.hit("publish.stored")


def _store_limits(session: Session, completions: Sequence[Completion], now: datetime) -> None:
    # In the order of accounts, so that two clocks never deadlock.
    by_account = {
        completion.payload.account.id: completion.allowances
        for completion in completions
        if completion.allowances
    }
    for account_id in sorted(by_account):
        response_limits.learn(session, account_id, by_account[account_id], now)


def _usual(session: Session, completions: Sequence[Completion]) -> list[Completion]:
    """Return the publications whose platform ids are new to their account and this batch.

    Of two attempts at one delivery only the newest qualifies.
    """
    newest: dict[int, int] = {}
    for completion in completions:
        claim = completion.payload.claim
        newest[claim.delivery_id] = max(claim.fence, newest.get(claim.delivery_id, 0))
    created = [
        completion
        for completion in completions
        if completion.payload.action is DeliveryAction.PUBLISH
    ]
    ids = [
        (completion.payload.account.id, completion.receipt.platform_id) for completion in created
    ]
    if not ids:
        return []
    stored_ids = _stored_ids(session, ids)
    usable = {pair for pair in ids if ids.count(pair) == 1 and pair not in stored_ids}
    return [
        completion
        for completion, pair in zip(created, ids, strict=True)
        if pair in usable
        and completion.payload.claim.fence == newest[completion.payload.claim.delivery_id]
    ]


def _stored_ids(session: Session, ids: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return those of these (account id, platform id) that a publication's receipt has already."""
    connection = session.connection()
    names = ("account_id", "platform_id")
    pairs = [dict(zip(names, pair, strict=True)) for pair in ids]
    query = _stored_ids_query(connection.dialect.name)
    rows = connection.execute(query, {"rows": as_json(pairs)})
    return {(row.account_id, row.platform_id) for row in rows}


#: PostgreSQL:
#:   SELECT receipts.account_id, receipts.platform_id
#:   FROM receipts
#:   JOIN json_to_recordset(CAST(:rows AS JSON)) AS json_rows(account_id BIGINT,
#:       platform_id VARCHAR(120)) ON receipts.account_id = json_rows.account_id
#:     AND receipts.platform_id = json_rows.platform_id
#:   WHERE receipts.action = 'publish'
@cache
def _stored_ids_query(dialect: str) -> Select[int, str]:
    columns = (_RECEIPT.c.account_id, _RECEIPT.c.platform_id)
    pairs = rows_from_json(dialect, {column.name: column.type for column in columns})
    same = and_(*(column == pairs.c[column.name] for column in columns))
    query = select(*columns).join(pairs, same)
    return query.where(_RECEIPT.c.action == IS_PUBLISH)


def _receipt_row(done: Completion, now: datetime) -> dict[str, object]:
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
    """Store one receipt that is late, no publication, or has an id that proves nothing."""
    delivery = outcomes.lock_for_claim(session, payload.claim)
    if delivery is None or delivery.state not in MAY_BE_LIVE:
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
    """Return True if another publication on that account has a receipt with this id."""
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
    """Store the receipt of a delivery, and settle the takedown order that it carried out."""
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


#: PostgreSQL:
#:   UPDATE attempts
#:   SET ended_at=:now, outcome='published', answer=json_rows.answer
#:   FROM json_to_recordset(CAST(:rows AS JSON)) AS json_rows(delivery_id BIGINT, fence INTEGER,
#:       answer TEXT)
#:   WHERE attempts.delivery_id = json_rows.delivery_id
#:     AND attempts.fence = json_rows.fence
@cache
def _ending(dialect: str) -> Update:
    answers = rows_from_json(dialect, {"delivery_id": Key, "fence": Integer(), "answer": Text()})
    return (
        update(_ATTEMPT)
        .where(_ATTEMPT.c.delivery_id == answers.c.delivery_id, _ATTEMPT.c.fence == answers.c.fence)
        .values(ended_at=NOW, outcome="published", answer=answers.c.answer)
    )


def _end_attempts(session: Session, completions: Sequence[Completion], now: datetime) -> None:
    rows = [
        {
            "delivery_id": completion.payload.claim.delivery_id,
            "fence": completion.payload.claim.fence,
            "answer": completion.receipt.answer,
        }
        for completion in completions
    ]
    session.flush()
    connection = session.connection()
    values = {"rows": as_json(rows), "now": now}
    connection.execute(_ending(connection.dialect.name), values)
