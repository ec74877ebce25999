"""Undo that a text's delivery was cancelled: it is scheduled again, if its time is still free."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, require
from publisher import transitions, undo
from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.scheduling import schedule
from publisher.scheduling.constraints import check_time
from publisher.states import DeliveryState
from publisher.validation import FieldError, Invalid, NotFound

UNDO_CANCEL = "undo_cancel"


def undo_cancel(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    delivery_id: int,
    event_id: int,
    within: timedelta,
) -> Delivery:
    """Schedule a cancelled delivery for the time that it had.

    Raises as `schedule.schedule` and `undo.check_act`, and `Invalid` also for a time that has come.
    """
    act = undo.find_act(session, Delivery, delivery_id, event_id, verbs=("cancel",))
    post = schedule.lock_post(session, schedule.get_delivery(session, delivery_id).post_id)
    delivery = transitions.lock(session, Delivery, delivery_id)
    if delivery is None or delivery.action not in OF_TEXTS:
        raise NotFound(delivery_id)
    require(actor, Action.CANCEL, post.department_id, now=now)
    act = undo.check_act(session, act, actor=actor, now=now, within=within)
    schedule.check_variant(session, post, delivery.variant)
    if delivery.due_at <= now:
        raise Invalid([FieldError("due_at", "past")])
    limit = delivery.late_limit
    check_time(session, delivery.variant, delivery.due_at, limit, now=now, despite_clash=False)
    to, values = DeliveryState.SCHEDULED, {undo.UNDOES: act.id}
    transitions.apply(session, delivery, to, actor=actor, now=now, verb=UNDO_CANCEL, values=values)
    return delivery
