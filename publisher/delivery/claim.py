"""Claiming due deliveries: one UPDATE leases them to a clock, in a transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import chain

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    bindparam,
    exists,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from publisher import failpoints
from publisher.database.bulk import as_json, bulk_insert, column_equals, is_in_rows
from publisher.database.prepared_statements import PreparedStatement, Value, run
from publisher.database.session import table_of
from publisher.delivery.payload import DeliveryPayload, load_payloads
from publisher.delivery.rate_limits import counter, query
from publisher.delivery.rate_limits.counter import ACCOUNT_ID
from publisher.delivery.worker_context import Claim, WorkerContext
from publisher.models.deliveries import Account, Attempt, Delivery, DeliveryAction
from publisher.models.posts import Post
from publisher.scheduling import holds
from publisher.states import AccountState, DeliveryState
from publisher.transitions import NOW

_LIMIT = bindparam("limit", type_=Integer())


@dataclass(frozen=True)
class Due:
    """The accounts that have sendable deliveries now, and when the next delivery falls due.

    Accounts with urgent deliveries (`urgent_ids`) come first in `account_ids`.
    """

    account_ids: tuple[int, ...]
    next_at: datetime | None
    urgent_ids: frozenset[int] = frozenset()


def _due_conditions(now: query.Moment) -> tuple[ColumnElement[bool], ...]:
    return (
        Delivery.state == DeliveryState.SCHEDULED,
        Delivery.due_at <= now,
        or_(Delivery.not_before.is_(None), Delivery.not_before <= now),
    )


_DUE_ON_ACCOUNT = (Delivery.account_id == Account.id, *_due_conditions(NOW))
# A scalar subquery: for an EXISTS, PostgreSQL would collect all due deliveries of all accounts.
_FIRST_DUE = (
    select(Delivery.id).where(*_DUE_ON_ACCOUNT).limit(1).correlate(Account).scalar_subquery()
)
_FIRST_URGENT = (
    select(Delivery.id)
    .where(*_DUE_ON_ACCOUNT, Delivery.urgent.is_(True))
    .limit(1)
    .correlate(Account)
    .scalar_subquery()
)
# Emergencies, edits, deletions and hides, which no rate limit of publications holds back.
_HAS_UNLIMITED = exists().where(
    *_DUE_ON_ACCOUNT, or_(Delivery.urgent.is_(True), Delivery.action != DeliveryAction.PUBLISH)
)

#: PostgreSQL:
#:   SELECT accounts.id, (
#:     SELECT deliveries.id
#:     FROM deliveries
#:     WHERE deliveries.account_id = accounts.id
#:       AND deliveries.state = 'scheduled'
#:       AND deliveries.due_at <= :now
#:       AND (deliveries.not_before IS NULL OR deliveries.not_before <= :now)
#:       AND deliveries.urgent IS true
#:     LIMIT 1
#:   ) IS NOT NULL AS has_urgent
#:   FROM accounts
#:   WHERE accounts.state = 'connected'
#:     AND (
#:       SELECT deliveries.id
#:       FROM deliveries
#:       WHERE deliveries.account_id = accounts.id
#:         AND deliveries.state = 'scheduled'
#:         AND deliveries.due_at <= :now
#:         AND (deliveries.not_before IS NULL OR deliveries.not_before <= :now)
#:       LIMIT 1
#:     ) IS NOT NULL
#:     AND ((accounts.quiet_until IS NULL OR accounts.quiet_until <= :now) AND NOT (EXISTS (
#:       SELECT *
#:       FROM allowances
#:       WHERE allowances.account_id = accounts.id
#:         AND allowances.remaining <= 0
#:         AND allowances.resets_at > :now
#:         AND (allowances.name LIKE 'publish.' || '%')
#:     )) OR (EXISTS (
#:       SELECT *
#:       FROM deliveries
#:       WHERE deliveries.account_id = accounts.id
#:         AND deliveries.state = 'scheduled'
#:         AND deliveries.due_at <= :now
#:         AND (deliveries.not_before IS NULL OR deliveries.not_before <= :now)
#:         AND (deliveries.urgent IS true OR deliveries.action != 'publish')
#:     )))
#:   ORDER BY accounts.id
_ACCOUNTS_WITH_DUE = PreparedStatement(
    "accounts_with_due",
    select(Account.id, _FIRST_URGENT.is_not(None).label("has_urgent"))
    .where(
        Account.state == AccountState.CONNECTED,
        _FIRST_DUE.is_not(None),
        or_(query.is_free(NOW), _HAS_UNLIMITED),
    )
    .order_by(Account.id),
    [NOW],
)

#: PostgreSQL:
#:   SELECT deliveries.due_at
#:   FROM deliveries
#:   WHERE deliveries.state = 'scheduled'
#:     AND deliveries.due_at > :now
#:   ORDER BY deliveries.due_at
#:   LIMIT 1
_NEXT_DUE = PreparedStatement(
    "next_due",
    select(Delivery.due_at)
    .where(Delivery.state == DeliveryState.SCHEDULED, Delivery.due_at > NOW)
    .order_by(Delivery.due_at)
    .limit(1),
    [NOW],
)


def find_due(context: WorkerContext) -> Due:
    """Return the accounts with deliveries due now, and when the next delivery falls due."""
    with context.database.connection_for_reading() as connection:
        values: dict[str, Value] = {"now": context.now()}
        accounts, upcoming = run(
            connection, _ACCOUNTS_WITH_DUE(values), _NEXT_DUE(values), commit=True
        )
    urgent_ids = frozenset(row.id for row in accounts if row.has_urgent)
    in_order = sorted((row.id for row in accounts), key=lambda row_id: row_id not in urgent_ids)
    return Due(tuple(in_order), upcoming[0].due_at if upcoming else None, urgent_ids)


def claim(
    context: WorkerContext, *, account_id: int, most: int, only_urgent: bool = False
) -> list[DeliveryPayload]:
    """Claim up to `most` deliveries due on this account, urgent ones first, then the oldest.

    Return their payloads. The claim is committed before this returns.
    """
    failpoints.hit("publish.before_claim")
    now = context.now()
    with context.database.transaction() as session:
        delivery_ids = candidate_ids(session, account_id, now, most, only_urgent=only_urgent)
        claims = claim_deliveries(session, delivery_ids, context, now) if delivery_ids else []
        payloads = load_payloads(session, claims)
        failpoints.hit("publish.in_claim_commit")
    failpoints.hit("publish.claimed")
    return payloads


#: PostgreSQL:
#:   SELECT true AS any_holds
#:   WHERE (EXISTS (SELECT * FROM stops WHERE stops.released_at IS NULL))
#:     OR (EXISTS (
#:       SELECT *
#:       FROM freezes
#:       WHERE freezes.lifted_at IS NULL
#:         AND freezes.from_at <= :now
#:         AND freezes.until_at > :now
#:     ))
_ANY_HOLDS = PreparedStatement(
    "is_braked",
    select(true().label("any_holds")).where(holds.are_any(NOW)),
    [NOW],
)


def _candidates(*, urgent: bool) -> Select[int]:
    return (
        select(Delivery.id)
        .where(
            *_due_conditions(NOW), Delivery.account_id == ACCOUNT_ID, Delivery.urgent.is_(urgent)
        )
        .order_by(Delivery.due_at, Delivery.id)
        .limit(_LIMIT)
        .with_for_update(skip_locked=True, of=Delivery)
    )


# Two statements, so that each reads its rows in this order from an index, however many are due.
#: PostgreSQL:
#:   SELECT deliveries.id
#:   FROM deliveries
#:   WHERE deliveries.state = 'scheduled'
#:     AND deliveries.due_at <= :now
#:     AND (deliveries.not_before IS NULL OR deliveries.not_before <= :now)
#:     AND deliveries.account_id = :account_id
#:     AND deliveries.urgent IS true
#:   ORDER BY deliveries.due_at, deliveries.id
#:   LIMIT :limit
#:   FOR UPDATE OF deliveries SKIP LOCKED
URGENT = PreparedStatement("urgent_candidates", _candidates(urgent=True), [NOW, ACCOUNT_ID, _LIMIT])

#: PostgreSQL:
#:   SELECT deliveries.id
#:   FROM deliveries
#:   WHERE deliveries.state = 'scheduled'
#:     AND deliveries.due_at <= :now
#:     AND (deliveries.not_before IS NULL OR deliveries.not_before <= :now)
#:     AND deliveries.account_id = :account_id
#:     AND deliveries.urgent IS false
#:   ORDER BY deliveries.due_at, deliveries.id
#:   LIMIT :limit
#:   FOR UPDATE OF deliveries SKIP LOCKED
OTHERS = PreparedStatement("candidates", _candidates(urgent=False), [NOW, ACCOUNT_ID, _LIMIT])


def candidate_ids(
    session: Session, account_id: int, now: datetime, most: int, *, only_urgent: bool = False
) -> list[int]:
    """Return and lock the ids of up to `most` deliveries that may be claimed, in claiming order."""
    values: dict[str, Value] = {"now": now, "account_id": account_id, "limit": most}
    connection = session.connection()
    statements = (URGENT,) if only_urgent else (URGENT, OTHERS)
    calls = [statement(values) for statement in statements]
    # One round trip. Holds are rare: only if there are any, the candidates are selected once more,
    # now without those that a hold applies to.
    any_holds, *candidates = run(connection, _ANY_HOLDS(values), *calls)
    if not any_holds:
        return [row.id for rows in candidates for row in rows][:most]
    no_hold_applies = holds.not_held(holds.active_holds(session, now=now))
    queries = [_candidates(urgent=urgent) for urgent in (True, False)[: len(statements)]]
    due_and_free = [
        query.join(Post, Post.id == Delivery.post_id).where(no_hold_applies) for query in queries
    ]
    free_ids = [connection.execute(query, values).scalars() for query in due_and_free]
    return list(chain.from_iterable(free_ids))[:most]


def claim_deliveries(
    session: Session, delivery_ids: Sequence[int], context: WorkerContext, now: datetime
) -> list[Claim]:
    """Claim those of these deliveries that are still scheduled, by one atomic UPDATE.

    Each gets the next fence and an Attempt. Returns the claims in the order of `delivery_ids`.
    """
    connection = session.connection()
    values = {
        "rows": as_json([{"id": delivery_id} for delivery_id in delivery_ids]),
        "now": now,
        "claimed_by": context.clock_name,
        "leased_until": now + timedelta(seconds=context.delivery_settings.lease),
    }
    claimed_rows = connection.execute(_claim_statement(connection.dialect.name), values).all()
    in_order = sorted(claimed_rows, key=lambda row: delivery_ids.index(row.id))
    counted_ids = _reserve_limits(session, in_order, now)
    attempt_rows = [
        {
            "delivery_id": row.id,
            "fence": row.fence,
            "clock": context.clock_name,
            "claimed_at": now,
            "asked": row.action.value,
            "counted": row.id in counted_ids,
        }
        for row in in_order
    ]
    if attempt_rows:
        bulk_insert(session, Attempt, attempt_rows)
    return [Claim(row.id, row.fence, row.id in counted_ids) for row in in_order]


#: PostgreSQL:
#:   UPDATE deliveries
#:   SET state='claimed', state_at=:now, fence=(deliveries.fence + 1), claimed_by=:claimed_by,
#:       leased_until=:leased_until
#:   FROM json_to_recordset(CAST(:rows AS JSON)) AS json_rows(id BIGINT)
#:   WHERE deliveries.id = json_rows.id
#:     AND (deliveries.state = 'scheduled') IS true
#:   RETURNING deliveries.id, deliveries.fence, deliveries.action, deliveries.account_id
@cache
def _claim_statement(dialect: str) -> ReturningUpdate[int, int, DeliveryAction, int]:
    table = table_of(Delivery)
    return (
        update(table)
        .where(
            is_in_rows(dialect, table.c.id),
            column_equals(table.c.state, DeliveryState.SCHEDULED),
        )
        .values(
            state=DeliveryState.CLAIMED,
            state_at=NOW,
            fence=table.c.fence + 1,
            claimed_by=bindparam("claimed_by"),
            leased_until=bindparam("leased_until"),
        )
        .returning(table.c.id, table.c.fence, table.c.action, table.c.account_id)
    )


def _reserve_limits(
    session: Session, rows: Sequence[Row[int, int, DeliveryAction, int]], now: datetime
) -> frozenset[int]:
    """Reserve rate limit for the publications among these; return the ids that were counted."""
    publications = [row for row in rows if row.action is DeliveryAction.PUBLISH]
    if not publications:
        return frozenset()
    account_id = publications[0].account_id
    counted = counter.reserve(session, account_id, len(publications), now)
    return frozenset(row.id for row in publications[:counted])
