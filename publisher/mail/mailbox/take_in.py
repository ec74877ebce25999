"""Make a mail a submission, and acknowledge it to the sender's address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.intake import persistence, submit
from publisher.intake.form import MOST_FILES, HandIn
from publisher.intake.persistence import StoredForm
from publisher.mail.mailbox import acknowledgement, texts
from publisher.mail.mailbox.mail_files import MailFiles
from publisher.mail.mailbox.preparation import MailIntake, PreparedMail
from publisher.mail.messages.message import MailMessage
from publisher.models.mailbox import MailOutcome, ReceivedMail
from publisher.models.submissions import Submission, SubmissionKind


def take_in(
    session: Session,
    mail: ReceivedMail,
    message: MailMessage,
    prepared: PreparedMail,
    *,
    actor: Actor,
    intake: MailIntake,
    now: datetime,
    brought_by: str = "",
    answers: bool = True,
) -> Submission:
    """Hand the mail in for the actor's department, and acknowledge it if `answers` is set.

    Raises `Invalid` where the form would.
    """
    form = mail_to_form(
        message,
        prepared.files,
        department_id=actor.department_id or 0,
        content_digest=mail.content_digest,
        brought_by=brought_by,
    )
    submission = submit.create_submission(
        session,
        actor=actor,
        now=now,
        city_code=intake.city_code,
        stored_form=StoredForm(form),  # stored when the mail was prepared
    )
    if len(prepared.files.files) > MOST_FILES:
        persistence.fill_files(session, submission, prepared.files.files)
    mail.submission_id, mail.department_id = submission.id, submission.department_id
    # The scanner may know more than when the mail came.
    mail.notes = [*mail.notes, *(note for note in prepared.files.notes if note not in mail.notes)]
    if answers:
        notice = acknowledgement.acknowledge(
            session, submission, message, programs=prepared.files.programs, now=now
        )
        mail.notice_id = notice.id if notice is not None else None
    session.flush()
    return submission


def list_mails(session: Session, submission: Submission) -> Sequence[ReceivedMail]:
    """Return the mail that the submission was made from, if any, and those that joined it."""
    outcomes = (MailOutcome.SUBMISSION, MailOutcome.QUARANTINED, MailOutcome.JOINED)
    query = select(ReceivedMail).where(
        ReceivedMail.submission_id == submission.id, ReceivedMail.outcome.in_(outcomes)
    )
    return session.scalars(query.order_by(ReceivedMail.id)).all()


def mail_to_form(
    message: MailMessage,
    mail_files: MailFiles,
    *,
    department_id: int,
    content_digest: str,
    brought_by: str = "",
) -> HandIn:
    """Return the form; its token is made from Message-ID and content, so no mail counts twice."""
    text = texts.mail_text(message)
    fields: dict[str, Any] = {texts.choose_field(text): text}
    token = sha256(f"{message.message_id}\n{content_digest}".encode()).hexdigest()
    return HandIn(
        department_id=department_id,
        kind=SubmissionKind.OTHER,
        title=texts.mail_title(message),
        files=mail_files.files[:MOST_FILES],
        form_token=token,
        brought_by=brought_by,
        **fields,
    )
