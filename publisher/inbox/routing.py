"""Route comments: each routing records the department, the person, the time and the reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import WrongState
from approvals.policy import CLOCK, Action, Actor, require
from approvals.states import PostState
from publisher import cancellation, transitions
from publisher.inbox import deadlines
from publisher.models.comments import AnswerKind, Comment, Reply, Routing
from publisher.models.people import Appointment, Department
from publisher.models.posts import Post
from publisher.people import responsibility
from publisher.people.departments import is_in_force
from publisher.scheduling import schedule
from publisher.states import SENT, CommentState
from publisher.validation import FieldError, Invalid, check_in_sight, clean_reason, existing


class RoutingReason(StrEnum):
    """The reason of a routing."""

    UNDER_POST = "under_post"
    NO_DEPARTMENT = "no_department"
    NOBODY_THERE = "nobody_there"
    ASSIGNED = "assigned"
    TRANSFERRED = "transferred"
    GIVEN_BACK = "given_back"
    REOPENED = "reopened"
    ANSWER_DELETED = "answer_deleted"
    UNDONE = "undone"
    HANDED_OVER = "handed_over"
    OFFICER_LEFT = "officer_left"


def route_new(session: Session, comment: Comment, *, now: datetime) -> None:
    """Route a new comment to the department of the post above it, else to the cell."""
    receipt = comment.thread.receipt
    if receipt is None:
        _put(session, comment, None, RoutingReason.NO_DEPARTMENT, {}, actor=CLOCK, now=now)
        return
    post = receipt.delivery.post
    published_at = receipt.published_at.isoformat()
    details = {"post": post.id, "title": post.title, "published_at": published_at}
    reason = RoutingReason.UNDER_POST
    _put(session, comment, post.department_id, reason, details, actor=CLOCK, now=now)


def _put(
    session: Session,
    comment: Comment,
    department_id: int | None,
    reason: RoutingReason,
    details: Mapping[str, object],
    *,
    actor: Actor,
    now: datetime,
    verb: str = "route",
    before: Mapping[str, object] | None = None,
) -> None:
    """Route to the department's first responsible person, or to the cell if there is none.

    `before` is what an undo of this routing needs; it is kept in the Event.
    """
    for routing in comment.routings:
        routing.until_at = routing.until_at or now
    session.flush()
    chain = (
        responsibility.responsible_chain(session, department_id, now=now)
        if department_id is not None
        else []
    )
    holder = chain[0] if chain else None
    if department_id is not None and holder is None:
        details = {**details, "department": department_id, "meant": reason.value}
        reason = RoutingReason.NOBODY_THERE
    comment.department_id = department_id if holder else None
    comment.routings.append(
        Routing(
            department_id=comment.department_id,
            appointment_id=holder.id if holder else None,
            since_at=now,
            reason=reason,
            details=dict(details),
        )
    )
    comment.due_at = (
        deadlines.answer_by(comment.written_at) if holder else deadlines.assign_by(comment.seen_at)
    )
    to = CommentState.ROUTED if holder else CommentState.RECEIVED
    values = {"why": reason.value, "department": comment.department_id, **(before or {})}
    transitions.apply_or_record(
        session, comment, to, actor=actor, now=now, verb=verb, values=values
    )


def pass_on(
    session: Session, comment: Comment, to: Appointment, *, actor: Actor, now: datetime
) -> None:
    """Pass a locked, routed comment to another person of its department; its deadline stays."""
    before = current(comment)
    before.until_at = now
    session.flush()
    comment.routings.append(
        Routing(
            department_id=comment.department_id,
            appointment_id=to.id,
            since_at=now,
            reason=RoutingReason.HANDED_OVER,
            details={"department": comment.department_id},
        )
    )
    values = {
        "why": RoutingReason.HANDED_OVER.value,
        "from": before.appointment_id,
        "to": to.id,
        "department": comment.department_id,
    }
    transitions.record(session, comment, Action.HAND_OVER, actor=actor, now=now, values=values)


def current(comment: Comment) -> Routing:
    """Return the routing in force."""
    return next(routing for routing in reversed(comment.routings) if routing.until_at is None)


def assign(
    session: Session, *, actor: Actor, now: datetime, comment_id: int, department_id: int
) -> Comment:
    """Assign a comment from the cell's queue to a department."""
    comment = lock_comment(session, comment_id, actor=actor)
    require(actor, Action.ASSIGN, department_id, now=now)
    if comment.state is not CommentState.RECEIVED:
        raise WrongState(state=comment.state, to=CommentState.ROUTED)
    _check_department(session, department_id, now)
    reason = RoutingReason.ASSIGNED
    _put(session, comment, department_id, reason, {}, actor=actor, now=now, verb="assign")
    return comment


def transfer(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    comment_id: int,
    department_id: int | None,
    reason: str,
) -> Comment:
    """Transfer a comment to another department, or back to the cell (None), with a reason.

    An answer that was not sent is withdrawn; the deadline stays.
    """
    comment = lock_comment(session, comment_id, actor=actor)
    require(actor, Action.TRANSFER, comment.department_id, now=now)
    if comment.state is not CommentState.ROUTED:
        raise WrongState(state=comment.state, to=CommentState.ROUTED)
    reason_text = clean_reason(reason)
    if department_id is not None:
        _check_department(session, department_id, now)
    take_back_answer(session, comment, actor=actor, now=now, why="transfer")
    back = department_id is None
    why = RoutingReason.GIVEN_BACK if back else RoutingReason.TRANSFERRED
    details = {"from": comment.department_id, "words": reason_text}
    before = {
        "from": comment.department_id,
        "routing": current(comment).id,
        "due_at": comment.due_at.isoformat(),
    }
    _put(
        session,
        comment,
        department_id,
        why,
        details,
        actor=actor,
        now=now,
        verb="transfer",
        before=before,
    )
    return comment


def close(
    session: Session, *, actor: Actor, now: datetime, comment_id: int, reason: str
) -> Comment:
    """Close a comment without an answer, with the reason."""
    comment = lock_comment(session, comment_id, actor=actor)
    require(actor, Action.CLOSE, comment.department_id, now=now)
    comment.reason = clean_reason(reason)
    if comment.state is CommentState.ROUTED:
        take_back_answer(session, comment, actor=actor, now=now, why="close")
    transitions.apply(session, comment, CommentState.CLOSED, actor=actor, now=now, verb="close")
    return comment


def reopen(
    session: Session, *, actor: Actor, now: datetime, comment_id: int, reason: str
) -> Comment:
    """Reopen an answered or closed comment, for another answer by its department."""
    comment = lock_comment(session, comment_id, actor=actor)
    require(actor, Action.REOPEN, comment.department_id, now=now)
    if comment.state not in (CommentState.ANSWERED, CommentState.CLOSED):
        raise WrongState(state=comment.state, to=CommentState.ROUTED)
    details = {"words": clean_reason(reason)}
    open_again(session, comment, RoutingReason.REOPENED, details, actor=actor, now=now)
    return comment


def open_again(
    session: Session,
    comment: Comment,
    why: RoutingReason,
    details: Mapping[str, object],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Reopen an answered or closed comment, with a new deadline."""
    department_id = comment.department_id or actor.department_id
    comment.opening += 1
    comment.reason = ""
    transitions.apply(session, comment, CommentState.ROUTED, actor=actor, now=now, verb="reopen")
    _put(session, comment, department_id, why, details, actor=actor, now=now)
    routed = comment.department_id is not None
    comment.due_at = deadlines.answer_by(now) if routed else deadlines.assign_by(now)


def take_back_answer(
    session: Session, comment: Comment, *, actor: Actor, now: datetime, why: str
) -> None:
    """Withdraw a final answer of this opening.

    Raises `OnItsWay` if it is being sent or was sent.
    """
    reply = standing_answer(session, comment)
    if reply is None:
        return
    transitions.lock(session, Post, reply.post_id)
    gone = [delivery.state for delivery in reply.post.deliveries if delivery.state in SENT]
    if gone:
        raise schedule.OnItsWay(state=gone[0])
    withdraw_reply(session, reply, actor=actor, now=now, why=why)


def withdraw_reply(
    session: Session, reply: Reply, *, actor: Actor, now: datetime, why: str
) -> None:
    """Withdraw an answer for good, and cancel its deliveries that were not sent."""
    post = transitions.lock(session, Post, reply.post_id)
    cancellation.cancel_unsent(session, actor=actor, now=now, post_id=reply.post_id, why=why)
    reply.withdrawn_at = now
    if post is not None and post.state is not PostState.WITHDRAWN:
        to, verb, values = PostState.WITHDRAWN, "withdraw_post", {"why": why}
        transitions.apply(session, post, to, actor=actor, now=now, verb=verb, values=values)


def standing_answer(session: Session, comment: Comment) -> Reply | None:
    """Return the final answer of this opening that was not withdrawn; None if there is none."""
    query = select(Reply).where(
        Reply.comment_id == comment.id,
        Reply.opening == comment.opening,
        Reply.answer == AnswerKind.FINAL,
        Reply.withdrawn_at.is_(None),
    )
    return session.scalars(query).one_or_none()


def lock_comment(session: Session, comment_id: int, *, actor: Actor) -> Comment:
    """Return the comment with its thread and account, locked until the transaction ends.

    Raises `NotFound` unless the actor may see it.
    """
    related = [joinedload(Comment.thread), joinedload(Comment.account)]
    comment = existing(transitions.lock(session, Comment, comment_id, options=related), comment_id)
    department_ids = [] if comment.department_id is None else [comment.department_id]
    check_in_sight(actor, Action.SEE_COMMENT, department_ids)
    return comment


def _check_department(session: Session, department_id: int, now: datetime) -> None:
    department = session.get(Department, department_id)
    if department is None or not is_in_force(department, now=now):
        raise Invalid([FieldError("department", "unknown_department")])
