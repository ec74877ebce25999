"""SQL conditions that several reports share, each defined once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from publisher.models.deliveries import Delivery
from publisher.models.posts import Post, Revision
from publisher.models.submissions import PostSubmission, Submission
from publisher.states import CommentState
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind

Condition = ColumnElement[bool]
OPEN = (CommentState.RECEIVED, CommentState.ROUTED)


def newest(revision: type[Revision] = Revision) -> Condition:
    """The revision is the newest of its post."""
    return and_(revision.post_id == Post.id, revision.number == Post.newest)


def is_blocked() -> Condition:
    """The post is in review for a department where nobody can approve it."""
    return Post.id.in_(open_tasks.everybodys_subjects(TaskKind.BLOCKED))


def department_conditions(departments: Collection[int] | None) -> list[Condition]:
    """The delivery's post belongs to one of these departments; None for all."""
    if departments is None:
        return []
    post = aliased(Post)
    return [exists().where(post.id == Delivery.post_id, post.department_id.in_(departments))]


def earliest_wish() -> ColumnElement[datetime | None]:
    """Return the earliest publication time that the post's submissions wish for."""
    return (
        select(func.min(Submission.wished_at))
        .join(PostSubmission, PostSubmission.submission_id == Submission.id)
        .where(PostSubmission.post_id == Post.id)
        .correlate(Post)
        .scalar_subquery()
    )


def posts_by_wish(begins: datetime, ends: datetime) -> Select[int]:
    """Return the posts with a submission whose wished time is in `[begins, ends)`."""
    return (
        select(PostSubmission.post_id)
        .join(Submission, Submission.id == PostSubmission.submission_id)
        .where(Submission.wished_at >= begins, Submission.wished_at < ends)
    )


def number(post: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[str | None]:
    """Return the number of the post's first submission."""
    return (
        select(func.min(Submission.number))
        .join(PostSubmission, PostSubmission.submission_id == Submission.id)
        .where(PostSubmission.post_id == post)
        .correlate(Post, Delivery)
        .scalar_subquery()
    )
