"""Answers to our mails: each joins what our mail was about, and none is a new submission."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Actor
from publisher import transitions
from publisher.i18n.languages import latin_digits
from publisher.inbox import offered_answers
from publisher.intake import edit, persistence, questions
from publisher.intake.form import MOST_FILES, MOST_PICTURES
from publisher.intake.persistence import StoredForm
from publisher.intake.uploads import KeptFile
from publisher.mail.mailbox import acknowledgement, texts
from publisher.mail.mailbox.mail_files import Note
from publisher.mail.mailbox.preparation import PreparedMail
from publisher.mail.mailbox.senders import OF_A_DEPARTMENT, MailSender, WaitReason, mail_actor
from publisher.mail.messages.message import MailMessage
from publisher.models.comments import Comment
from publisher.models.mailbox import MailOutcome, ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Person
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.notifications import links
from publisher.notifications.kinds import HAS_SECRET
from publisher.review import gate_adapter
from publisher.states import SubmissionState
from publisher.validation import LONGEST_REASON, Invalid, NotFound

_NUMBER: Final = re.compile(r"\b[A-Z]{2,8}/\d{4}/\d{6}\b")
_MOST_NAMES: Final = 50


class TargetKind(StrEnum):
    """What one of our mails was about."""

    SUBMISSION = "submissions"
    POST = "posts"
    COMMENT = "comments"
    SECRET = "secret"  # noqa: S105  a mail with a code or link for its reader alone
    OTHER = "other"


_SUBJECTS: Final[Mapping[TargetKind, type[Submission | Post | Comment]]] = {
    TargetKind.SUBMISSION: Submission,
    TargetKind.POST: Post,
    TargetKind.COMMENT: Comment,
}


@dataclass(frozen=True)
class ReplyTarget:
    """What an answer is about; `id` is 0 if our mail was about nothing that it could join."""

    kind: TargetKind
    id: int = 0


class CannotJoin(Exception):
    """The answer joins nothing: a person has to read it."""


def find_target(session: Session, message: MailMessage) -> ReplyTarget | None:
    """Return what the mail answers: our mail, the number in its subject, or the sender's own mail.

    People type the digits of a number in Marathi too, and answer mails that they sent themselves.
    """
    names = [*message.in_reply_to, *reversed(message.references)][:_MOST_NAMES]
    ours = [name.partition("@")[0] for name in names]
    query = select(Notice.mail_id, Notice.kind, Notice.path).where(Notice.mail_id.in_(ours))
    by_name = {row.mail_id: row for row in session.execute(query)}
    answered = next((by_name[name] for name in ours if name in by_name), None)
    if answered is not None and answered.kind in HAS_SECRET:
        return ReplyTarget(TargetKind.SECRET)
    if answered is not None and answered.path:
        kind, subject_id = links.parse_subject(answered.path) or (TargetKind.OTHER, 0)
        return ReplyTarget(TargetKind(kind), subject_id)
    number = _NUMBER.search(message.subject)
    if number is not None:
        by_number = select(Submission.id).where(Submission.number == latin_digits(number.group()))
        submission_id = session.scalar(by_number)
        if submission_id is not None:
            return ReplyTarget(TargetKind.SUBMISSION, submission_id)
    return _own_mail_target(session, message, names) or (
        ReplyTarget(TargetKind.OTHER) if by_name else None
    )


def _own_mail_target(
    session: Session, message: MailMessage, names: Sequence[str]
) -> ReplyTarget | None:
    """Return what became of the sender's own earlier mail that this one answers."""
    query = select(ReceivedMail).where(
        ReceivedMail.sender == message.sender.address, ReceivedMail.message_id.in_(names)
    )
    mails = {mail.message_id: mail for mail in session.scalars(query.order_by(ReceivedMail.id))}
    for mail in (mails[name] for name in names if name in mails):
        if mail.submission_id is not None:
            return ReplyTarget(TargetKind.SUBMISSION, mail.submission_id)
        if mail.comment_id is not None:
            return ReplyTarget(TargetKind.COMMENT, mail.comment_id)
    return None


def narrow_sender(
    session: Session,
    message: MailMessage,
    sender: MailSender,
    target: ReplyTarget,
    *,
    now: datetime,
) -> MailSender:
    """Narrow a sender of several departments to the one whose mail is answered, if in office."""
    if sender.reason is not WaitReason.SEVERAL_DEPARTMENTS:
        return sender
    query = select(Appointment).where(
        Appointment.person_id.in_(
            select(Person.id).where(
                Person.mail == message.sender.address, Person.disabled_at.is_(None)
            )
        ),
        Appointment.department_id == _target_department(session, target),
        Appointment.role.in_(OF_A_DEPARTMENT),
        Appointment.in_force_at(now),
    )
    office = session.scalars(query.order_by(Appointment.id).limit(1)).first()
    if office is None:
        return sender
    actor = mail_actor(office.department_id, message.sender.address, office)
    return replace(sender, actor=actor, reason=None)


def _target_department(session: Session, target: ReplyTarget) -> int | None:
    """Return the department of what our mail was about; None if it has none."""
    model = _SUBJECTS.get(target.kind)
    if model is None:
        return None
    return session.scalar(select(model.department_id).where(model.id == target.id))


def join(
    session: Session,
    mail: ReceivedMail,
    message: MailMessage,
    prepared: PreparedMail,
    target: ReplyTarget,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Add the answer to what it is about. Raises `CannotJoin` if a person has to read it.

    An answer about a post is a note to the cell, and never an approval; one about a comment is
    offered as the answer to it.
    """
    if target.kind is TargetKind.COMMENT:
        _offer(session, mail, target.id, actor=actor, now=now)
        return
    submission = _target_submission(session, target, actor)
    text = texts.clean_text(message.text)[:LONGEST_REASON].strip() or texts.WITHOUT_TEXT
    try:
        left_out = _add_files(session, submission, prepared.files.files, actor, now)
        if submission.state is SubmissionState.RETURNED and target.kind is TargetKind.SUBMISSION:
            questions.answer_question(
                session, actor=actor, now=now, submission_id=submission.id, answer=text
            )
        else:
            questions.add_note(
                session, actor=actor, now=now, submission_id=submission.id, note_text=text
            )
    except (NotAllowed, NotFound, Invalid) as refusal:
        raise CannotJoin from refusal
    mail.outcome, mail.submission_id = MailOutcome.JOINED, submission.id
    mail.department_id = submission.department_id
    mail.notes = [*mail.notes, *left_out]
    session.flush()


def refuse_approval(
    session: Session,
    mail: ReceivedMail,
    message: MailMessage,
    target: ReplyTarget,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Notify the sender of a reply to a review mail that it is not an approval, joined or not."""
    post = transitions.lock(session, Post, target.id) if target.kind is TargetKind.POST else None
    if post is None:
        return
    # A department asked along with the owning one must not believe it has approved either.
    asked_ids = gate_adapter.department_ids_to_ask(post.revisions[-1]) if post.revisions else []
    if actor.department_id in {post.department_id, *asked_ids}:
        notice = acknowledgement.refuse_to_approve(session, post, message, now=now)
        mail.notice_id = notice.id if notice is not None else None
        session.flush()


def _offer(
    session: Session, mail: ReceivedMail, comment_id: int, *, actor: Actor, now: datetime
) -> None:
    if not mail.text:
        raise CannotJoin
    try:
        offered_answers.offer(session, mail, actor=actor, comment_id=comment_id, now=now)
    except (NotAllowed, NotFound) as refusal:
        raise CannotJoin from refusal
    mail.outcome = MailOutcome.JOINED
    session.flush()


def _target_submission(session: Session, target: ReplyTarget, actor: Actor) -> Submission:
    """Return the submission that the answer joins, of the sender's own department."""
    if target.kind is TargetKind.SUBMISSION:
        submission = session.get(Submission, target.id)
        candidates = [submission] if submission is not None else []
    elif target.kind is TargetKind.POST:
        post = session.get(Post, target.id)
        candidates = post.submissions if post is not None else []
    else:
        candidates = []
    own = [row for row in candidates if row.department_id == actor.department_id]
    if not own:
        raise CannotJoin
    return own[0]


def _add_files(
    session: Session,
    submission: Submission,
    files: tuple[KeptFile, ...],
    actor: Actor,
    now: datetime,
) -> list[Note]:
    """Add the files as far as there is room, until drafting has begun.

    Returns a note for each file that was left out: only the raw mail has it.
    """
    if submission.state not in edit.OPEN:
        return [{"code": "left_out_late", "name": file.name} for file in files]
    form = persistence.submission_to_form(submission)
    present = {file.sha256 for file in submission.files}
    pictures = sum(file.width is not None for file in submission.files)
    room = MOST_FILES - len(submission.files)
    added: list[KeptFile] = []
    left_out: list[Note] = []
    for file in (file for file in files if file.sha256 not in present):
        if len(added) >= room or (file.is_picture and pictures >= MOST_PICTURES):
            left_out.append({"code": "left_out", "name": file.name})
        else:
            added.append(file)
            pictures += file.is_picture
    if added:
        edit.change(
            session,
            actor=actor,
            now=now,
            submission_id=submission.id,
            seen_edition=submission.edition,
            # The mail's files were stored when it was prepared.
            stored_form=StoredForm(replace(form, files=(*form.files, *added))),
        )
    return left_out
