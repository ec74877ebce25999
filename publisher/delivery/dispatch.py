"""The dispatch tick: recover the deliveries of dead clocks, give up late ones, send due ones.

A clock is a process `nagarvani clock`. `publisher/delivery/worker.py` does the same work with
threads; both use the maintenance in this module.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery import outcomes
from publisher.delivery.attempt import PlatformPool, attempt_and_store
from publisher.delivery.claim import DeliveryPayload, claim
from publisher.delivery.due import find_due
from publisher.delivery.late_limit import give_up_late
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import Attempt, ClockBeat, Delivery
from publisher.settings.delivery import DeliverySettings
from publisher.states import CLAIMED_OR_SENDING, NOT_PUBLISHED, DeliveryState


def tick_dispatch(context: WorkerContext, *, most: int = 50) -> int:
    """Run the maintenance, then send due deliveries one by one, in this thread.

    Return the number of deliveries attempted. Tests, the demo and `clock --once` use this.
    """
    run_maintenance(context)
    pool, attempts = PlatformPool(context), 0
    while attempts < most and (payload := claim_next(context)) is not None:
        attempt_and_store(context, payload, pool)
        attempts += 1
    return attempts


def run_maintenance(context: WorkerContext) -> None:
    """Record a heartbeat, recover the deliveries of dead clocks, and give up late ones."""
    with context.database.transaction() as session:
        record_heartbeat(session, context.clock_name, now=context.now())
        # What a dead clock held too long is given up here, not claimed in vain for ever.
        sweep(session, now=context.now(), delivery_settings=context.delivery_settings)
        give_up_late(session, now=context.now(), machine=context.machine)


def claim_next(context: WorkerContext) -> DeliveryPayload | None:
    """Claim one due delivery and return its payload, or None if nothing is due."""
    due = find_due(context)
    for account_id in due.account_ids:
        only_urgent = account_id in due.unpaid_ids
        if claimed := claim(context, account_id=account_id, most=1, only_urgent=only_urgent):
            return claimed[0]
    return None


def record_heartbeat(session: Session, clock_name: str, *, now: datetime) -> None:
    """Record that this clock is alive."""
    beats = update(ClockBeat).where(ClockBeat.name == clock_name).values(beat_at=now)
    if not session.connection().execute(beats).rowcount:
        session.add(ClockBeat(name=clock_name, started_at=now, beat_at=now))


def record_end(context: WorkerContext) -> None:
    """Record that this clock has ended by itself, unless the database is unavailable."""
    ended = update(ClockBeat).where(ClockBeat.name == context.clock_name)
    with suppress(*outcomes.NOT_STORED), context.database.transaction() as session:
        session.execute(ended.values(ended_at=context.now()))


def sweep(session: Session, *, now: datetime, delivery_settings: DeliverySettings) -> None:
    """Recover deliveries whose lease has ended, because their clock died or was too slow.

    A claimed one is scheduled again, as nothing was sent. A sending one may be live: it becomes
    unconfirmed, and no clock ever sends it again by itself.
    """
    _recover(session, Delivery.leased_until < now, now, delivery_settings)


def take_up_claims(context: WorkerContext) -> None:
    """Recover at once what the predecessor of this clock had claimed, without waiting for leases.

    On SQLite that is every other clock, since only one runs at a time; on PostgreSQL those whose
    name has the same `NAGARVANI_CLOCK_NAME` before the slash. One that is still running sends
    nothing twice: it has lost its claims.
    """
    name = context.clock_name
    is_other = Delivery.claimed_by != name
    if not context.database.is_sqlite:
        slot, slash, _ = name.partition("/")
        if not slash:
            return
        is_other &= Delivery.claimed_by.startswith(f"{slot}/", autoescape=True)
    with context.database.transaction() as session:
        _recover(session, is_other, context.now(), context.delivery_settings)


def _recover(
    session: Session,
    is_lapsed: ColumnElement[bool],
    now: datetime,
    delivery_settings: DeliverySettings,
) -> None:
    # Ordered by account: ending an attempt locks the rate limits of its account, and two clocks
    # that lock them in different orders would deadlock.
    query = (
        select(Delivery)
        .where(Delivery.state.in_(CLAIMED_OR_SENDING), is_lapsed)
        .order_by(Delivery.account_id, Delivery.id)
        .with_for_update(skip_locked=True)
    )
    for delivery in session.scalars(query).all():
        is_sending = delivery.state is DeliveryState.SENDING
        sending_at = delivery.sending_at if is_sending else None
        end_lapsed_attempt(session, delivery, now, sending_at=sending_at)
        if is_sending:
            delivery.look_at = now + timedelta(seconds=delivery_settings.looks[0])
            delivery.reason = {"code": "lease_ended"}
        transitions.apply(
            session,
            delivery,
            DeliveryState.UNCONFIRMED if is_sending else DeliveryState.SCHEDULED,
            actor=CLOCK,
            now=now,
            verb="lease_ended",
            fence=delivery.fence,
        )


def end_lapsed_attempt(
    session: Session, delivery: Delivery, now: datetime, *, sending_at: datetime | None
) -> None:
    """End the delivery's current attempt as `lease_ended`, if it has not ended.

    With `sending_at` its post may be live, so the attempt stays counted against the rate limits.
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

    Their delivery was cancelled after the claim, and their clock died before it noticed. Each gives
    back the place in the rate limits that its claim had reserved.
    """
    with context.database.reading() as session:
        claimed_before = context.now() - timedelta(seconds=context.delivery_settings.lease)
        is_superseded = (Delivery.fence > Attempt.fence) & Delivery.state.not_in(CLAIMED_OR_SENDING)
        # Those that never reached `sending`, and that no clock works on any more.
        query = (
            select(Attempt.id)
            .join(Delivery, Delivery.id == Attempt.delivery_id)
            .where(
                Attempt.ended_at.is_(None),
                Attempt.sending_at.is_(None),
                Attempt.claimed_at < claimed_before,
                or_(Delivery.state.in_((DeliveryState.SCHEDULED, *NOT_PUBLISHED)), is_superseded),
            )
            .order_by(Attempt.id)
        )
        attempt_ids = list(session.scalars(query))
    for attempt_id in attempt_ids:
        with context.database.transaction() as session:
            # The delivery is locked before its attempt, as everywhere, so that no deadlock is
            # possible. After that wait the attempt may have changed, so it is read again.
            attempt = session.get_one(Attempt, attempt_id)
            delivery = transitions.lock(session, Delivery, attempt.delivery_id)
            session.refresh(attempt)
            if (
                delivery is not None
                and delivery.state not in CLAIMED_OR_SENDING
                and attempt.ended_at is None
            ):
                outcomes.finish(session, attempt, "gate", "overtaken", context.now())
    return len(attempt_ids)
