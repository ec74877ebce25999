"""Revisions that wait for departments, and who in these can decide."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from approvals.approvers import Approvers
from approvals.states import PostState
from publisher.models.comments import Reply
from publisher.models.people import Appointment, Department
from publisher.models.posts import Decision, Post, Revision, RevisionDepartment
from publisher.review.department_approvers import offices_by_department, select_approvers
from publisher.review.department_reviews import department_reviews


@dataclass(frozen=True)
class PendingReview:
    """A revision in review, a department that has not decided about it, and who can."""

    revision: Revision
    department: Department
    approvers: Approvers


def pending_reviews(
    session: Session, *, now: datetime, post_ids: Collection[int]
) -> list[PendingReview]:
    """Return which of these posts wait for departments, by revision and department, read again."""
    query = (
        select(Revision)
        .join(Revision.post)
        .where(
            Post.id.in_(post_ids),
            Post.state == PostState.IN_REVIEW,
            Revision.number == Post.newest,
        )
        .options(
            contains_eager(Revision.post).options(
                selectinload(Post.submissions), joinedload(Post.reply).joinedload(Reply.comment)
            ),
            contains_eager(Revision.post).joinedload(Post.department),
            selectinload(Revision.departments).joinedload(RevisionDepartment.department),
            selectinload(Revision.decisions)
            .joinedload(Decision.appointment)
            .joinedload(Appointment.person),
        )
        .order_by(Revision.id)
        .execution_options(populate_existing=True)
    )
    pending = [
        (revision, review.department)
        for revision in session.scalars(query).all()
        for review in department_reviews(revision, now=now)
        if review.is_pending
    ]
    department_ids = {department.id for _revision, department in pending}
    offices = offices_by_department(session, department_ids, now=now)
    return [
        PendingReview(
            revision, department, select_approvers(offices[department.id], revision, now=now)
        )
        for revision, department in pending
    ]
