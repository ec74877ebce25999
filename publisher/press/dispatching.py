"""The press's tick: what is too late is missed, what is due is claimed and sent, one by one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import checkpoints, moving
from publisher.desk.timing import latest_moment
from publisher.lifecycle import AccountState, DeliveryState
from publisher.models.deliveries import Account, Attempt, ClockBeat, Delivery
from publisher.press import publishing, telling
from publisher.press.bench import Bench, Claim
from publisher.settings import Press


def tick_press(bench: Bench, *, most: int = 50) -> int:
    """Settle what is too late, then send what is due; gives how many deliveries were taken up."""
    with bench.database.transaction() as session:
        beat(session, bench.clock_name, now=bench.now())
        give_up_late(session, now=bench.now())
        sweep(session, now=bench.now(), pace=bench.pace)
    taken = 0
    while taken < most and (claim := claim_next(bench)) is not None:
        publishing.carry_out(bench, claim)
        taken += 1
    return taken


def beat(session: Session, clock_name: str, *, now: datetime) -> None:
    """Write down that this clock is alive."""
    known = session.get(ClockBeat, clock_name)
    if known is None:
        session.add(ClockBeat(name=clock_name, started_at=now, beat_at=now))
    else:
        known.beat_at = now


def give_up_late(session: Session, *, now: datetime) -> list[Delivery]:
    """Mark as missed what is past its late limit: a person decides whether it still makes sense."""
    query = (
        select(Delivery)
        .where(Delivery.state == DeliveryState.SCHEDULED, Delivery.due_at < now)
        .order_by(Delivery.due_at)
        .with_for_update(skip_locked=True)
    )
    late = [one for one in session.scalars(query) if now > latest_moment(one)]
    moving.apply_all(session, late, DeliveryState.MISSED, actor=CLOCK, now=now, verb="miss")
    for delivery in late:
        delivery.reason = {"code": _why_late(delivery), "limit": delivery.late_limit}
        telling.tell_missed(session, delivery, now=now)
    return late


def _why_late(delivery: Delivery) -> str:
    """Whether its account had stopped, or nobody and nothing was there to send it in time."""
    return "late_paused" if delivery.account.state is AccountState.PAUSED else "late"


def sweep(session: Session, *, now: datetime, pace: Press) -> None:
    """Take up again what a dead clock left: claimed is safe to repeat, sending never is."""
    for delivery in _lapsed(session, DeliveryState.CLAIMED, now):
        moving.apply(
            session,
            delivery,
            DeliveryState.SCHEDULED,
            actor=CLOCK,
            now=now,
            verb="lease_ended",
            fence=delivery.fence,
        )
    for delivery in _lapsed(session, DeliveryState.SENDING, now):
        delivery.look_at = now + timedelta(seconds=pace.looks[0])
        delivery.reason = {"code": "lease_ended"}
        moving.apply(
            session,
            delivery,
            DeliveryState.UNCONFIRMED,
            actor=CLOCK,
            now=now,
            verb="lease_ended",
            fence=delivery.fence,
        )


def _lapsed(session: Session, state: DeliveryState, now: datetime) -> list[Delivery]:
    query = (
        select(Delivery)
        .where(Delivery.state == state, Delivery.leased_until < now)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query))


def claim_next(bench: Bench) -> Claim | None:
    """Claim the delivery that is due first, or None; committed apart from sending."""
    checkpoints.reach("publish.before_claim")
    now = bench.now()
    with bench.database.transaction() as session:
        candidate = _first_due(session, now)
        if candidate is None:
            return None
        claim = _claim(session, candidate, bench, now)
    checkpoints.reach("publish.claimed")
    return claim


def _first_due(session: Session, now: datetime) -> Delivery | None:
    query = (
        select(Delivery)
        .join(Account, Account.id == Delivery.account_id)
        .where(
            Delivery.state == DeliveryState.SCHEDULED,
            Delivery.due_at <= now,
            or_(Delivery.not_before.is_(None), Delivery.not_before <= now),
            Account.state == AccountState.CONNECTED,
            or_(Account.quiet_until.is_(None), Account.quiet_until <= now),
        )
        .order_by(Delivery.due_at, Delivery.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Delivery)
    )
    return session.scalars(query).one_or_none()


def _claim(session: Session, candidate: Delivery, bench: Bench, now: datetime) -> Claim | None:
    """One atomic UPDATE: whoever changes the row has it, by the next fence."""
    fence = candidate.fence + 1
    statement = (
        update(Delivery)
        .where(
            Delivery.id == candidate.id,
            Delivery.state == DeliveryState.SCHEDULED,
            Delivery.fence == candidate.fence,
        )
        .values(
            state=DeliveryState.CLAIMED,
            state_at=now,
            fence=fence,
            claimed_by=bench.clock_name,
            leased_until=now + timedelta(seconds=bench.pace.lease),
        )
        .execution_options(synchronize_session=False)
    )
    result = session.execute(statement)
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        return None
    attempt = Attempt(delivery_id=candidate.id, fence=fence, clock=bench.clock_name, claimed_at=now)
    session.add(attempt)
    return Claim(delivery_id=candidate.id, fence=fence)
