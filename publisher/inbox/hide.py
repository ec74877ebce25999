"""Hide a citizen's comment under one of our posts, or show it again, each with a reason."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, require
from publisher.inbox import routing
from publisher.models.comments import Comment
from publisher.models.controls import Order
from publisher.models.deliveries import DeliveryAction, ReceiptRow
from publisher.review import takedown_orders


class NotUnderOurs(NotAllowed):
    """The comment is not under a live post of ours, so we cannot hide it."""

    code = "not_under_ours"


class HiddenAlready(NotAllowed):
    """The comment is already hidden, or, for `unhide`, already visible."""

    code = "hidden_already"


def hide(session: Session, *, actor: Actor, now: datetime, comment_id: int, reason: str) -> Order:
    """Order a comment to be hidden; it keeps its deadline, and can still be answered."""
    return _order(session, actor=actor, now=now, comment_id=comment_id, reason=reason, hidden=True)


def unhide(session: Session, *, actor: Actor, now: datetime, comment_id: int, reason: str) -> Order:
    """Order a hidden comment to be shown again."""
    return _order(session, actor=actor, now=now, comment_id=comment_id, reason=reason, hidden=False)


def _order(
    session: Session, *, actor: Actor, now: datetime, comment_id: int, reason: str, hidden: bool
) -> Order:
    comment = routing.lock_comment(session, comment_id, actor=actor)
    require(actor, Action.HIDE if hidden else Action.UNHIDE, comment.department_id, now=now)
    receipt_above = find_parent_post(comment)
    if receipt_above is None:
        raise NotUnderOurs
    if hidden is (comment.hidden_at is not None):
        raise HiddenAlready
    return takedown_orders.order(
        session,
        actor=actor,
        now=now,
        action=DeliveryAction.HIDE if hidden else DeliveryAction.UNHIDE,
        target=comment,
        department_id=comment.department_id or receipt_above.delivery.post.department_id,
        reason=reason,
        variant=receipt_above.delivery.variant,
    )


def find_parent_post(comment: Comment) -> ReceiptRow | None:
    """Return the receipt of the live post of ours above a comment; None if there is none."""
    above = comment.thread.receipt
    return above if above is not None and above.gone_at is None else None
