"""Answers that came by mail: offered to the person who answers, never sent automatically."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from approvals.errors import WrongRole, WrongState
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.inbox import reply, routing
from publisher.models.comments import AnswerKind, Comment, Reply
from publisher.models.mailbox import ReceivedMail
from publisher.models.people import Appointment
from publisher.models.posts import Post
from publisher.states import CommentState
from publisher.validation import existing


def offer(
    session: Session, mail: ReceivedMail, *, actor: Actor, comment_id: int, now: datetime
) -> None:
    """Offer the text of an officer's or head's mail as the answer to the comment.

    Raises `NotFound`, `WrongRole` unless its sender may answer by their own hand, or `WrongState`
    once the comment has an answer or needs none.
    """
    comment = existing(transitions.lock(session, Comment, comment_id), comment_id)
    if not _answers_by_own_hand(session, actor, comment, now):
        raise WrongRole
    standing = routing.standing_answer(session, comment)
    is_answered = standing is not None and not reply.came_to_nothing(standing.post)
    if comment.state is not CommentState.ROUTED or is_answered:
        raise WrongState(state=comment.state, to=CommentState.ANSWERED)
    mail.comment_id = comment.id


def _answers_by_own_hand(session: Session, actor: Actor, comment: Comment, now: datetime) -> bool:
    """Return True if the writer of the mail is an officer or head of the answering department."""
    query = select(Appointment.id).where(
        Appointment.person_id == actor.person_id,
        Appointment.department_id == comment.department_id,
        Appointment.role.in_(reply.OWN_HAND),
        Appointment.in_force_at(now),
    )
    is_own = comment.department_id == actor.department_id
    return is_own and session.scalar(query.limit(1)) is not None


def list_offers(session: Session, comment_id: int) -> Sequence[ReceivedMail]:
    """Return the mails that are offered as the answer to the comment, the oldest first.

    A final answer that was written later ends them. While another department has the comment, its
    people do not see them.
    """
    later = (
        select(Reply.post_id)
        .join(Reply.post)
        .where(
            Reply.comment_id == ReceivedMail.comment_id,
            Reply.answer == AnswerKind.FINAL,
            Post.created_at >= ReceivedMail.received_at,
        )
    )
    query = _department_mails(comment_id).where(
        ReceivedMail.offer_ended_at.is_(None), ~later.exists()
    )
    return session.scalars(query.order_by(ReceivedMail.received_at, ReceivedMail.id)).all()


def get_offered_mail(session: Session, *, comment_id: int, mail_id: int) -> ReceivedMail:
    """Return a mail that is or was offered as the answer to this comment; raises `NotFound`."""
    query = _department_mails(comment_id).where(ReceivedMail.id == mail_id)
    return existing(session.scalars(query).one_or_none(), mail_id)


def _department_mails(comment_id: int) -> Select[ReceivedMail]:
    """Return the query of the mails about the comment from the department that has it now."""
    return (
        select(ReceivedMail)
        .join(Comment, ReceivedMail.comment_id == Comment.id)
        .where(Comment.id == comment_id, Comment.department_id == ReceivedMail.department_id)
    )


def dismiss(
    session: Session, *, actor: Actor, now: datetime, comment_id: int, mail_id: int
) -> ReceivedMail:
    """End the offer of a mail, once. Raises `NotFound` or `WrongRole`."""
    comment = routing.lock_comment(session, comment_id, actor=actor)
    require(actor, Action.ANSWER, comment.department_id, now=now)
    mail = get_offered_mail(session, comment_id=comment_id, mail_id=mail_id)
    if mail.offer_ended_at is None:
        mail.offer_ended_at = now
        transitions.record(session, mail, "dismiss_offer", actor=actor, now=now)
    return mail
