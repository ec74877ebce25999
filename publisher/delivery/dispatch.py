"""The dispatch tick: give up late deliveries, recover those of dead clocks, send what is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, case, or_, select, true
from sqlalchemy.orm import Session, joinedload

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery import notify, outcomes, restore_state
from publisher.delivery.attempt import PlatformPool, carry_out
from publisher.delivery.claim import claim, find_due
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Attempt, ClockBeat, Delivery
from publisher.models.posts import Revision, Variant
from publisher.scheduling import holds
from publisher.settings.delivery import DeliverySettings
from publisher.states import CLAIMED_OR_SENDING, NOT_PUBLISHED, AccountState, DeliveryState

SHORTEST_LIMIT = timedelta(minutes=1)


def tick_press(context: WorkerContext, *, most: int = 50) -> int:
    """Settle, then send what is due, one by one; return the number of deliveries attempted."""
    settle(context)
    pool, attempts = PlatformPool(context), 0
    while attempts < most and (payload := claim_next(context)) is not None:
        carry_out(context, payload, pool)
        attempts += 1
    return attempts


def settle(context: WorkerContext) -> None:
    """Record a heartbeat, give up what is too late, and recover the deliveries of dead clocks."""
    with context.database.transaction() as session:
        record_heartbeat(session, context.clock_name, now=context.now())
        give_up_late(session, now=context.now())
        sweep(session, now=context.now(), delivery_settings=context.delivery_settings)


def claim_next(context: WorkerContext) -> DeliveryPayload | None:
    """Claim one due delivery and return it, or None if nothing is due."""
    for account_id in find_due(context).account_ids:
        if claimed := claim(context, account_id=account_id, most=1):
            return claimed[0]
    return None


def record_heartbeat(session: Session, clock_name: str, *, now: datetime) -> None:
    """Record that this clock is alive."""
    beat = session.get(ClockBeat, clock_name)
    if beat is None:
        session.add(ClockBeat(name=clock_name, started_at=now, beat_at=now))
    else:
        beat.beat_at = now


def give_up_late(session: Session, *, now: datetime) -> list[Delivery]:
    """Mark deliveries past their late limit as missed, and return them.

    A person decides whether sending them still makes sense.
    """
    late = _late(session, now)
    if not late:
        return []
    brakes = holds.active_holds(session, now=now)
    transitions.apply_all(session, late, DeliveryState.MISSED, actor=CLOCK, now=now, verb="miss")
    for delivery in late:
        delivery.reason = {"code": _why_late(delivery, brakes), "limit": delivery.late_limit}
        notify.tell_missed(session, delivery, now=now)
    return late


def _late(session: Session, now: datetime) -> list[Delivery]:
    """Return and lock the deliveries that are past their late limit or their window."""
    bound = Delivery.action.not_in(holds.TAKES_BACK)
    not_after = case((bound, Revision.not_after), else_=None)
    query = (
        select(Delivery.id, Delivery.due_at, Delivery.late_limit, not_after.label("not_after"))
        .join(Variant, Variant.id == Delivery.variant_id)
        .join(Revision, Revision.id == Variant.revision_id)
        .where(
            Delivery.state == DeliveryState.SCHEDULED,
            Delivery.due_at < now,
            or_(Delivery.due_at < now - SHORTEST_LIMIT, not_after < now),
        )
    )
    ids = [
        row.id
        for row in session.execute(query)
        if row.due_at + timedelta(minutes=row.late_limit) < now
        or (row.not_after is not None and row.not_after < now)
    ]
    if not ids:
        return []
    restores = restore_state.open_restores(session)
    # After a restore, a delivery that was not reconciled yet may be live: it is not late yet.
    sought = true() if restores is None else ~restore_state.not_reconciled(restores)
    locked = (
        select(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state == DeliveryState.SCHEDULED, sought)
        .options(joinedload(Delivery.account), joinedload(Delivery.post))
        .order_by(Delivery.due_at)
        .with_for_update(skip_locked=True, of=Delivery)
    )
    return list(session.scalars(locked).unique())


def _why_late(delivery: Delivery, brakes: holds.Holds) -> str:
    """Return the code of what delayed it: a stop or freeze, its paused account, or just "late"."""
    hold = brakes.holds(holds.facts_of(delivery))
    if hold is not None:
        return f"late_{hold}"
    return "late_paused" if delivery.account.state is AccountState.PAUSED else "late"


def sweep(session: Session, *, now: datetime, delivery_settings: DeliverySettings) -> None:
    """Recover deliveries whose lease has ended: claimed ones go back, sending ones are in doubt."""
    # `claimed` is safe to repeat; `sending` may be live and is never repeated by a machine.
    for delivery in _lapsed(session, DeliveryState.CLAIMED, now):
        end_unfinished(session, delivery, now, sending_at=None)
        transitions.apply(
            session,
            delivery,
            DeliveryState.SCHEDULED,
            actor=CLOCK,
            now=now,
            verb="lease_ended",
            fence=delivery.fence,
        )
    for delivery in _lapsed(session, DeliveryState.SENDING, now):
        end_unfinished(session, delivery, now, sending_at=delivery.sending_at)
        delivery.look_at = now + timedelta(seconds=delivery_settings.looks[0])
        delivery.reason = {"code": "lease_ended"}
        transitions.apply(
            session,
            delivery,
            DeliveryState.UNCONFIRMED,
            actor=CLOCK,
            now=now,
            verb="lease_ended",
            fence=delivery.fence,
        )


def end_unfinished(
    session: Session, delivery: Delivery, now: datetime, *, sending_at: datetime | None
) -> None:
    """End the delivery's current attempt as `lease_ended`, if nobody has ended it.

    With `sending_at` it may be live, and stays counted against the limits.
    """
    query = select(Attempt).where(
        Attempt.delivery_id == delivery.id, Attempt.fence == delivery.fence
    )
    attempt = session.scalars(query).one_or_none()
    if attempt is not None and attempt.ended_at is None:
        attempt.sending_at = sending_at
        outcomes.finish(session, attempt, "lease_ended", "", now)


def tick_overtaken(context: WorkerContext) -> int:
    """End attempts that no clock will end any more, and return their number.

    Their delivery was cancelled after the claim, and their clock died before it noticed. What the
    claim counted against the limits is given back.
    """
    with context.database.reading() as session:
        ids = list(
            session.scalars(
                _overtaken(context.now() - timedelta(seconds=context.delivery_settings.lease))
            )
        )
    for attempt_id in ids:
        with context.database.transaction() as session:
            _end_overtaken(session, attempt_id, context.now())
    return len(ids)


def _overtaken(claimed_before: datetime) -> Select[int]:
    """Select open attempts that never reached `sending` and whose delivery is not being tried."""
    is_past = (Delivery.fence > Attempt.fence) & Delivery.state.not_in(CLAIMED_OR_SENDING)
    return (
        select(Attempt.id)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(
            Attempt.ended_at.is_(None),
            Attempt.sending_at.is_(None),
            Attempt.claimed_at < claimed_before,
            or_(Delivery.state.in_((DeliveryState.SCHEDULED, *NOT_PUBLISHED)), is_past),
        )
        .order_by(Attempt.id)
    )


def _end_overtaken(session: Session, attempt_id: int, now: datetime) -> None:
    # The delivery is locked before its attempt, as everywhere: so no deadlock is possible.
    attempt = session.get_one(Attempt, attempt_id)
    delivery = transitions.lock(session, Delivery, attempt.delivery_id)
    session.refresh(attempt)
    if (
        delivery is not None
        and delivery.state not in CLAIMED_OR_SENDING
        and attempt.ended_at is None
    ):
        outcomes.finish(session, attempt, "gate", "overtaken", now)


def _lapsed(session: Session, state: DeliveryState, now: datetime) -> list[Delivery]:
    # In the order of accounts, since giving back what was counted locks the accounts' limits.
    query = (
        select(Delivery)
        .where(Delivery.state == state, Delivery.leased_until < now)
        .order_by(Delivery.account_id, Delivery.id)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query))
