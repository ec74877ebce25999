"""Takedown orders: delete a publication of ours, hide a comment below it, or show it again.

An order has a person and a reason; its delivery carries it out as soon as possible.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import NotAllowed, WrongRole
from approvals.policy import CLOCK, Action, Actor, require
from approvals.states import PostState
from publisher import cancellation, transitions
from publisher.models.comments import Comment
from publisher.models.controls import Order
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptRow
from publisher.models.people import Appointment
from publisher.models.posts import Post, Variant
from publisher.review import decide
from publisher.scheduling import corrections
from publisher.scheduling.constraints import LONGEST_LATE_LIMIT
from publisher.scheduling.corrections import LiveText
from publisher.states import MAY_BE_LIVE, OPEN_DELIVERY
from publisher.validation import FieldError, Invalid, clean_reason


class AlreadyOrdered(NotAllowed):
    """An order about the same target is pending; `at` is the time of that order."""

    code = "already_ordered"


def order(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    action: DeliveryAction,
    target: ReceiptRow | Comment,
    department_id: int,
    reason: str,
    variant: Variant,
) -> Order:
    """Create an order about the publication of a receipt, or about a comment.

    `variant` is the text below which the target is shown. The caller has checked the right. Raises
    `AlreadyOrdered` while an earlier order about the same target is unsettled, and `Invalid`
    without a reason.
    """
    if actor.person_id is None or actor.appointment_id is None:
        raise WrongRole(role=actor.role, action=action)
    cleaned_reason = clean_reason(reason)
    _check_none_pending(session, target)
    delivery = _delivery(session, actor=actor, now=now, action=action, variant=variant)
    takedown_order = Order(
        delivery=delivery,
        action=action,
        target=target.platform_id,
        receipt=target if isinstance(target, ReceiptRow) else None,
        comment=target if isinstance(target, Comment) else None,
        department_id=department_id,
        reason=cleaned_reason,
        at=now,
        person_id=actor.person_id,
        appointment_id=actor.appointment_id,
    )
    session.add(takedown_order)
    session.flush()
    values = {"action": action.value, "order": takedown_order.id}
    transitions.record(session, delivery, "order", actor=actor, now=now, values=values)
    return takedown_order


def _delivery(
    session: Session, *, actor: Actor, now: datetime, action: DeliveryAction, variant: Variant
) -> Delivery:
    delivery = Delivery(
        action=action,
        variant_id=variant.id,
        post_id=variant.revision.post_id,
        account_id=variant.account_id,
        state_at=now,
        due_at=now,
        late_limit=LONGEST_LATE_LIMIT,
        scheduled_by_id=actor.person_id,
    )
    session.add(delivery)
    session.flush()
    return delivery


def _check_none_pending(session: Session, target: ReceiptRow | Comment) -> None:
    column = Order.receipt_id if isinstance(target, ReceiptRow) else Order.comment_id
    query = select(Order).join(Order.delivery)
    query = query.where(Delivery.state.in_(OPEN_DELIVERY), column == target.id)
    pending = session.scalars(query.order_by(Order.id.desc())).first()
    if pending is not None:
        raise AlreadyOrdered(at=pending.at)


def take_back(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    post_id: int,
    receipt_ids: Collection[int],
    reason: str,
) -> list[Order]:
    """Order the deletion of these publications of a post; the reason is public.

    When all publications are ordered to be deleted, the post is withdrawn, and its unsent texts are
    cancelled. Raises `Invalid` if none of them is live, or if its link is unknown.
    """
    post = decide.lock_post(session, post_id)
    require(actor, Action.ORDER_DELETION, post.department_id, now=now)
    cleaned_reason = clean_reason(reason)
    standing = texts_to_take_back(session, post_id)
    chosen = [
        live_text
        for live_text in standing
        if live_text.receipt.id in set(receipt_ids) and live_text.is_known
    ]
    if not chosen:
        raise Invalid([FieldError("things", "nothing_chosen")])
    orders = [
        order(
            session,
            actor=actor,
            now=now,
            action=DeliveryAction.DELETE,
            target=live_text.receipt,
            department_id=post.department_id,
            reason=cleaned_reason,
            variant=live_text.first,
        )
        for live_text in chosen
    ]
    if len(chosen) == len(standing) and not any(
        delivery.state in MAY_BE_LIVE for delivery in corrections.list_deliveries(session, post_id)
    ):
        _withdraw(session, post, cleaned_reason, actor=actor, now=now)
    return orders


def texts_to_take_back(session: Session, post_id: int) -> list[LiveText]:
    """Return the live texts of a post without a pending order."""
    pending = {
        takedown_order.receipt_id
        for takedown_order in list_orders(session, post_id)
        if is_pending(takedown_order)
    }
    return [
        live_text
        for live_text in corrections.list_live_texts(session, post_id)
        if live_text.receipt.id not in pending
    ]


def _withdraw(session: Session, post: Post, reason: str, *, actor: Actor, now: datetime) -> None:
    """Withdraw the post and cancel its unsent texts; a reply stays until it is deleted."""
    if post.state is PostState.WITHDRAWN:
        return
    cancellation.cancel_unsent(session, actor=actor, now=now, post_id=post.id, why="order_deletion")
    post.reason = reason
    transitions.apply(
        session, post, PostState.WITHDRAWN, actor=actor, now=now, verb=Action.WITHDRAW_POST
    )


def record_carried_out(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """Record that an order was carried out: its target is gone, hidden, or shown again.

    Called in the transaction that moves the delivery to *published*.
    """
    takedown_order = delivery.order
    if takedown_order is None:
        return
    if takedown_order.receipt is not None and takedown_order.action is DeliveryAction.DELETE:
        takedown_order.receipt.gone_at = takedown_order.receipt.gone_at or now
    if takedown_order.comment is not None:
        hides = takedown_order.action is DeliveryAction.HIDE
        comment, verb = takedown_order.comment, "hidden" if hides else "shown_again"
        comment.hidden_at = now if hides else None
        values = {"order": takedown_order.id}
        transitions.record(session, comment, verb, actor=CLOCK, now=now, values=values)


def list_orders(session: Session, post_id: int) -> list[Order]:
    """Return every order about the publications of a post, oldest first, with its person."""
    query = (
        select(Order)
        .join(Order.delivery)
        .where(Delivery.post_id == post_id, Order.receipt_id.is_not(None))
        .options(*_IN_FULL)
        .order_by(Order.id)
    )
    return list(session.scalars(query))


def list_comment_orders(session: Session, comment_id: int) -> list[Order]:
    """Return every order to hide or show a comment, oldest first."""
    return list(session.scalars(_orders_query(), {"comment_id": comment_id}))


@cache
def _orders_query() -> Select[Order]:
    is_about = Order.comment_id == bindparam("comment_id")
    return select(Order).where(is_about).options(*_IN_FULL).order_by(Order.id)


_IN_FULL = (
    joinedload(Order.delivery).joinedload(Delivery.account),
    joinedload(Order.person),
    joinedload(Order.appointment).joinedload(Appointment.person),
    joinedload(Order.appointment).joinedload(Appointment.department),
)


def is_pending(takedown_order: Order) -> bool:
    """Return True if the order is not settled."""
    return takedown_order.delivery.state in OPEN_DELIVERY
