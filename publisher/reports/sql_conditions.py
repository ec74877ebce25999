"""The conditions by which the house knows what stands still, as SQL: one place for each."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache

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
    PostKind,
    Revision,
    RevisionDepartment,
    Variant,
)
from publisher.models.submissions import PostSubmission, Submission
from publisher.reports.sql_basics import has, is_open_order
from publisher.review.gate_adapter import APPROVALS
from publisher.states import CommentState, DeliveryState

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
    unbound: bool = False,
) -> Condition:
    """The department has an officer in office; `unbound`: one whom four eyes do not keep out."""
    one, person = aliased(Appointment), aliased(Person)
    serving = [
        in_office(one, person, now=now),
        one.role == Role.OFFICER,
        one.department_id == department,
    ]
    if unbound:
        serving.append(~is_bound(one.person_id))
    return exists().where(*serving).correlate_except(one, person)


def unbound_head_serves(department: ColumnElement[int], *, now: datetime) -> Condition:
    """Four eyes do not keep out the department's head, of two the one first recorded."""
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
        ~is_bound(one.person_id),
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
        .outerjoin(RevisionDepartment, is_asked())
        .where(newest(), ~has_decided(now=now), *more)
    )
    return has(asked.correlate(Post))


def has_decided(*, now: datetime) -> Condition:
    """An approval of `Revision` by the department that is asked is in force."""
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


def is_asked() -> Condition:
    """The row of `RevisionDepartment` asks its department to approve `Revision`."""
    return and_(RevisionDepartment.revision_id == Revision.id, RevisionDepartment.asked.is_(True))


def asked_department() -> ColumnElement[int]:
    """The department that is asked: the owning one where the revision lists none."""
    return func.coalesce(RevisionDepartment.department_id, Post.department_id)


def is_bound(person_id: ColumnElement[int] | InstrumentedAttribute[int]) -> Condition:
    """Four eyes keep this person from approving `Revision`; a reply keeps nobody.

    The same as `judging.bound_authors`: who wrote it, and the words that it brings back.
    """
    walk, older = _restored(), aliased(Revision)
    restored = exists().where(
        walk.c.id == Revision.id, older.id == walk.c.source_id, older.author_id == person_id
    )
    wrote = or_(Revision.author_id == person_id, restored.correlate_except(walk, older))
    return and_(Post.kind == PostKind.POST, wrote)


@cache
def _restored() -> CTE:
    """Each restored revision with every one whose words it brings back, by way of others too.

    One for all that ask, so that a statement holds it once.
    """
    one, source = aliased(Revision), aliased(Revision)
    first = select(one.id, one.restored_from_id.label("source_id"))
    walk = first.where(one.restored_from_id.is_not(None)).cte("restored", recursive=True)
    further = select(walk.c.id, source.restored_from_id).join(source, source.id == walk.c.source_id)
    return walk.union(further.where(source.restored_from_id.is_not(None)))


def blocked(*, now: datetime) -> Condition:
    """The post is in review for a department where nobody can approve it."""
    return and_(Post.state == PostState.IN_REVIEW, nobody_can_approve(now=now))


def nobody_can_approve(*, now: datetime) -> Condition:
    """The same of a post of which it is known that it is in review."""
    asked = asked_department()
    return still_asked(
        ~officer_serves(asked, now=now, unbound=True),
        ~unbound_head_serves(asked, now=now),
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
    """The delivery is in one of these states, of which there are few at a time, or stands still.

    Asked state by state: a database that knows of a state only how many deliveries have one on
    average would rather read all of them.
    """
    one = aliased(Delivery)
    found = [select(one.id).where(one.state == state) for state in states]
    return Delivery.id.in_(union_all(*found, select(_stuck().c.id)))


def stands_still(states: Collection[DeliveryState] = STUCK) -> Condition:
    """The delivery did not leave, and still could: its revision is the newest, and approved.

    Or it is an order that was not carried out, and nobody has given another about the same.
    """
    stuck = _stuck()
    return Delivery.id.in_(select(stuck.c.id).where(stuck.c.state.in_(states)))


@cache
def _stuck() -> CTE:
    """All that stand still, with their states; one for all that ask, as with `_restored`.

    Texts are asked for apart from orders: a database that has to try both on every delivery would
    lay all texts that ever left beside each other first.
    """
    one = aliased(Delivery)
    texts = select(one.id, one.state).where(one.action.in_(OF_TEXTS), is_current(one))
    orders = select(one.id, one.state).where(one.action.not_in(OF_TEXTS), is_open_order(one))
    found = [each.where(one.state == state) for each in (texts, orders) for state in STUCK]
    return union_all(*found).cte("stuck").prefix_with("MATERIALIZED")


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


def wished_between(begins: datetime, ends: datetime) -> Select[int]:
    """The posts of which a submission wishes a moment from `begins` on and before `ends`."""
    return (
        select(PostSubmission.post_id)
        .join(Submission, Submission.id == PostSubmission.submission_id)
        .where(Submission.wished_at >= begins, Submission.wished_at < ends)
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
