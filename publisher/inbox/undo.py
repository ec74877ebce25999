"""Undo a comment's transfer or closing: its former holder gets it back, with its deadline."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, require
from publisher import transitions, undo
from publisher.inbox.routing import RoutingReason, current
from publisher.models.comments import Comment, Routing
from publisher.models.history import Event
from publisher.models.tasks import Task
from publisher.notifications import compose
from publisher.notifications.kinds import NoticeKind
from publisher.states import CommentState
from publisher.validation import check_in_sight, existing

UNDO_TRANSFER, UNDO_CLOSE = "undo_transfer", "undo_close"
_VERBS = ("transfer", "close")


def can_undo(act: Event) -> bool:
    """Return True if this act has a reverse move; closing an answered comment has none."""
    return act.verb in _VERBS and act.state_before != CommentState.ANSWERED


def undo_routing(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    comment_id: int,
    event_id: int,
    within: timedelta,
) -> Comment:
    """Undo the transfer or closing of this event.

    An answer that it withdrew stays withdrawn. Raises `NotFound`, `WrongRole`, or as
    `undo.check_act`.
    """
    act = undo.find_act(session, Comment, comment_id, event_id, verbs=_VERBS)
    related = [joinedload(Comment.account)]
    comment = existing(transitions.lock(session, Comment, comment_id, options=related), comment_id)
    is_transfer = act is not None and act.verb == "transfer"
    department_id = act.details.get("from") if act and is_transfer else comment.department_id
    check_in_sight(actor, Action.SEE_COMMENT, [] if department_id is None else [department_id])
    require(actor, Action.TRANSFER if is_transfer else Action.CLOSE, department_id, now=now)
    act = undo.check_act(session, act, actor=actor, now=now, within=within)
    if not can_undo(act) or any(reply.post.created_at > act.at for reply in comment.replies):
        raise undo.DoneFurther(done="answer")
    if is_transfer:
        _undo_transfer(session, comment, act, actor=actor, now=now)
    else:
        comment.reason = ""
        to, values = CommentState(existing(act.state_before, act.id)), {undo.UNDOES: act.id}
        verb = UNDO_CLOSE
        transitions.apply(session, comment, to, actor=actor, now=now, verb=verb, values=values)
    return comment


def _undo_transfer(
    session: Session, comment: Comment, act: Event, *, actor: Actor, now: datetime
) -> None:
    """Give the comment back to its former holder, with the deadline that it had."""
    former, later = session.get_one(Routing, act.details["routing"]), current(comment)
    later.until_at = now
    session.flush()
    comment.department_id = former.department_id
    comment.due_at = datetime.fromisoformat(act.details["due_at"])
    comment.routings.append(
        Routing(
            department_id=former.department_id,
            appointment_id=former.appointment_id,
            since_at=now,
            reason=RoutingReason.UNDONE,
            details={"since": former.details.get("since") or former.since_at.isoformat()},
        )
    )
    to, values = CommentState.ROUTED, {undo.UNDOES: act.id, "department": former.department_id}
    transitions.apply_or_record(
        session, comment, to, actor=actor, now=now, verb=UNDO_TRANSFER, values=values
    )
    holder = later.appointment
    if holder is not None and _was_told(session, comment, later):
        compose.queue(
            session,
            kind=NoticeKind.COMMENT_UNDONE,
            person=holder.person,
            values={"comment": comment.text, "department": former.department},
            now=now,
        )


def _was_told(session: Session, comment: Comment, routing: Routing) -> bool:
    """Return whether the officer was notified of the comment since this routing."""
    query = select(Task.id).where(
        Task.subject == Comment.__tablename__,
        Task.subject_id == comment.id,
        Task.appointment_id == routing.appointment_id,
        Task.told_at >= routing.since_at,
    )
    return session.scalars(query.limit(1)).first() is not None
