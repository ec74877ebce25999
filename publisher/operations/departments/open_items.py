"""What of a department is open, so that it cannot end yet: each thing with its id and its words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.policy import Actor
from approvals.states import PostState
from publisher.models.comments import Comment
from publisher.models.deliveries import Account, Delivery
from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.models.emergency import EmergencyTemplate
from publisher.models.people import Appointment, Department
from publisher.models.posts import Post, PostKind, Revision, RevisionDepartment, Variant
from publisher.models.submissions import Submission
from publisher.people import appointment_transfer
from publisher.people.departments import is_in_force
from publisher.states import AccountState, CommentState, DeliveryState, SubmissionState

MOST: Final = 200
"""As many of each kind are listed; with those settled the rest shows."""

ENDED: Final = (SubmissionState.DECLINED, SubmissionState.MERGED, SubmissionState.WITHDRAWN)
OPEN_SUBMISSIONS: Final = (SubmissionState.RECEIVED, SubmissionState.RETURNED)
OPEN_COMMENTS: Final = (CommentState.RECEIVED, CommentState.ROUTED)
_AT_REST: Final = (DeliveryState.PUBLISHED, DeliveryState.CANCELLED)


class OpenKind(StrEnum):
    """What a thing that stands in the way is."""

    SUBMISSION = "submission"
    POST = "post"
    ANSWER = "answer"
    COMMENT = "comment"
    APPOINTMENT = "appointment"
    OWN_APPOINTMENT = "own_appointment"
    NO_PLACE = "no_place"
    DEPARTMENT = "department"
    ACCOUNT = "account"
    TEMPLATE = "template"


@dataclass(frozen=True)
class OpenThing:
    """One thing that stands in the way: `id` of its page, and the words by which it is known.

    Of an appointment, `id` is the person's.
    """

    kind: OpenKind
    id: int
    words: str
    code: str = ""


def lock_work(session: Session, department_id: int) -> None:
    """Keep the department's submissions and posts as they are until the transaction ends.

    Else one could be approved or given a time right after it was looked at, in a name that ends.
    A submission is locked before the posts that rest on it, as wherever both are; both as
    `moving.lock` does.
    """
    handed_in = select(Submission.id).where(
        Submission.department_id == department_id, Submission.state.not_in(ENDED)
    )
    session.scalars(
        handed_in.order_by(Submission.id).with_for_update(of=Submission, key_share=True)
    ).all()
    query = select(Post.id).where(
        or_(Post.department_id == department_id, asks(department_id)),
        Post.state != PostState.WITHDRAWN,
    )
    session.scalars(query.order_by(Post.id).with_for_update(of=Post, key_share=True)).all()


def hinders_closing(
    session: Session, department: Department, *, actor: Actor, now: datetime
) -> list[OpenThing]:
    """All that has to be settled before this department can close."""
    return [
        *_submissions(session, department.id),
        *_posts(session, department.id, with_drafts=True),
        *_comments(session, department.id),
        *_departments(session, department.id, now),
        *_arriving(session, department.id),
        *_accounts(session, department.id),
        *_templates(session, department.id),
        *_immovable(session, department, actor, now),
    ]


def hinders_merging(
    session: Session, department: Department, into: Department, *, actor: Actor, now: datetime
) -> list[OpenThing]:
    """All that cannot move to the other department, and has to be settled first."""
    leaving = appointment_transfer.standing_in(session, department_id=department.id, now=now)
    there = appointment_transfer.standing_in(session, department_id=into.id, now=now)
    ordinary = [one for one in leaving if one.role in appointment_transfer.ORDINARY]
    return [
        *_posts(session, department.id, with_drafts=False),
        *_arriving(session, department.id),
        *_templates(session, department.id),
        *_immovable(session, department, actor, now),
        *(
            _appointed(OpenKind.NO_PLACE, one)
            for one in appointment_transfer.without_place(ordinary, there)
        ),
    ]


def _submissions(session: Session, department_id: int) -> Iterable[OpenThing]:
    query = (
        select(Submission)
        .where(Submission.department_id == department_id, Submission.state.in_(OPEN_SUBMISSIONS))
        .order_by(Submission.id)
        .limit(MOST)
    )
    for one in session.scalars(query):
        yield OpenThing(OpenKind.SUBMISSION, one.id, f"{one.number} · {one.title}")


def _posts(session: Session, department_id: int, *, with_drafts: bool) -> Iterable[OpenThing]:
    """Those that await a decision, or of which something has yet to leave or to be settled.

    An approval covers the department's name, so what is under review does not move either.
    """
    states = [PostState.IN_REVIEW, *([PostState.DRAFT] if with_drafts else [])]
    query = (
        select(Post)
        .where(
            or_(Post.department_id == department_id, asks(department_id)),
            or_(
                Post.state.in_(states),
                (Post.state == PostState.APPROVED) & (_unsettled() | _without_a_time()),
            ),
        )
        .options(selectinload(Post.submissions))
        .order_by(Post.id)
        .limit(MOST)
    )
    for one in session.scalars(query):
        kind = OpenKind.ANSWER if one.kind is PostKind.REPLY else OpenKind.POST
        numbers = [submission.number for submission in one.submissions]
        yield OpenThing(kind, one.id, " · ".join([*numbers, one.title]))


def asks(department_id: int) -> ColumnElement[bool]:
    """Whether the newest revision asks this department as well."""
    return exists().where(
        Revision.post_id == Post.id,
        Revision.number == Post.newest,
        RevisionDepartment.revision_id == Revision.id,
        RevisionDepartment.department_id == department_id,
        RevisionDepartment.asked,
    )


def _unsettled() -> ColumnElement[bool]:
    return exists().where(Delivery.post_id == Post.id, Delivery.state.not_in(_AT_REST))


def _without_a_time() -> ColumnElement[bool]:
    """Whether a text of the newest revision has no delivery at all."""
    return exists().where(
        Revision.post_id == Post.id,
        Revision.number == Post.newest,
        Variant.revision_id == Revision.id,
        ~exists().where(Delivery.variant_id == Variant.id),
    )


def _comments(session: Session, department_id: int) -> Iterable[OpenThing]:
    query = (
        select(Comment)
        .where(Comment.department_id == department_id, Comment.state.in_(OPEN_COMMENTS))
        .order_by(Comment.due_at)
        .limit(MOST)
    )
    for one in session.scalars(query):
        yield OpenThing(OpenKind.COMMENT, one.id, one.text[:80])


def _departments(session: Session, department_id: int, now: datetime) -> Iterable[OpenThing]:
    query = select(Department).where(Department.reports_to_id == department_id)
    for one in session.scalars(query.order_by(Department.name_mr)):
        if is_in_force(one, now=now):
            yield OpenThing(OpenKind.DEPARTMENT, one.id, one.name_mr, one.code)


def _arriving(session: Session, department_id: int) -> Iterable[OpenThing]:
    """Those that are to be merged into it on a day to come: they would come to a closed door."""
    query = (
        select(Department)
        .join(DepartmentChange, DepartmentChange.department_id == Department.id)
        .where(
            DepartmentChange.kind == DepartmentChangeKind.MERGED,
            DepartmentChange.other_id == department_id,
            DepartmentChange.done_at.is_(None),
            DepartmentChange.dropped_at.is_(None),
        )
        .order_by(Department.name_mr)
    )
    for one in session.scalars(query):
        yield OpenThing(OpenKind.DEPARTMENT, one.id, one.name_mr, one.code)


def _accounts(session: Session, department_id: int) -> Iterable[OpenThing]:
    query = select(Account).where(
        Account.department_id == department_id, Account.state != AccountState.DISCONNECTED
    )
    for one in session.scalars(query.order_by(Account.id)):
        yield OpenThing(OpenKind.ACCOUNT, one.id, f"{one.name} · {one.handle}")


def _templates(session: Session, department_id: int) -> Iterable[OpenThing]:
    """An emergency template leaves in the name that approved it, so another has to take it on."""
    query = select(EmergencyTemplate).where(
        EmergencyTemplate.department_id == department_id, EmergencyTemplate.ended_at.is_(None)
    )
    for one in session.scalars(query.order_by(EmergencyTemplate.id)):
        yield OpenThing(OpenKind.TEMPLATE, one.id, one.name_mr)


def _immovable(
    session: Session, department: Department, actor: Actor, now: datetime
) -> Iterable[OpenThing]:
    """The cell, admins and readers keep their appointments, and nobody touches their own."""
    options = appointment_transfer.standing_in(session, department_id=department.id, now=now)
    for one in options:
        if one.role not in appointment_transfer.ORDINARY:
            yield _appointed(OpenKind.APPOINTMENT, one)
        elif one.person_id == actor.person_id:
            yield _appointed(OpenKind.OWN_APPOINTMENT, one)


def _appointed(kind: OpenKind, appointment: Appointment) -> OpenThing:
    return OpenThing(kind, appointment.person_id, appointment.person.name_mr)


def open_comments(session: Session, department_id: int) -> list[Comment]:
    """The comments that somebody of the department has yet to answer."""
    query = (
        select(Comment)
        .where(Comment.department_id == department_id, Comment.state == CommentState.ROUTED)
        .options(joinedload(Comment.account))
        .order_by(Comment.id)
    )
    return list(session.scalars(query))
