"""A comment whose final answer we have deleted has none any more: it is opened again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.inbox import routing
from publisher.inbox.routing import RoutingReason
from publisher.models.comments import AnswerKind, Comment, Reply
from publisher.models.deliveries import Delivery, DeliveryAction
from publisher.models.press import Order
from publisher.states import CommentState, DeliveryState


def reopen_unanswered(session: Session, *, now: datetime) -> int:
    """Open these comments again, each with the reason that its answer was deleted for."""
    found = list(session.scalars(_deleted_answers()))
    for reply in found:
        _reopen(session, reply, now=now)
    return len(found)


def _deleted_answers() -> Select[Reply]:
    """The final answers of which an order to delete was carried out, and nobody has noted it.

    Found from the orders, which are few, and not from all the answers ever given.
    """
    deleted = (
        select(Delivery.post_id)
        .join(Order, Order.delivery_id == Delivery.id)
        .where(
            Order.action == DeliveryAction.DELETE,
            Order.receipt_id.is_not(None),
            Delivery.state == DeliveryState.PUBLISHED,
        )
    )
    return (
        select(Reply)
        .join(Comment, Comment.id == Reply.comment_id)
        .where(
            Reply.post_id.in_(deleted),
            Reply.answer == AnswerKind.FINAL,
            Reply.withdrawn_at.is_(None),
        )
        .with_for_update(skip_locked=True, of=Comment)
    )


def _reopen(session: Session, reply: Reply, *, now: datetime) -> None:
    """Where it answered an earlier opening, the comment stands as it is."""
    reply.withdrawn_at = now
    session.flush()
    comment = transitions.lock(session, Comment, reply.comment_id)
    answered = (CommentState.ANSWERED, CommentState.CLOSED)
    if comment is None or reply.opening != comment.opening or comment.state not in answered:
        return
    details = {"words": _reason(session, reply)}
    why = RoutingReason.ANSWER_DELETED
    routing.open_again(session, comment, why, details, actor=CLOCK, now=now)


def _reason(session: Session, reply: Reply) -> str:
    """The words with which the deletion was ordered, the latest ones."""
    query = (
        select(Order.reason)
        .join(Delivery, Delivery.id == Order.delivery_id)
        .where(Delivery.post_id == reply.post_id, Order.action == DeliveryAction.DELETE)
        .order_by(Order.id.desc())
    )
    return session.scalars(query).first() or ""
