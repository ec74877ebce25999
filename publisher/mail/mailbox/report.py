"""Read one raw mail into the database, and say what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from publisher.database.session import Database
from publisher.mail.mailbox.preparation import MailIntake, prepare
from publisher.mail.mailbox.receive import receive
from publisher.models.mailbox import MailOutcome, ReceivedMail
from publisher.models.notifications import Notice
from publisher.models.people import Department
from publisher.models.submissions import Submission
from publisher.notifications.email import message_id_of


@dataclass(frozen=True)
class MailReport:
    """What became of a mail: `department` is a code, `acknowledgement` a Message-ID of ours."""

    outcome: str
    number: str | None
    joined_to: str | None
    department: str | None
    title: str
    text: str
    attachments: list[dict[str, str]]
    acknowledgement: str | None
    reason: str

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values."""
        return asdict(self)


def read_mail(
    database: Database, raw: bytes, *, intake: MailIntake, now: Callable[[], datetime]
) -> MailReport:
    """Store a raw mail with its outcome, as the reader of the mailbox does.

    Raises `StoreAway`.
    """
    prepared = prepare(database, raw, intake=intake, now=now())
    with database.transaction() as session:
        mail = receive(session, prepared, intake=intake, now=now())
        return make_report(session, mail, mail_from=intake.mail_from)


def _comment_number(mail: ReceivedMail) -> str | None:
    """Return the id of the comment that the mail answers, as a text; a comment has no number."""
    return str(mail.comment_id) if mail.comment_id is not None else None


def make_report(session: Session, mail: ReceivedMail, *, mail_from: str) -> MailReport:
    """Return what became of a stored mail."""
    submission = session.get(Submission, mail.submission_id) if mail.submission_id else None
    department = session.get(Department, mail.department_id) if mail.department_id else None
    notice = session.get(Notice, mail.notice_id) if mail.notice_id else None
    number = submission.number if submission is not None else None
    joins = mail.outcome is MailOutcome.JOINED
    return MailReport(
        outcome=mail.outcome.value,
        number=None if joins else number,
        joined_to=number or _comment_number(mail) if joins else None,
        department=department.code if department is not None else None,
        title=submission.title if submission is not None and not joins else mail.subject,
        text=mail.text,
        attachments=mail.files,
        acknowledgement=message_id_of(notice, mail_from=mail_from) if notice is not None else None,
        reason=mail.reason,
    )
