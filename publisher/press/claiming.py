"""The claim: one statement by which one clock holds what is due, committed apart from sending."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, exists, or_, select, update
from sqlalchemy.orm import Session

from publisher import checkpoints
from publisher.database import insert_together
from publisher.desk import holding_back
from publisher.lifecycle import AccountState, DeliveryState
from publisher.models.content import Post
from publisher.models.deliveries import Account, Attempt, Delivery, DeliveryAction
from publisher.press import limits, parcels
from publisher.press.bench import Bench, Claim
from publisher.press.parcels import Parcel


def is_any_due(session: Session, now: datetime) -> bool:
    """One indexed read: whether anything waits whose time has come."""
    query = select(Delivery.id).where(*_due(now)).limit(1)
    return session.execute(query).first() is not None


def next_due(session: Session, after: datetime) -> datetime | None:
    """When the next delivery that waits falls due after this moment."""
    query = select(Delivery.due_at).where(
        Delivery.state == DeliveryState.SCHEDULED, Delivery.due_at > after
    )
    found: datetime | None = session.execute(query.order_by(Delivery.due_at).limit(1)).scalar()
    return found


def open_accounts(session: Session, now: datetime) -> list[int]:
    """The accounts that have something due which may be sent now: they share the connections."""
    query = select(Account.id).where(
        Account.state == AccountState.CONNECTED,
        exists().where(Delivery.account_id == Account.id, *_due(now)),
        or_(limits.is_free(now), _has_more_than_posts(now)),
    )
    return list(session.scalars(query.order_by(Account.id)))


def _has_more_than_posts(now: datetime) -> ColumnElement[bool]:
    """What no limit of publications holds up: emergencies, edits, deletions and hides."""
    return exists().where(
        Delivery.account_id == Account.id,
        *_due(now),
        or_(Delivery.urgent.is_(True), Delivery.action != DeliveryAction.PUBLISH),
    )


def claim(bench: Bench, *, account_id: int, most: int) -> list[Parcel]:
    """Claim what is due on this account, the urgent first and then the oldest; at most `most`."""
    checkpoints.reach("publish.before_claim")
    now = bench.now()
    with bench.database.transaction() as session:
        found = holding_back.brakes(session, now=now)
        wanted = _candidates(session, account_id, holding_back.is_free(found), now, most)
        claims = claim_these(session, wanted, bench, now) if wanted else []
        ready = parcels.read(session, claims)
        checkpoints.reach("publish.in_claim_commit")
    checkpoints.reach("publish.claimed")
    return ready


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Delivery.state == DeliveryState.SCHEDULED,
        Delivery.due_at <= now,
        or_(Delivery.not_before.is_(None), Delivery.not_before <= now),
    )


def _candidates(
    session: Session, account_id: int, is_free: ColumnElement[bool], now: datetime, most: int
) -> list[int]:
    query = (
        select(Delivery.id)
        .join(Post, Post.id == Delivery.post_id)
        .where(*_due(now), Delivery.account_id == account_id, is_free)
        .order_by(Delivery.urgent.desc(), Delivery.due_at, Delivery.id)
        .limit(most)
        .with_for_update(skip_locked=True, of=Delivery)
    )
    return list(session.scalars(query))


def claim_these(
    session: Session, wanted: Sequence[int], bench: Bench, now: datetime
) -> list[Claim]:
    """One atomic UPDATE: whoever changes a row has it, by the next fence; each is an Attempt."""
    statement = (
        update(Delivery)
        .where(Delivery.id.in_(wanted), Delivery.state == DeliveryState.SCHEDULED)
        .values(
            state=DeliveryState.CLAIMED,
            state_at=now,
            fence=Delivery.fence + 1,
            claimed_by=bench.clock_name,
            leased_until=now + timedelta(seconds=bench.pace.lease),
        )
        .returning(Delivery.id, Delivery.fence, Delivery.action, Delivery.account_id)
        .execution_options(synchronize_session=False)
    )
    taken = sorted(session.execute(statement).all(), key=lambda row: wanted.index(row.id))
    counted = _count(session, taken, now)
    rows = [
        {
            "delivery_id": row.id,
            "fence": row.fence,
            "clock": bench.clock_name,
            "claimed_at": now,
            "asked": row.action.value,
            "counted": row.id in counted,
        }
        for row in taken
    ]
    if rows:
        insert_together(session, Attempt, rows)
    return [Claim(row.id, row.fence, row.id in counted) for row in taken]


def _count(
    session: Session, taken: Sequence[Row[int, int, DeliveryAction, int]], now: datetime
) -> frozenset[int]:
    """Count them against their account's limits, as far as these go; gives which were."""
    publications = [row for row in taken if row.action is DeliveryAction.PUBLISH]
    if not publications:
        return frozenset()
    account_id = publications[0].account_id
    counted = limits.reserve(session, account_id, len(publications), now)
    return frozenset(row.id for row in publications[:counted])
