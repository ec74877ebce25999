"""The claim: one statement by which one clock holds what is due, committed apart from sending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
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
from publisher.delivery.rate_limits.counter import OF
from publisher.delivery.worker_context import Claim, WorkerContext
from publisher.models.deliveries import Account, Attempt, Delivery, DeliveryAction
from publisher.models.posts import Post
from publisher.scheduling import holds
from publisher.states import AccountState, DeliveryState
from publisher.transitions import MOMENT

_MOST = bindparam("at_most", type_=Integer())


@dataclass(frozen=True)
class Due:
    """On which accounts something is due that may be sent now, and when the next falls due.

    Those with something urgent, which are also `urgent_ids`, stand first.
    """

    account_ids: tuple[int, ...]
    next_at: datetime | None
    urgent_ids: frozenset[int] = frozenset()


def _is_due(now: query.Moment) -> tuple[ColumnElement[bool], ...]:
    return (
        Delivery.state == DeliveryState.SCHEDULED,
        Delivery.due_at <= now,
        or_(Delivery.not_before.is_(None), Delivery.not_before <= now),
    )


_OF_ACCOUNT = (Delivery.account_id == Account.id, *_is_due(MOMENT))
_FIRST_OF_ACCOUNT = select(Delivery.id).where(*_OF_ACCOUNT).limit(1).correlate(Account)
"""An EXISTS would have PostgreSQL gather all that is due on all accounts."""

_FIRST_URGENT = (
    select(Delivery.id)
    .where(*_OF_ACCOUNT, Delivery.urgent.is_(True))
    .limit(1)
    .correlate(Account)
    .scalar_subquery()
)
_MORE_THAN_POSTS = exists().where(
    *_OF_ACCOUNT, or_(Delivery.urgent.is_(True), Delivery.action != DeliveryAction.PUBLISH)
)
"""What no limit of publications holds up: emergencies, edits, deletions and hides."""

_OPEN = PreparedStatement(
    "accounts_with_due",
    select(Account.id, _FIRST_URGENT.is_not(None).label("has_urgent"))
    .where(
        Account.state == AccountState.CONNECTED,
        _FIRST_OF_ACCOUNT.scalar_subquery().is_not(None),
        or_(query.is_free(MOMENT), _MORE_THAN_POSTS),
    )
    .order_by(Account.id),
    [MOMENT],
)
_NEXT = PreparedStatement(
    "next_due",
    select(Delivery.due_at)
    .where(Delivery.state == DeliveryState.SCHEDULED, Delivery.due_at > MOMENT)
    .order_by(Delivery.due_at)
    .limit(1),
    [MOMENT],
)


def find_due(context: WorkerContext) -> Due:
    """What is due now: the accounts that share the connections, and until when the press rests."""
    with context.database.connection_for_reading() as connection:
        values: dict[str, Value] = {"at_moment": context.now()}
        accounts, upcoming = run(connection, _OPEN(values), _NEXT(values), commit=True)
    urgent = frozenset(one.id for one in accounts if one.has_urgent)
    in_order = sorted((one.id for one in accounts), key=lambda one: one not in urgent)
    return Due(tuple(in_order), upcoming[0].due_at if upcoming else None, urgent)


def claim(
    context: WorkerContext, *, account_id: int, most: int, only_urgent: bool = False
) -> list[DeliveryPayload]:
    """Claim what is due on this account, the urgent first and then the oldest; at most `most`."""
    failpoints.hit("publish.before_claim")
    now = context.now()
    with context.database.transaction() as session:
        found = candidate_ids(session, account_id, now, most, only_urgent=only_urgent)
        claims = claim_these(session, found, context, now) if found else []
        ready = load_payloads(session, claims)
        failpoints.hit("publish.in_claim_commit")
    failpoints.hit("publish.claimed")
    return ready


_BRAKED = PreparedStatement(
    "is_braked",
    select(true().label("braked")).where(holds.are_any(MOMENT)),
    [MOMENT],
)
_DUE = (
    select(Delivery.id)
    .where(*_is_due(MOMENT), Delivery.account_id == OF)
    .order_by(Delivery.due_at, Delivery.id)
    .limit(_MOST)
    .with_for_update(skip_locked=True, of=Delivery)
)
_IS_URGENT = Delivery.urgent.is_(True), Delivery.urgent.is_(False)
URGENT, OTHERS = (
    PreparedStatement(name, _DUE.where(one), [MOMENT, OF, _MOST])
    for name, one in zip(("urgent_candidates", "candidates"), _IS_URGENT, strict=True)
)
"""What is due on an account, the urgent and the rest, the oldest first.

Asked for one by one, so that each comes from an index in this order, however much is due.
"""


def candidate_ids(
    session: Session, account_id: int, now: datetime, most: int, *, only_urgent: bool = False
) -> list[int]:
    """What is to be claimed, locked. Only where a stop or freeze is, it is asked what they hold."""
    values: dict[str, Value] = {"at_moment": now, "of_account": account_id, "at_most": most}
    connection = session.connection()
    asked = (URGENT,) if only_urgent else (URGENT, OTHERS)
    braked, *found = run(connection, _BRAKED(values), *(one(values) for one in asked))
    if not braked:
        return [one.id for some in found for one in some][:most]
    is_free = holds.not_held(holds.active_holds(session, now=now))
    free = _DUE.join(Post, Post.id == Delivery.post_id).where(is_free)
    which = _IS_URGENT[: len(asked)]
    held = [connection.execute(free.where(one), values).scalars() for one in which]
    return [one for some in held for one in some][:most]


def claim_these(
    session: Session, wanted: Sequence[int], context: WorkerContext, now: datetime
) -> list[Claim]:
    """One atomic UPDATE: whoever changes a row has it, by the next fence; each is an Attempt."""
    connection = session.connection()
    values = {
        "given": as_json([{"id": one} for one in wanted]),
        "at_moment": now,
        "of_clock": context.clock_name,
        "at_end": now + timedelta(seconds=context.delivery_settings.lease),
    }
    found = connection.execute(_claim(connection.dialect.name), values).all()
    taken = sorted(found, key=lambda row: wanted.index(row.id))
    counted = _count(session, taken, now)
    rows = [
        {
            "delivery_id": row.id,
            "fence": row.fence,
            "clock": context.clock_name,
            "claimed_at": now,
            "asked": row.action.value,
            "counted": row.id in counted,
        }
        for row in taken
    ]
    if rows:
        bulk_insert(session, Attempt, rows)
    return [Claim(row.id, row.fence, row.id in counted) for row in taken]


@cache
def _claim(dialect: str) -> ReturningUpdate[int, int, DeliveryAction, int]:
    table = table_of(Delivery)
    return (
        update(table)
        .where(
            is_in_rows(dialect, table.c.id),
            column_equals(table.c.state, DeliveryState.SCHEDULED),
        )
        .values(
            state=DeliveryState.CLAIMED,
            state_at=MOMENT,
            fence=table.c.fence + 1,
            claimed_by=bindparam("of_clock"),
            leased_until=bindparam("at_end"),
        )
        .returning(table.c.id, table.c.fence, table.c.action, table.c.account_id)
    )


def _count(
    session: Session, taken: Sequence[Row[int, int, DeliveryAction, int]], now: datetime
) -> frozenset[int]:
    """Count them against their account's limits, as far as these go; gives which were."""
    publications = [row for row in taken if row.action is DeliveryAction.PUBLISH]
    if not publications:
        return frozenset()
    account_id = publications[0].account_id
    counted = counter.reserve(session, account_id, len(publications), now)
    return frozenset(row.id for row in publications[:counted])
