"""SQL conditions that several reports share, each defined once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import CTE, ColumnElement, Select, and_, exists, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, aliased

from approvals.policy import Role
from approvals.states import PostState
from publisher.models.comments import AnswerKind, Comment, Reply, Routing
from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.people import Appointment, Person
from publisher.models.posts import (
    Decision,
    DecisionKind,
    Post,
    Revision,
    RevisionDepartment,
    Variant,
)
from publisher.models.submissions import PostSubmission, Submission
from publisher.reports import sql_four_eyes
from publisher.reports.sql_basics import has, is_open_order, once
from publisher.review.gate_adapter import APPROVAL_KINDS
from publisher.states import STUCK, CommentState, DeliveryState

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


def officer_serves(
    department: ColumnElement[int] | ColumnElement[int | None],
    *,
    now: datetime,
    unbound: bool = False,
) -> Condition:
    """The department has an officer in office.

    With `unbound`, only officers count who may approve `Revision` under the four-eyes rule and are
    not away.
    """
    appointment, person = aliased(Appointment), aliased(Person)
    serving = [
        in_office(appointment, person, now=now),
        appointment.role == Role.OFFICER,
        appointment.department_id == department,
    ]
    if unbound:
        serving.append(~sql_four_eyes.is_barred(appointment))
        serving.append(~sql_four_eyes.is_away(appointment, now=now))
    return exists().where(*serving).correlate_except(appointment, person)


def other_head_serves(department: ColumnElement[int], *, now: datetime) -> Condition:
    """The department's head may approve `Revision` under the four-eyes rule.

    If two heads are in office, the one recorded first counts.
    """
    appointment, person = aliased(Appointment), aliased(Person)
    other, other_person = aliased(Appointment), aliased(Person)
    earlier = exists().where(
        in_office(other, other_person, now=now),
        other.role == Role.HEAD,
        other.department_id == appointment.department_id,
        other.id < appointment.id,
    )
    earlier = earlier.correlate_except(other, other_person)
    serving = exists().where(
        in_office(appointment, person, now=now),
        appointment.role == Role.HEAD,
        appointment.department_id == department,
        ~sql_four_eyes.is_barred(appointment),
        ~earlier,
    )
    return serving.correlate_except(appointment, person)


def approval_wanted(*conditions: Condition, now: datetime) -> Condition:
    """The post is in review, and an asked department has no approval in force.

    `conditions` restrict the department (`asked_department`) and the `Revision`.
    """
    return and_(Post.state == PostState.IN_REVIEW, still_asked(*conditions, now=now))


def still_asked(*conditions: Condition, now: datetime) -> Condition:
    """Return `approval_wanted` for a post already known to be in review."""
    revision_ids = (
        select(Revision.id)
        .outerjoin(RevisionDepartment, is_asked())
        .where(newest(), ~has_decided(now=now), *conditions)
    )
    return has(revision_ids.correlate(Post))


def has_decided(*, now: datetime) -> Condition:
    """An approval of `Revision` by the asked department is in force."""
    appointment, person = aliased(Appointment), aliased(Person)
    approval = exists().where(
        Decision.revision_id == Revision.id,
        Decision.department_id == asked_department(),
        Decision.kind.in_(APPROVAL_KINDS),
        Decision.withdrawn_at.is_(None),
        Decision.appointment_id == appointment.id,
        in_office(appointment, person, now=now),
    )
    return approval.correlate(Revision, RevisionDepartment, Post)


def is_asked() -> Condition:
    """The row of `RevisionDepartment` asks its department to approve `Revision`."""
    return and_(RevisionDepartment.revision_id == Revision.id, RevisionDepartment.asked.is_(True))


def asked_department() -> ColumnElement[int]:
    """Return the asked department's id; the owning department if the revision lists none."""
    return func.coalesce(RevisionDepartment.department_id, Post.department_id)


def blocked(*, now: datetime) -> Condition:
    """The post is in review for a department where nobody can approve it."""
    return and_(Post.state == PostState.IN_REVIEW, nobody_can_approve(now=now))


def nobody_can_approve(*, now: datetime) -> Condition:
    """Return `blocked` for a post already known to be in review."""
    department_id = asked_department()
    return still_asked(
        ~officer_serves(department_id, now=now, unbound=True),
        ~other_head_serves(department_id, now=now),
        now=now,
    )


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


def is_with(
    appointment_id: int | None, department_id: int | None, *, head: bool, now: datetime
) -> Condition:
    """The comment is routed to this appointment, or left by an officer who no longer serves.

    A comment left behind belongs to the department's officers, or to its head if it has no officer.
    """
    routing = aliased(Routing)
    mine = exists().where(
        routing.comment_id == Comment.id,
        routing.until_at.is_(None),
        routing.appointment_id == appointment_id,
    )
    is_left_behind = and_(Comment.department_id == department_id, ~_holder_serves(now=now))
    if head:
        is_left_behind = and_(
            is_left_behind, ~officer_serves(Comment.department_id.expression, now=now)
        )
    return and_(Comment.state == CommentState.ROUTED, or_(mine, is_left_behind))


def _holder_serves(*, now: datetime) -> Condition:
    routing, appointment, person = aliased(Routing), aliased(Appointment), aliased(Person)
    return exists().where(
        routing.comment_id == Comment.id,
        routing.until_at.is_(None),
        appointment.id == routing.appointment_id,
        in_office(appointment, person, now=now),
    )


def answer_given() -> Condition:
    """The current opening of the comment has a final answer that was not withdrawn."""
    return exists().where(
        Reply.comment_id == Comment.id,
        Reply.opening == Comment.opening,
        Reply.answer == AnswerKind.FINAL,
        Reply.withdrawn_at.is_(None),
    )


def answers(*conditions: Condition) -> Condition:
    """The delivery is a reply to a comment that meets the conditions."""
    replies = (
        select(Reply.post_id)
        .join(Comment, Comment.id == Reply.comment_id)
        .where(Reply.post_id == Delivery.post_id, Reply.opening == Comment.opening, *conditions)
    )
    return replies.correlate(Delivery).exists()


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


def answer_by() -> ColumnElement[datetime]:
    """Return the due time of the comment that the post answers; NULL for other posts."""
    return (
        select(Comment.due_at)
        .join(Reply, Reply.comment_id == Comment.id)
        .where(Reply.post_id == Post.id)
        .correlate(Post)
        .scalar_subquery()
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
