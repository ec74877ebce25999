"""The transfer of people, work and comments when a department is merged into another.

Decisions and publications keep the department that made them; its posts now belong to the target
department, which answers the comments under them. A post that was approved and not sent becomes a
draft again, because its approval names the merged department.
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
from publisher.models.departments import DepartmentAddress, DepartmentChange
from publisher.models.desk import Snippet
from publisher.models.people import Department
from publisher.models.posts import Post, PostKind, Revision, RevisionDepartment
from publisher.models.submissions import Submission
from publisher.operations.departments.open_items import ENDED, asks, open_comments
from publisher.people import appointment_transfer, responsibility
from publisher.states import SENT, CommentState

VERB = "merge_department"


def move_open_work(
    session: Session, change: DepartmentChange, target: Department, *, actor: Actor, now: datetime
) -> None:
    """Move everything unfinished of the change's department to `target`."""
    source = change.department
    leaving = appointment_transfer.list_standing(session, department_id=source.id, now=now)
    appointment_transfer.carry_over(
        session, leaving, target, order_number=change.order_number, actor=actor, now=now
    )
    query = select(Submission).where(
        Submission.department_id == source.id, Submission.state.not_in(ENDED)
    )
    for submission in session.scalars(query):
        submission.department_id = target.id
        transitions.record(
            session,
            submission,
            VERB,
            actor=actor,
            now=now,
            values=_department_values(source, target),
        )
    _posts(session, source, target, actor=actor, now=now)
    _plain_rows(session, source, target)
    for comment in open_comments(session, source.id):
        _comment(session, comment, change, target, actor=actor, now=now)


def _posts(
    session: Session, source: Department, target: Department, *, actor: Actor, now: datetime
) -> None:
    _put_back(session, source, target, actor=actor, now=now)
    query = select(Post).where(Post.department_id == source.id, Post.state != PostState.WITHDRAWN)
    for post in session.scalars(query):
        post.department_id = target.id
        transitions.record(
            session, post, VERB, actor=actor, now=now, values=_department_values(source, target)
        )
    _ask_target(session, source, target)


def _put_back(
    session: Session, source: Department, target: Department, *, actor: Actor, now: datetime
) -> None:
    """Put approved posts that were not sent back to draft."""
    has_left = exists().where(Delivery.post_id == Post.id, Delivery.state.in_(SENT))
    query = select(Post).where(
        or_(Post.department_id == source.id, asks(source.id)),
        Post.state == PostState.APPROVED,
        Post.kind == PostKind.POST,
        ~has_left,
    )
    posts, draft = session.scalars(query).all(), PostState.DRAFT
    values = _department_values(source, target)
    transitions.apply(session, posts, draft, actor=actor, now=now, verb=VERB, values=values)


def _ask_target(session: Session, source: Department, target: Department) -> None:
    """Make drafts ask the target department; revisions sent for review stay as they are."""
    query = (
        select(RevisionDepartment)
        .join(Revision, Revision.id == RevisionDepartment.revision_id)
        .join(Post, (Post.id == Revision.post_id) & (Post.newest == Revision.number))
        .where(
            RevisionDepartment.department_id == source.id,
            Post.state == PostState.DRAFT,
            Revision.sent_for_review_at.is_(None),
        )
    )
    for row in session.scalars(query):
        target_row = session.get(RevisionDepartment, (row.revision_id, target.id))
        if target_row is None:
            session.add(
                RevisionDepartment(
                    revision_id=row.revision_id, department_id=target.id, asked=row.asked
                )
            )
        else:
            target_row.asked = target_row.asked or row.asked
        session.delete(row)


def _plain_rows(session: Session, source: Department, target: Department) -> None:
    """Move accounts, subordinate departments, starting texts and shared addresses."""
    session.flush()
    columns = (
        *(Account.department_id, Department.reports_to_id, Snippet.department_id),
        DepartmentAddress.department_id,
    )
    for column in columns:
        session.execute(
            update(column.class_).where(column == source.id).values({column.key: target.id})
        )


def _comment(
    session: Session,
    comment: Comment,
    change: DepartmentChange,
    target: Department,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Transfer the comment and keep its due time; without an officer it goes to the cell."""
    chain = responsibility.responsible_chain(session, target.id, now=now)
    current(comment).until_at = now
    session.flush()
    comment.department_id = target.id if chain else None
    comment.routings.append(
        Routing(
            department_id=comment.department_id,
            appointment_id=chain[0].id if chain else None,
            since_at=now,
            reason=RoutingReason.TRANSFERRED if chain else RoutingReason.NOBODY_THERE,
            details={
                "from": change.department_id,
                "department": target.id,
                "words": change.order_number,
            },
        )
    )
    values = _department_values(change.department, target)
    if chain:
        transitions.record(session, comment, VERB, actor=actor, now=now, values=values)
    else:
        to_cell = CommentState.RECEIVED
        transitions.apply(session, comment, to_cell, actor=actor, now=now, verb=VERB, values=values)


def _department_values(source: Department, target: Department) -> dict[str, object]:
    return {"from": source.id, "to": target.id}
