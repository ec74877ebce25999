"""Pass routed comments on when their officer no longer serves, to the department's next person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, not_, or_, select, update
from sqlalchemy.orm import Session, joinedload

from approvals.policy import CLOCK
from publisher import transitions
from publisher.database.bulk import bulk_insert
from publisher.inbox import deadlines
from publisher.inbox.reply import came_to_nothing
from publisher.inbox.routing import RoutingReason, withdraw_reply
from publisher.models.comments import AnswerKind, Comment, Reply, Routing
from publisher.models.people import Appointment, Person
from publisher.models.posts import Post
from publisher.people import responsibility
from publisher.states import CommentState


def settle(session: Session, comment_ids: Collection[int], *, now: datetime) -> None:
    """Give the comments whose officer no longer serves to the next person of their department.

    If the department has nobody, they go back to the cell, unless a final answer may still go out.
    Comments locked by another transaction are skipped: the caller makes a tick look again.
    """
    if not comment_ids:
        return
    left_behind: defaultdict[int, list[tuple[Comment, Routing]]] = defaultdict(list)
    for comment, routing in session.execute(_comments_to_reassign(comment_ids, now=now)):
        left_behind[routing.department_id or 0].append((comment, routing))
    if not left_behind:
        return
    chains = responsibility.responsible_chains(session, left_behind, now=now)
    for department_id, routed in left_behind.items():
        if chain := chains[department_id]:
            _reassign(session, routed, chain[0], now=now)
        else:
            _give_back(session, routed, now=now)


def _comments_to_reassign(
    comment_ids: Collection[int], *, now: datetime
) -> Select[Comment, Routing]:
    serves = Appointment.in_force_at(now) & Person.disabled_at.is_(None)
    return (
        select(Comment, Routing)
        .join(Routing, (Routing.comment_id == Comment.id) & Routing.until_at.is_(None))
        .outerjoin(Appointment, Appointment.id == Routing.appointment_id)
        .outerjoin(Person, Person.id == Appointment.person_id)
        .where(
            Comment.id.in_(comment_ids),
            Comment.state == CommentState.ROUTED,
            or_(Appointment.id.is_(None), not_(serves)),
        )
        .order_by(Comment.id)
        .with_for_update(of=Comment, skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )


def _reassign(
    session: Session,
    routed: Sequence[tuple[Comment, Routing]],
    to: Appointment,
    *,
    now: datetime,
) -> None:
    """Pass comments of one department to its next person; their deadlines stay."""
    _replace_routings(session, routed, to, RoutingReason.OFFICER_LEFT, now=now)
    values = {"why": RoutingReason.OFFICER_LEFT.value, "to": to.id, "department": to.department_id}
    values_by_comment = [
        (comment, {**values, "from": former.appointment_id}) for comment, former in routed
    ]
    transitions.record_all(session, values_by_comment, "route", actor=CLOCK, now=now)


def _give_back(
    session: Session, routed: Sequence[tuple[Comment, Routing]], *, now: datetime
) -> None:
    """Give the comments of a department that has nobody back to the cell, with a new deadline."""
    answers = _standing_answers(session, [comment.id for comment, _ in routed])
    post_ids = [reply.post_id for reply in answers.values()]
    # A transaction that has locked a post may wait for our locks: the post is left for later.
    lockable = select(Post.id).where(Post.id.in_(post_ids))
    lockable = lockable.with_for_update(key_share=True, skip_locked=True)
    locked_ids = {*session.scalars(lockable)} if post_ids else set[int]()
    for reply in answers.values():
        if reply.post_id in locked_ids and came_to_nothing(reply.post):
            withdraw_reply(session, reply, actor=CLOCK, now=now, why="nobody_there")
    of_nobody = [
        (comment, former)
        for comment, former in routed
        if comment.id not in answers or answers[comment.id].withdrawn_at is not None
    ]
    if not of_nobody:
        return
    _replace_routings(session, of_nobody, None, RoutingReason.NOBODY_THERE, now=now)
    transitions.apply(
        session,
        [comment for comment, _ in of_nobody],
        CommentState.RECEIVED,
        actor=CLOCK,
        now=now,
        verb="route",
        values={"why": RoutingReason.NOBODY_THERE.value, "department": None},
        columns={"department_id": None, "due_at": deadlines.assign_by(now)},
    )


def _standing_answers(session: Session, comment_ids: Collection[int]) -> dict[int, Reply]:
    query = (
        select(Reply)
        .join(Comment, (Comment.id == Reply.comment_id) & (Comment.opening == Reply.opening))
        .where(
            Reply.comment_id.in_(comment_ids),
            Reply.answer == AnswerKind.FINAL,
            Reply.withdrawn_at.is_(None),
        )
        .options(joinedload(Reply.post).selectinload(Post.deliveries))
    )
    return {reply.comment_id: reply for reply in session.scalars(query)}


def _replace_routings(
    session: Session,
    routed: Sequence[tuple[Comment, Routing]],
    to: Appointment | None,
    reason: RoutingReason,
    *,
    now: datetime,
) -> None:
    former_ids = [routing.id for _, routing in routed]
    session.execute(update(Routing).where(Routing.id.in_(former_ids)).values(until_at=now))
    present = {
        "department_id": to.department_id if to is not None else None,
        "appointment_id": to.id if to is not None else None,
        "since_at": now,
        "reason": reason.value,
    }
    rows = [
        {"comment_id": comment.id, "details": {"department": former.department_id}, **present}
        for comment, former in routed
    ]
    bulk_insert(session, Routing, rows)
    for comment, _ in routed:
        session.expire(comment, ["routings"])
