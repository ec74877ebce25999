"""Deliveries past their late limit or their window: they are missed, and a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import case, or_, select, true
from sqlalchemy.orm import Session, joinedload

from approvals.policy import CLOCK
from publisher import transitions
from publisher.delivery import notify, platform_credits, restore_state
from publisher.models.deliveries import Delivery
from publisher.models.posts import Revision, Variant
from publisher.scheduling import holds
from publisher.states import AccountState, DeliveryState

SHORTEST_LIMIT = timedelta(minutes=1)
"""The shortest late limit that a delivery can have; no delivery is too late before it."""

STORE_AWAY = "store_away"
"""Why a delivery waits to be tried again: its pictures could not be read."""


def give_up_late(session: Session, *, now: datetime, machine: str, only: int | None = None) -> None:
    """Mark deliveries past their late limit as missed; `only` is the id of a single one.

    A person decides whether sending them still makes sense. A machine whose time is wrong gives up
    nothing.
    """
    is_candidate = true() if only is None else Delivery.id == only
    # The approved window binds what is published, not what takes a post back.
    has_window = Delivery.action.not_in(holds.TAKES_BACK)
    not_after = case((has_window, Revision.not_after), else_=None)
    query = (
        select(Delivery.id, Delivery.due_at, Delivery.late_limit, not_after.label("not_after"))
        .join(Variant, Variant.id == Delivery.variant_id)
        .join(Revision, Revision.id == Variant.revision_id)
        .where(
            is_candidate & ~holds.is_time_wrong(machine),
            Delivery.state == DeliveryState.SCHEDULED,
            Delivery.due_at < now,
            or_(Delivery.due_at < now - SHORTEST_LIMIT, not_after < now),
        )
    )
    # The late limit is a column in minutes, and the two databases add minutes to a time
    # differently: so the query selects candidates, and Python decides.
    late_ids = [
        row.id
        for row in session.execute(query)
        if row.due_at + timedelta(minutes=row.late_limit) < now
        or (row.not_after is not None and row.not_after < now)
    ]
    if not late_ids:
        return
    restores = restore_state.open_restores(session)
    # After a restore from backup, a scheduled delivery may be live already. It is not given up
    # until the platform has been asked.
    is_reconciled = true() if restores is None else ~restore_state.not_reconciled(restores)
    locking_query = (
        select(Delivery)
        .where(Delivery.id.in_(late_ids), Delivery.state == DeliveryState.SCHEDULED, is_reconciled)
        .options(joinedload(Delivery.account), joinedload(Delivery.post))
        .order_by(Delivery.due_at)
        .with_for_update(skip_locked=True, of=Delivery)
    )
    late = list(session.scalars(locking_query).unique())
    if not late:
        return
    active_holds = holds.active_holds(session, now=now, machine=machine)
    outage_ends = platform_credits.outage_ends(session)
    transitions.apply(session, late, DeliveryState.MISSED, actor=CLOCK, now=now, verb="miss")
    for delivery in late:
        delivery.reason = {
            "code": _delay_cause(delivery, active_holds, outage_ends),
            "limit": delivery.late_limit,
        }
        notify.delivery_missed(session, delivery, now=now)


def _delay_cause(
    delivery: Delivery, active_holds: holds.Holds, outage_ends: Mapping[str, datetime | None]
) -> str:
    """Return the code of the delay's cause: a hold, the account's state, credits, the media store.

    Returns "late" if it was none of them.
    """
    hold = active_holds.holds(holds.facts_of(delivery))
    if hold is not None:
        return f"late_{hold}"
    account = delivery.account
    if account.state is not AccountState.CONNECTED:
        return f"late_{account.state}"
    outage_end = outage_ends.get(account.platform, delivery.due_at)
    if outage_end is None or outage_end > delivery.due_at:
        return "late_credits"
    return "late_store" if delivery.reason.get("code") == STORE_AWAY else "late"
