"""The conditions by which the house knows what stands still, as SQL: one place for each."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, aliased

from approvals.lifecycle import PostState
from approvals.policy import Role
from publisher.desk.judging import APPROVALS
from publisher.lifecycle import CommentState, DeliveryState
from publisher.models.comments import AnswerKind, Comment, Reply, Routing
from publisher.models.content import (
    Decision,
    DecisionKind,
    Post,
    PostKind,
    PostSubmission,
    Revision,
    RevisionDepartment,
    Submission,
    Variant,
)
from publisher.models.deliveries import Delivery
from publisher.models.people import Appointment, Person

Condition = ColumnElement[bool]
OPEN = (CommentState.RECEIVED, CommentState.ROUTED)
STUCK = (DeliveryState.MISSED, DeliveryState.FAILED)


def newest(revision: type[Revision] = Revision) -> Condition:
    """The revision is the newest of its post."""
    return and_(revision.post_id == Post.id, revision.number == Post.newest)


def in_office(appointment: type[Appointment], person: type[Person], *, now: datetime) -> Condition:
    """The appointment holds at `now`, and its person is not disabled."""
    return and_(
        appointment.person_id == person.id,
        appointment.from_at <= now,
        or_(appointment.until_at.is_(None), appointment.until_at > now),
        person.disabled_at.is_(None),
    )


def officer_serves(
    department: ColumnElement[int] | ColumnElement[int | None],
    *,
    now: datetime,
    but: ColumnElement[int] | None = None,
) -> Condition:
    """The department has an officer in office; `but` is a person who does not count."""
    one, person = aliased(Appointment), aliased(Person)
    serving = [
        in_office(one, person, now=now),
        one.role == Role.OFFICER,
        one.department_id == department,
    ]
    if but is not None:
        serving.append(one.person_id != but)
    return exists().where(*serving).correlate_except(one, person)


def head_serves(
    department: ColumnElement[int], *, now: datetime, but: ColumnElement[int]
) -> Condition:
    """The department's head, the one first recorded where there are two, is not this person."""
    one, person = aliased(Appointment), aliased(Person)
    other, other_person = aliased(Appointment), aliased(Person)
    earlier = exists().where(
        in_office(other, other_person, now=now),
        other.role == Role.HEAD,
        other.department_id == one.department_id,
        other.id < one.id,
    )
    earlier = earlier.correlate_except(other, other_person)
    serving = exists().where(
        in_office(one, person, now=now),
        one.role == Role.HEAD,
        one.department_id == department,
        one.person_id != but,
        ~earlier,
    )
    return serving.correlate_except(one, person)


def approval_wanted(*more: Condition, now: datetime) -> Condition:
    """The post is in review, and an asked department that meets `more` has no approval in force.

    `more` speaks of `Revision`, and of the department by `asked_department`.
    """
    return and_(Post.state == PostState.IN_REVIEW, still_asked(*more, now=now))


def still_asked(*more: Condition, now: datetime) -> Condition:
    """The same of a post of which it is known that it is in review."""
    asked = (
        select(Revision.id)
        .outerjoin(RevisionDepartment, _is_asked())
        .where(newest(), ~_decided(now=now), *more)
    )
    return asked.correlate(Post).exists()


def _decided(*, now: datetime) -> Condition:
    one, person = aliased(Appointment), aliased(Person)
    given = exists().where(
        Decision.revision_id == Revision.id,
        Decision.department_id == asked_department(),
        Decision.kind.in_(APPROVALS),
        Decision.withdrawn_at.is_(None),
        Decision.appointment_id == one.id,
        in_office(one, person, now=now),
    )
    return given.correlate(Revision, RevisionDepartment, Post)


def _is_asked() -> Condition:
    return and_(RevisionDepartment.revision_id == Revision.id, RevisionDepartment.asked.is_(True))


def asked_department() -> ColumnElement[int]:
    """The department that is asked: the owning one where the revision lists none."""
    return func.coalesce(RevisionDepartment.department_id, Post.department_id)


def bound_author() -> ColumnElement[int]:
    """Whom four eyes keep from approving: a post's author, and for a reply nobody (0)."""
    return case((Post.kind == PostKind.POST, Revision.author_id), else_=0)


def blocked(*, now: datetime) -> Condition:
    """The post is in review for a department where nobody can approve it."""
    return and_(Post.state == PostState.IN_REVIEW, nobody_can_approve(now=now))


def nobody_can_approve(*, now: datetime) -> Condition:
    """The same of a post of which it is known that it is in review."""
    asked, author = asked_department(), bound_author()
    return still_asked(
        ~officer_serves(asked, now=now, but=author),
        ~head_serves(asked, now=now, but=author),
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


def is_to_be_scheduled() -> Condition:
    """The post is approved and leaves when the cell says; a reply leaves by itself."""
    return and_(Post.kind == PostKind.POST, Post.state == PostState.APPROVED)


def has_no_time() -> Condition:
    """The variant has no delivery.

    What was cancelled with an earlier approval, before the one that stands, counts as none.
    """
    stands = exists().where(
        Delivery.variant_id == Variant.id,
        or_(Delivery.state != DeliveryState.CANCELLED, Delivery.state_at >= Post.state_at),
    )
    return ~stands.correlate(Variant, Post)


def lacks_a_time() -> Condition:
    """The post is approved, and one of its variants has no time yet."""
    return and_(is_to_be_scheduled(), is_partly_unscheduled())


def is_partly_unscheduled() -> Condition:
    """The same of a post of which it is known that it is approved."""
    variants = (
        select(Variant.id)
        .join(Revision, Revision.id == Variant.revision_id)
        .where(newest(), has_no_time())
    )
    return and_(Post.kind == PostKind.POST, variants.correlate(Post).exists())


def is_without_a_time() -> Condition:
    """The same as `lacks_a_time`, asked of all posts at once.

    Found from the few variants without a standing delivery, never from the many that have one.
    """
    without = select(Variant.revision_id).outerjoin(Delivery, Delivery.variant_id == Variant.id)
    never = without.where(Delivery.id.is_(None))
    void = without.where(Delivery.state == DeliveryState.CANCELLED)
    maybe = select(Revision.post_id).where(Revision.id.in_(union_all(never, void)))
    return and_(Post.id.in_(maybe), lacks_a_time())


def stands_still(states: Collection[DeliveryState] = STUCK) -> Condition:
    """The delivery did not leave, and still could: its revision is the newest, and approved."""
    return and_(Delivery.state.in_(states), is_current())


def is_current() -> Condition:
    """The delivery's revision is the newest of its post, and approved."""
    current = (
        select(Variant.id)
        .join(Revision, Revision.id == Variant.revision_id)
        .join(Post, Post.id == Revision.post_id)
        .where(
            Variant.id == Delivery.variant_id,
            Revision.number == Post.newest,
            Post.state == PostState.APPROVED,
        )
    )
    return current.correlate(Delivery).exists()


def of_department(departments: Collection[int] | None) -> list[Condition]:
    """The delivery's post belongs to one of these departments; None for all."""
    if departments is None:
        return []
    post = aliased(Post)
    return [exists().where(post.id == Delivery.post_id, post.department_id.in_(departments))]


def is_with(
    appointment_id: int | None, department_id: int | None, *, head: bool, now: datetime
) -> Condition:
    """The comment is this appointment's, or what an officer left behind in its department.

    What is left behind is the officers', and the head's where there is none.
    """
    routing = aliased(Routing)
    mine = exists().where(
        routing.comment_id == Comment.id,
        routing.until_at.is_(None),
        routing.appointment_id == appointment_id,
    )
    left = and_(Comment.department_id == department_id, ~_holder_serves(now=now))
    if head:
        left = and_(left, ~officer_serves(Comment.department_id.expression, now=now))
    return and_(Comment.state == CommentState.ROUTED, or_(mine, left))


def _holder_serves(*, now: datetime) -> Condition:
    routing, one, person = aliased(Routing), aliased(Appointment), aliased(Person)
    return exists().where(
        routing.comment_id == Comment.id,
        routing.until_at.is_(None),
        one.id == routing.appointment_id,
        in_office(one, person, now=now),
    )


def answer_given() -> Condition:
    """This opening of the comment has its final answer, whether it is live or on its way."""
    return exists().where(
        Reply.comment_id == Comment.id,
        Reply.opening == Comment.opening,
        Reply.answer == AnswerKind.FINAL,
        Reply.withdrawn_at.is_(None),
    )


def answers(*conditions: Condition) -> Condition:
    """The delivery is a reply to an open comment that meets the conditions."""
    replies = (
        select(Reply.post_id)
        .join(Comment, Comment.id == Reply.comment_id)
        .where(Reply.post_id == Delivery.post_id, Reply.opening == Comment.opening, *conditions)
    )
    return replies.correlate(Delivery).exists()


def wished_at() -> ColumnElement[datetime | None]:
    """The earliest moment for which one of the post's submissions wishes it."""
    return (
        select(func.min(Submission.wished_at))
        .join(PostSubmission, PostSubmission.submission_id == Submission.id)
        .where(PostSubmission.post_id == Post.id)
        .correlate(Post)
        .scalar_subquery()
    )


def answer_by() -> ColumnElement[datetime]:
    """By when the comment that the post answers is to be answered; NULL for other posts."""
    return (
        select(Comment.due_at)
        .join(Reply, Reply.comment_id == Comment.id)
        .where(Reply.post_id == Post.id)
        .correlate(Post)
        .scalar_subquery()
    )


def number(post: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[str | None]:
    """The number of the post's first submission."""
    return (
        select(func.min(Submission.number))
        .join(PostSubmission, PostSubmission.submission_id == Submission.id)
        .where(PostSubmission.post_id == post)
        .correlate(Post, Delivery)
        .scalar_subquery()
    )
