"""Claiming due deliveries: one UPDATE leases them to a clock, in a transaction of its own.

The same transaction reads their payloads: everything that an attempt needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Integer, Row, Select, bindparam, exists, select, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.dml import ReturningUpdate

from approvals import gate
from publisher import failpoints
from publisher.database.bulk import bulk_insert, column_equals, is_in_rows, rows_to_json
from publisher.database.session import core_table
from publisher.delivery.due import due_conditions
from publisher.delivery.rate_limits import counter
from publisher.delivery.rate_limits.counter import ACCOUNT_ID
from publisher.delivery.worker_context import Claim, WorkerContext
from publisher.models.accounts import AllowanceRow
from publisher.models.deliveries import Account, Attempt, Delivery, DeliveryAction
from publisher.models.posts import Post, PostKind, Variant
from publisher.review import gate_adapter
from publisher.scheduling import holds
from publisher.states import DeliveryState
from publisher.transitions import MACHINE, NOW

_LIMIT = bindparam("limit", type_=Integer())

CREATES = (DeliveryAction.PUBLISH, DeliveryAction.EDIT)


@dataclass(frozen=True)
class MediaRef:
    """A picture of a payload, by its digest in the media store."""

    sha256: str
    mime: str
    alt_text: str


@dataclass(frozen=True)
class DeliveryPayload:
    """Everything that one attempt needs.

    `account` is read only, and shared by the payloads of one claim. `variant` holds the text,
    link, target and pictures as the gate will see them, as the claim read them from the rows
    `variant_id` and `revision_id`. `target` is the platform's id of what is replied to, edited,
    deleted or hidden. `staged_id` is the platform's id of the unpublished post of an earlier
    attempt. `urgent` payloads are sent before all others.
    """

    claim: Claim
    action: DeliveryAction
    account: Account
    revision_id: int
    variant_id: int
    variant: gate.VariantSubject
    media_refs: tuple[MediaRef, ...]
    target: str
    is_reply: bool
    staged_id: str
    urgent: bool

    @property
    def creates(self) -> bool:
        """True if a text is published, which the gate has to judge."""
        return self.action in CREATES

    @property
    def stages(self) -> bool:
        """True if it is staged unpublished first: the account can, and it is not a reply."""
        return (
            self.action is DeliveryAction.PUBLISH
            and self.account.two_steps
            and not self.variant.target
        )


def claim(
    context: WorkerContext, *, account_id: int, most: int, only_urgent: bool = False
) -> list[DeliveryPayload]:
    """Claim up to `most` deliveries due on this account, urgent ones first, then the oldest.

    Return their payloads. The claim is committed before this returns.
    """
    failpoints.hit("publish.before_claim")
    now = context.now()
    with context.database.transaction() as session:
        values = {"account_id": account_id, "limit": most, "machine": context.machine, "now": now}
        delivery_ids = candidate_ids(session, values, only_urgent=only_urgent)
        claims = claim_deliveries(session, delivery_ids, context, now) if delivery_ids else []
        payloads = load_payloads(session, claims)
        failpoints.hit("publish.in_claim_commit")
    failpoints.hit("publish.claimed")
    return payloads


#: PostgreSQL:
#:   SELECT (EXISTS (
#:     SELECT * FROM stops WHERE stops.released_at IS NULL
#:   )) OR (EXISTS (
#:     SELECT *
#:     FROM freezes
#:     WHERE freezes.lifted_at IS NULL
#:       AND freezes.from_at <= :now
#:       AND freezes.until_at > :now
#:   )) OR (EXISTS (
#:     SELECT *
#:     FROM wrong_times
#:     WHERE wrong_times.ended_at IS NULL
#:       AND wrong_times.holds_posts
#:       AND wrong_times.machine = :machine
#:   )) AS anon_1
_ANY_HOLDS = select(holds.are_any(NOW, MACHINE))


def _candidates(*, urgent: bool) -> Select[int]:
    return (
        select(Delivery.id)
        .where(*due_conditions(NOW), Delivery.account_id == ACCOUNT_ID, Delivery.urgent.is_(urgent))
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
URGENT = _candidates(urgent=True)

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
OTHERS = _candidates(urgent=False)


def candidate_ids(
    session: Session, values: Mapping[str, Any], *, only_urgent: bool = False
) -> list[int]:
    """Return and lock the ids of deliveries that may be claimed, in claiming order.

    `values` are those of the statements: `account_id`, `limit`, `machine` and `now`.
    """
    queries = [URGENT] if only_urgent else [URGENT, OTHERS]
    # Holds are rare: held deliveries are left out only if there are any holds.
    if session.scalar(_ANY_HOLDS, values):
        now, machine = values["now"], values["machine"]
        no_hold_applies = holds.not_held(holds.active_holds(session, now=now, machine=machine))
        queries = [
            query.join(Post, Post.id == Delivery.post_id).where(no_hold_applies)
            for query in queries
        ]
    candidates = [session.scalars(query, values) for query in queries]
    return list(chain.from_iterable(candidates))[: values["limit"]]


def claim_deliveries(
    session: Session, delivery_ids: Sequence[int], context: WorkerContext, now: datetime
) -> list[Claim]:
    """Claim the deliveries among these that are still scheduled, by one atomic UPDATE.

    Each gets the next fence and an Attempt. Returns the claims in the order of `delivery_ids`.
    """
    connection = session.connection()
    values = {
        "rows": rows_to_json([{"id": delivery_id} for delivery_id in delivery_ids]),
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
#:   RETURNING deliveries.id, deliveries.fence, deliveries.action, deliveries.account_id, EXISTS (
#:     SELECT * FROM allowances WHERE allowances.account_id = deliveries.account_id
#:   ) AS has_limits
@cache
def _claim_statement(dialect: str) -> ReturningUpdate[int, int, DeliveryAction, int, bool]:
    table, limits = core_table(Delivery), core_table(AllowanceRow)
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
        .returning(
            *(table.c.id, table.c.fence, table.c.action, table.c.account_id),
            exists().where(limits.c.account_id == table.c.account_id).label("has_limits"),
        )
    )


def _reserve_limits(
    session: Session, rows: Sequence[Row[int, int, DeliveryAction, int, bool]], now: datetime
) -> frozenset[int]:
    """Reserve rate limit for the publications among these; return the ids that were counted."""
    publications = [row for row in rows if row.action is DeliveryAction.PUBLISH and row.has_limits]
    if not publications:
        return frozenset()
    account_id = publications[0].account_id
    counted = counter.reserve(session, account_id, len(publications), now)
    return frozenset(row.id for row in publications[:counted])


def load_payloads(session: Session, claims: Sequence[Claim]) -> list[DeliveryPayload]:
    """Return the payloads of these claims, in their order."""
    query = (
        select(Delivery)
        .where(Delivery.id.in_([claim.delivery_id for claim in claims]))
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.order),
            joinedload(Delivery.post),
            joinedload(Delivery.variant).selectinload(Variant.renditions),
        )
    )
    deliveries = {delivery.id: delivery for delivery in session.scalars(query)}
    return [_payload(claim, deliveries[claim.delivery_id]) for claim in claims]


def _payload(claim: Claim, delivery: Delivery) -> DeliveryPayload:
    variant = delivery.variant
    return DeliveryPayload(
        claim=claim,
        action=delivery.action,
        account=delivery.account,
        revision_id=variant.revision_id,
        variant_id=variant.id,
        variant=gate_adapter.variant_subject(variant),
        media_refs=tuple(
            MediaRef(rendition.sha256, rendition.mime, rendition.alt_text)
            for rendition in variant.renditions
        ),
        target=delivery.order.target if delivery.order is not None else variant.target,
        is_reply=delivery.post.kind is PostKind.REPLY,
        staged_id=delivery.staged_id,
        urgent=delivery.urgent,
    )
