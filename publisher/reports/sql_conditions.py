"""SQL conditions that several reports share, each defined once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import CTE, ColumnElement, Select, and_, exists, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, aliased

from approvals.states import PostState
from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.people import Appointment, Person
from publisher.models.posts import (
    Decision,
    DecisionKind,
    Post,
    Revision,
    Variant,
)
from publisher.models.submissions import PostSubmission, Submission
from publisher.reports.sql_basics import has, is_open_order, once
from publisher.states import STUCK, CommentState, DeliveryState
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind

Condition = ColumnElement[bool]
OPEN = (CommentState.RECEIVED, CommentState.ROUTED)


def newest(revision: type[Revision] = Revision) -> Condition:
    """The revision is the newest of its post."""
    return and_(revision.post_id == Post.id, revision.number == Post.newest)


def in_office(appointment: type[Appointment], person: type[Person], *, now: datetime) -> Condition:
    """The appointment holds at `now`, and its person is not disabled."""
    return and_(
        appointment.person_id == person.id,
        appointment.in_force_at(now),
        person.disabled_at.is_(None),
    )


def is_blocked() -> Condition:
    """The post is in review for a department where nobody can approve it."""
    return Post.id.in_(open_tasks.everybodys_subjects(TaskKind.BLOCKED))


def returned() -> Condition:
    """The newest revision of the post was returned by an officer."""
    revision, decision = aliased(Revision), aliased(Decision)
    return exists().where(
        newest(revision),
        decision.revision_id == revision.id,
        decision.kind == DecisionKind.RETURNED,
    )


def is_or_stands_still(states: Collection[DeliveryState]) -> Condition:
    """The delivery is in one of these rare states, or it is stuck."""
    # One subquery per state: a planner that knows only the average number of deliveries per state
    # would rather read all of them.
    delivery = aliased(Delivery)
    by_state = [select(delivery.id).where(delivery.state == state) for state in states]
    return Delivery.id.in_(union_all(*by_state, select(_stuck().c.id)))


def stands_still(states: Collection[DeliveryState] = STUCK) -> Condition:
    """The delivery is stuck in one of `states`: it did not leave and still could.

    The revision of a text is the newest and approved; an order was not carried out and not replaced
    by a later order.
    """
    stuck = _stuck()
    return Delivery.id.in_(select(stuck.c.id).where(stuck.c.state.in_(states)))


@once
def _stuck() -> CTE:
    """Return the ids and states of all stuck deliveries, once, as `_restored_sources`."""
    # Texts and orders are separate subqueries: a planner that must test both on every delivery
    # would join all texts ever published first.
    delivery = aliased(Delivery)
    texts = select(delivery.id, delivery.state).where(
        delivery.action.in_(OF_TEXTS), is_current(delivery)
    )
    orders = select(delivery.id, delivery.state).where(
        delivery.action.not_in(OF_TEXTS), is_open_order(delivery)
    )
    by_state = [
        query.where(delivery.state == state) for query in (texts, orders) for state in STUCK
    ]
    return union_all(*by_state).cte("stuck").prefix_with("MATERIALIZED")


def is_current(delivery: type[Delivery] = Delivery) -> Condition:
    """The delivery's revision is the newest of its post, and approved."""
    current = (
        select(Variant.id)
        .join(Revision, Revision.id == Variant.revision_id)
        .join(Post, Post.id == Revision.post_id)
        .where(
            Variant.id == delivery.variant_id,
            Revision.number == Post.newest,
            Post.state == PostState.APPROVED,
        )
    )
    return has(current.correlate(delivery))


def of_department(departments: Collection[int] | None) -> list[Condition]:
    """The delivery's post belongs to one of these departments; None for all."""
    if departments is None:
        return []
    post = aliased(Post)
    return [exists().where(post.id == Delivery.post_id, post.department_id.in_(departments))]


def wished_at() -> ColumnElement[datetime | None]:
    """Return the earliest publication time that the post's submissions wish for."""
    return (
        select(func.min(Submission.wished_at))
        .join(PostSubmission, PostSubmission.submission_id == Submission.id)
        .where(PostSubmission.post_id == Post.id)
        .correlate(Post)
        .scalar_subquery()
    )


def wished_between(begins: datetime, ends: datetime) -> Select[int]:
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
