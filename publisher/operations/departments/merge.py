"""What goes over to another department when one is merged into it: people, work and comments.

What has been decided and published stays said by the department that said it; its posts are
looked after by the other one from now on, which answers the comments under them. What was approved
and has not left is a draft again: its approval speaks for a department that is no more.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from approvals.policy import Actor
from approvals.states import PostState
from publisher import transitions
from publisher.inbox.routing import RoutingReason, current
from publisher.models.comments import Comment, Routing
from publisher.models.deliveries import Account, Delivery
from publisher.models.departments import DepartmentChange
from publisher.models.desk import StartingText
from publisher.models.people import Department
from publisher.models.posts import Post, PostKind, Revision, RevisionDepartment
from publisher.models.submissions import Submission
from publisher.notifications import compose, links
from publisher.notifications.compose import NoticeKind
from publisher.operations.departments.open_items import ENDED, asks, open_comments
from publisher.people import appointment_transfer, responsibility
from publisher.scheduling.constraints import GONE
from publisher.states import CommentState

VERB = "merge_department"


def take_over(
    session: Session, change: DepartmentChange, to: Department, *, actor: Actor, now: datetime
) -> None:
    """Let everything of the change's department that is not at its end go to the other one."""
    left = change.department
    leaving = appointment_transfer.standing_in(session, department_id=left.id, now=now)
    appointment_transfer.carry_over(
        session, leaving, to, order_number=change.order_number, actor=actor, now=now
    )
    _submissions(session, left, to, actor=actor, now=now)
    _posts(session, left, to, actor=actor, now=now)
    _plain_rows(session, left, to)
    for comment in open_comments(session, left.id):
        _comment(session, comment, change, to, actor=actor, now=now)


def _submissions(
    session: Session, left: Department, to: Department, *, actor: Actor, now: datetime
) -> None:
    query = select(Submission).where(
        Submission.department_id == left.id, Submission.state.not_in(ENDED)
    )
    for one in session.scalars(query):
        one.department_id = to.id
        transitions.record(session, one, VERB, actor=actor, now=now, values=_from(left, to))


def _posts(
    session: Session, left: Department, to: Department, *, actor: Actor, now: datetime
) -> None:
    _put_back(session, left, to, actor=actor, now=now)
    query = select(Post).where(Post.department_id == left.id, Post.state != PostState.WITHDRAWN)
    for one in session.scalars(query):
        one.department_id = to.id
        transitions.record(session, one, VERB, actor=actor, now=now, values=_from(left, to))
    _ask_the_other(session, left, to)


def _put_back(
    session: Session, left: Department, to: Department, *, actor: Actor, now: datetime
) -> None:
    """Approved posts of which nothing has left: the cell sees them among its drafts again."""
    has_left = exists().where(Delivery.post_id == Post.id, Delivery.state.in_(GONE))
    query = select(Post).where(
        or_(Post.department_id == left.id, asks(left.id)),
        Post.state == PostState.APPROVED,
        Post.kind == PostKind.POST,
        ~has_left,
    )
    found, draft = session.scalars(query).all(), PostState.DRAFT
    values = _from(left, to)
    transitions.apply_all(session, found, draft, actor=actor, now=now, verb=VERB, values=values)


def _ask_the_other(session: Session, left: Department, to: Department) -> None:
    """Drafts, whosever they are, ask the other one; what was sent for review stays as it is."""
    query = (
        select(RevisionDepartment)
        .join(Revision, Revision.id == RevisionDepartment.revision_id)
        .join(Post, (Post.id == Revision.post_id) & (Post.newest == Revision.number))
        .where(
            RevisionDepartment.department_id == left.id,
            Post.state == PostState.DRAFT,
            Revision.sent_for_review_at.is_(None),
        )
    )
    for one in session.scalars(query):
        there = session.get(RevisionDepartment, (one.revision_id, to.id))
        if there is None:
            session.add(
                RevisionDepartment(
                    revision_id=one.revision_id, department_id=to.id, asked=one.asked
                )
            )
        else:
            there.asked = there.asked or one.asked
        session.delete(one)


def _plain_rows(session: Session, left: Department, to: Department) -> None:
    """Accounts, departments that report to it, and its starting texts."""
    session.flush()
    for column in (Account.department_id, Department.reports_to_id, StartingText.department_id):
        session.execute(update(column.class_).where(column == left.id).values({column.key: to.id}))


def _comment(
    session: Session,
    comment: Comment,
    change: DepartmentChange,
    to: Department,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """As a transfer; the citizen's clock goes on. Where nobody is there, the cell has it."""
    chain = responsibility.responsible_chain(session, to.id, now=now)
    current(comment).until_at = now
    session.flush()
    comment.department_id = to.id if chain else None
    comment.routings.append(
        Routing(
            department_id=comment.department_id,
            appointment_id=chain[0].id if chain else None,
            since_at=now,
            reason=RoutingReason.TRANSFERRED if chain else RoutingReason.NOBODY_THERE,
            details={
                "from": change.department_id,
                "department": to.id,
                "words": change.order_number,
            },
        )
    )
    values = _from(change.department, to)
    if chain:
        transitions.record(session, comment, VERB, actor=actor, now=now, values=values)
        _tell(session, comment, to, now=now)
    else:
        to_cell = CommentState.RECEIVED
        transitions.apply(session, comment, to_cell, actor=actor, now=now, verb=VERB, values=values)


def _tell(session: Session, comment: Comment, to: Department, *, now: datetime) -> None:
    holder = current(comment).appointment
    if holder is None:
        return
    values = {
        "comment": comment.text,
        "author": comment.author_handle or comment.author_name,
        "department": to,
        "due_at": comment.due_at,
        "platform": comment.account.platform,
    }
    compose.queue(
        session,
        kind=NoticeKind.COMMENT_ROUTED,
        person=holder.person,
        values=values,
        now=now,
        path=links.comment(comment.id),
    )


def _from(left: Department, to: Department) -> dict[str, object]:
    return {"from": left.id, "to": to.id}
