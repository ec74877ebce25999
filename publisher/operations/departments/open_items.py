"""The open work that keeps a department from being closed or merged."""

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
from publisher.states import FINAL, AccountState, CommentState, SubmissionState

MOST: Final = 200
"""How many items of each kind are listed; the rest shows once those are settled."""

ENDED: Final = (SubmissionState.DECLINED, SubmissionState.MERGED, SubmissionState.WITHDRAWN)
OPEN_SUBMISSIONS: Final = (SubmissionState.RECEIVED, SubmissionState.RETURNED)
OPEN_COMMENTS: Final = (CommentState.RECEIVED, CommentState.ROUTED)


class OpenKind(StrEnum):
    """The kind of an item that hinders the change."""

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
class OpenItem:
    """An item that hinders the change, with its id and a title.

    The `id` of an appointment's item is the person's.
    """

    kind: OpenKind
    id: int
    title: str
    code: str = ""


def lock_work(session: Session, department_id: int) -> None:
    """Lock the department's submissions and posts until the transaction ends.

    Otherwise a post could be approved or scheduled right after the check. Submissions are locked
    before their posts, as everywhere, and both as by `transitions.lock`.
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
) -> list[OpenItem]:
    """Return everything that has to be settled before the department can close."""
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
) -> list[OpenItem]:
    """Return everything that cannot move to the other department."""
    leaving = appointment_transfer.list_standing(session, department_id=department.id, now=now)
    staying = appointment_transfer.list_standing(session, department_id=into.id, now=now)
    ordinary = [
        appointment for appointment in leaving if appointment.role in appointment_transfer.ORDINARY
    ]
    return [
        *_posts(session, department.id, with_drafts=False),
        *_arriving(session, department.id),
        *_templates(session, department.id),
        *_immovable(session, department, actor, now),
        *(
            _appointment_item(OpenKind.NO_PLACE, appointment)
            for appointment in appointment_transfer.appointments_without_place(ordinary, staying)
        ),
    ]


def _submissions(session: Session, department_id: int) -> Iterable[OpenItem]:
    query = (
        select(Submission)
        .where(Submission.department_id == department_id, Submission.state.in_(OPEN_SUBMISSIONS))
        .order_by(Submission.id)
        .limit(MOST)
    )
    for submission in session.scalars(query):
        yield OpenItem(
            OpenKind.SUBMISSION, submission.id, f"{submission.number} · {submission.title}"
        )


def _posts(session: Session, department_id: int, *, with_drafts: bool) -> Iterable[OpenItem]:
    """Yield posts that await a decision, or that have deliveries to be sent or settled.

    Posts in review cannot move either, because an approval names the department.
    """
    states = [PostState.IN_REVIEW, *([PostState.DRAFT] if with_drafts else [])]
    is_unsettled = exists().where(Delivery.post_id == Post.id, Delivery.state.not_in(FINAL))
    query = (
        select(Post)
        .where(
            or_(Post.department_id == department_id, asks(department_id)),
            or_(
                Post.state.in_(states),
                (Post.state == PostState.APPROVED) & (is_unsettled | _has_no_delivery()),
            ),
        )
        .options(selectinload(Post.submissions))
        .order_by(Post.id)
        .limit(MOST)
    )
    for post in session.scalars(query):
        kind = OpenKind.ANSWER if post.kind is PostKind.REPLY else OpenKind.POST
        numbers = [submission.number for submission in post.submissions]
        yield OpenItem(kind, post.id, " · ".join([*numbers, post.title]))


def asks(department_id: int) -> ColumnElement[bool]:
    """Return the condition that the newest revision also asks this department."""
    return exists().where(
        Revision.post_id == Post.id,
        Revision.number == Post.newest,
        RevisionDepartment.revision_id == Revision.id,
        RevisionDepartment.department_id == department_id,
        RevisionDepartment.asked,
    )


def _has_no_delivery() -> ColumnElement[bool]:
    """Return the condition that a variant of the newest revision has no delivery."""
    return exists().where(
        Revision.post_id == Post.id,
        Revision.number == Post.newest,
        Variant.revision_id == Revision.id,
        ~exists().where(Delivery.variant_id == Variant.id),
    )


def _comments(session: Session, department_id: int) -> Iterable[OpenItem]:
    query = (
        select(Comment)
        .where(Comment.department_id == department_id, Comment.state.in_(OPEN_COMMENTS))
        .order_by(Comment.due_at)
        .limit(MOST)
    )
    for comment in session.scalars(query):
        yield OpenItem(OpenKind.COMMENT, comment.id, comment.text[:80])


def _departments(session: Session, department_id: int, now: datetime) -> Iterable[OpenItem]:
    query = select(Department).where(Department.reports_to_id == department_id)
    for department in session.scalars(query.order_by(Department.name_mr)):
        if is_in_force(department, now=now):
            yield OpenItem(OpenKind.DEPARTMENT, department.id, department.name_mr, department.code)


def _arriving(session: Session, department_id: int) -> Iterable[OpenItem]:
    """Yield departments that are to be merged into this one later."""
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
    for department in session.scalars(query):
        yield OpenItem(OpenKind.DEPARTMENT, department.id, department.name_mr, department.code)


def _accounts(session: Session, department_id: int) -> Iterable[OpenItem]:
    query = select(Account).where(
        Account.department_id == department_id, Account.state != AccountState.DISCONNECTED
    )
    for account in session.scalars(query.order_by(Account.id)):
        yield OpenItem(OpenKind.ACCOUNT, account.id, f"{account.name} · {account.handle}")


def _templates(session: Session, department_id: int) -> Iterable[OpenItem]:
    """Yield emergency templates, which are approved in the department's name."""
    query = select(EmergencyTemplate).where(
        EmergencyTemplate.department_id == department_id, EmergencyTemplate.ended_at.is_(None)
    )
    for template in session.scalars(query.order_by(EmergencyTemplate.id)):
        yield OpenItem(OpenKind.TEMPLATE, template.id, template.name_mr)


def _immovable(
    session: Session, department: Department, actor: Actor, now: datetime
) -> Iterable[OpenItem]:
    """Yield appointments of the cell, admins and readers, and the actor's own."""
    appointments = appointment_transfer.list_standing(session, department_id=department.id, now=now)
    for appointment in appointments:
        if appointment.role not in appointment_transfer.ORDINARY:
            yield _appointment_item(OpenKind.APPOINTMENT, appointment)
        elif appointment.person_id == actor.person_id:
            yield _appointment_item(OpenKind.OWN_APPOINTMENT, appointment)


def _appointment_item(kind: OpenKind, appointment: Appointment) -> OpenItem:
    return OpenItem(kind, appointment.person_id, appointment.person.name_mr)


def open_comments(session: Session, department_id: int) -> list[Comment]:
    """Return the comments routed to the department and not answered."""
    query = (
        select(Comment)
        .where(Comment.department_id == department_id, Comment.state == CommentState.ROUTED)
        .options(joinedload(Comment.account))
        .order_by(Comment.id)
    )
    return list(session.scalars(query))
