"""Revisions that wait for departments, and what was told about them so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, selectinload

from approvals.approvers import Approvers
from approvals.states import PostState
from publisher.models.history import Event
from publisher.models.people import Department
from publisher.models.posts import Post, Revision
from publisher.review.department_approvers import approvers_among, offices_by_department
from publisher.review.department_reviews import department_reviews


@dataclass(frozen=True)
class PendingReview:
    """A revision in review, a department that has not decided about it, and who can."""

    revision: Revision
    department: Department
    approvers: Approvers


def pending_reviews(
    session: Session, *, now: datetime, post_id: int | None = None
) -> list[PendingReview]:
    """Return what waits for departments, by revision; of one post if `post_id` is set."""
    query = (
        select(Revision)
        .join(Revision.post)
        .where(Post.state == PostState.IN_REVIEW, Revision.number == Post.newest)
        .options(
            contains_eager(Revision.post),
            selectinload(Revision.departments),
            selectinload(Revision.decisions),
        )
        .order_by(Revision.id)
    )
    if post_id is not None:
        query = query.where(Post.id == post_id)
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
            revision, department, approvers_among(offices[department.id], revision, now=now)
        )
        for revision, department in pending
    ]


def events_about(session: Session, verb: str, reviews: list[PendingReview]) -> list[Event]:
    """Return the events with this verb about the posts of these reviews, oldest first."""
    query = (
        select(Event)
        .where(
            Event.subject == Post.__tablename__,
            Event.subject_id.in_({review.revision.post_id for review in reviews}),
            Event.verb == verb,
        )
        .order_by(Event.id)
    )
    return list(session.scalars(query))
