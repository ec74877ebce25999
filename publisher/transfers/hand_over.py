"""Hand the open work of a person in office over to another, in one act.

What is attached to the person moves: comments, submissions with their drafts, and saved texts for
returning posts. Approvals are asked of a department, so they need no move: the other gets a list of
those waiting. Everything that the person did stays theirs in the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, Role, may, require
from approvals.states import PostState
from publisher import transitions
from publisher.inbox import routing
from publisher.inbox.routing import RoutingReason
from publisher.models.approvals import ReturnText
from publisher.models.comments import Comment, Routing
from publisher.models.deliveries import Delivery
from publisher.models.people import Appointment
from publisher.models.posts import Post, Revision, RevisionDepartment, Variant
from publisher.models.submissions import PostSubmission, Submission
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.people.appointments import end_appointment
from publisher.review import return_texts
from publisher.review.department_reviews import department_reviews, pending_ids
from publisher.states import UNSENT, CommentState, SubmissionState
from publisher.transfers import checks
from publisher.validation import FieldError, Invalid, NotFound

AT_DEPARTMENT: Final = frozenset({Role.OFFICER, Role.HEAD})
AT_CELL: Final = frozenset({Role.CELL, Role.CELL_LEAD})


class CommentsLeft(NotAllowed):
    """The department's last officer cannot end while comments would have no holder."""

    code = "comments_left"


@dataclass(frozen=True)
class OpenWork:
    """What a person in office has in hand; `posts` wait for their department's approval."""

    comments: Sequence[Comment]
    submissions: Sequence[Submission]
    texts: Sequence[ReturnText]
    posts: Sequence[Post]

    @property
    def is_empty(self) -> bool:
        """True if nothing would be handed over."""
        return not (self.comments or self.submissions or self.texts or self.posts)


def source_of(session: Session, appointment_id: int, *, actor: Actor, now: datetime) -> Appointment:
    """Return an appointment whose work the actor may hand over; it may have ended.

    Raises `NotFound` or `WrongRole`.
    """
    source = session.get(Appointment, appointment_id)
    require(actor, Action.HAND_OVER, actor.department_id, now=now)
    if source is None or source.role not in AT_DEPARTMENT | AT_CELL:
        raise NotFound(appointment_id)
    if not may(actor, Action.HAND_OVER, source.department_id):
        raise NotFound(appointment_id)  # it is another department's
    return source


def successors(session: Session, source: Appointment, *, now: datetime) -> list[Appointment]:
    """Return who can continue the work: the others in the department or the cell."""
    offices = (
        responsibility.cell(session, now=now)
        if source.role in AT_CELL
        else responsibility.responsible_chain(session, source.department_id, now=now)
    )
    return [office for office in offices if office.person_id != source.person_id]


def open_work(session: Session, source: Appointment, *, now: datetime) -> OpenWork:
    """Return what this person has in hand under this appointment."""
    if source.role in AT_CELL:
        return OpenWork((), _submissions(session, source), (), ())
    return OpenWork(
        comments=_comments(session, source),
        submissions=(),
        texts=_texts(session, source.person_id),
        posts=_posts_in_review(session, source.department_id, now=now),
    )


def _comments(session: Session, source: Appointment) -> Sequence[Comment]:
    query = (
        select(Comment)
        .join(Routing, (Routing.comment_id == Comment.id) & Routing.until_at.is_(None))
        .where(Routing.appointment_id == source.id, Comment.state == CommentState.ROUTED)
        .order_by(Comment.id)
    )
    return session.scalars(query).all()


def _submissions(session: Session, source: Appointment) -> Sequence[Submission]:
    query = select(Submission).where(Submission.taken_by_id == source.person_id, _is_unfinished())
    return session.scalars(query.order_by(Submission.id)).all()


def _is_unfinished() -> ColumnElement[bool]:
    """The cell still has to write, schedule or send back something for the submission."""
    unfinished_posts = (
        select(PostSubmission.submission_id)
        .join(Post, Post.id == PostSubmission.post_id)
        .join(Revision, (Revision.post_id == Post.id) & (Revision.number == Post.newest))
        .where(
            PostSubmission.submission_id == Submission.id,
            or_(Post.state.in_((PostState.DRAFT, PostState.IN_REVIEW)), is_approved_and_unsent()),
        )
    )
    waiting = (SubmissionState.RECEIVED, SubmissionState.RETURNED)
    is_drafted = Submission.state == SubmissionState.DRAFTED
    return or_(Submission.state.in_(waiting), is_drafted & unfinished_posts.exists())


def is_approved_and_unsent() -> ColumnElement[bool]:
    """`Post` is approved, and a text of its newest `Revision` is yet to be scheduled or sent."""
    of_text = select(Delivery.id).where(Delivery.variant_id == Variant.id)
    is_unsent = ~of_text.exists() | of_text.where(Delivery.state.in_(UNSENT)).exists()
    texts = select(Variant.id).where(Variant.revision_id == Revision.id, is_unsent)
    return and_(Post.state == PostState.APPROVED, texts.exists())


def _texts(session: Session, person_id: int) -> Sequence[ReturnText]:
    query = select(ReturnText).where(ReturnText.person_id == person_id).order_by(ReturnText.id)
    return session.scalars(query).all()


def _posts_in_review(session: Session, department_id: int, *, now: datetime) -> list[Post]:
    """Return the posts in review that still wait for the department's approval."""
    asks = (
        select(RevisionDepartment.revision_id)
        .where(
            RevisionDepartment.revision_id == Revision.id,
            RevisionDepartment.department_id == department_id,
        )
        .exists()
    )
    query = (
        select(Revision)
        .join(Post, (Post.id == Revision.post_id) & (Post.newest == Revision.number))
        .where(Post.state == PostState.IN_REVIEW, or_(Post.department_id == department_id, asks))
        .order_by(Post.id)
    )
    return [
        revision.post
        for revision in session.scalars(query)
        if department_id in pending_ids(department_reviews(revision, now=now))
    ]


def hand_over(
    session: Session, *, actor: Actor, now: datetime, source_id: int, target_id: int
) -> OpenWork:
    """Hand the open work of an appointment over to another person; both get a summary.

    Raises `NotFound`, `WrongRole`, or `Invalid` if the other cannot go on with it.
    """
    source = source_of(session, source_id, actor=actor, now=now)
    offices = successors(session, source, now=now)
    target = next((office for office in offices if office.id == target_id), None)
    if target is None:
        raise Invalid([FieldError("target_id", "hand_over_to_whom")])
    return move_work(session, source, target, actor=actor, now=now)


def move_work(
    session: Session, source: Appointment, target: Appointment, *, actor: Actor, now: datetime
) -> OpenWork:
    """Move the open work to `target`, unchecked; both get a summary if there is any."""
    work = open_work(session, source, now=now)
    for held_comment in work.comments:
        comment = transitions.lock(session, Comment, held_comment.id)
        if comment is not None and _is_held_under(comment, source):
            routing.pass_on(session, comment, target, actor=actor, now=now)
    for unfinished in work.submissions:
        submission = transitions.lock(session, Submission, unfinished.id)
        if submission is not None and submission.taken_by_id == source.person_id:
            submission.taken_by_id, submission.taken_at = target.person_id, now
            values = {"from": source.person_id, "to": target.person_id}
            verb = Action.HAND_OVER
            transitions.record(session, submission, verb, actor=actor, now=now, values=values)
    return_texts.copy(session, work.texts, to_person_id=target.person_id, now=now)
    if not work.is_empty and source.person_id != target.person_id:
        _record_and_tell(session, source, target, work, actor=actor, now=now)
    return work


def _is_held_under(comment: Comment, source: Appointment) -> bool:
    # Somebody else may have moved or answered it before it was locked.
    is_routed = comment.state is CommentState.ROUTED
    return is_routed and routing.current(comment).appointment_id == source.id


def _record_and_tell(
    session: Session,
    source: Appointment,
    target: Appointment,
    work: OpenWork,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Record what the other got, and send both people a summary."""
    recorded = {
        "why": RoutingReason.HANDED_OVER.value,
        "to": target.id,
        "comments": [comment.id for comment in work.comments],
        "submissions": [submission.id for submission in work.submissions],
        "posts": [post.id for post in work.posts],
        "texts": len(work.texts),
    }
    transitions.record(session, source, Action.HAND_OVER, actor=actor, now=now, values=recorded)
    values = {
        "giver": source.person,
        "taker": target.person,
        "department": source.department,
        "comments": len(work.comments),
        "drafts": len(work.submissions),
        "texts": len(work.texts),
        "posts": "; ".join(f"“{post.title}”" for post in work.posts),
    }
    for person in (source.person, target.person):
        compose.queue(
            session,
            kind=NoticeKind.HANDED_OVER,
            person=person,
            values={**values, "taken": person is target.person},
            now=now,
            path=links.TODAY,
        )


def end_office(session: Session, *, actor: Actor, appointment: Appointment, now: datetime) -> None:
    """End an appointment as `end_appointment` does, unless comments would have no holder.

    Also raises `CommentsLeft`; closing the person's access is still possible.
    """
    if appointment.role is Role.OFFICER:
        department_id = appointment.department_id
        chain = responsibility.responsible_chain(session, department_id, now=now)
        staying = [office for office in chain if office.id != appointment.id]
        count = checks.comments_left(session, department_id, staying, at=now)
        if count:
            raise CommentsLeft(count=count)
    end_appointment(session, actor=actor, appointment=appointment, now=now)
