"""Checks of the mails that come to the cell, for `nagarvani doctor`."""

from __future__ import annotations

from sqlalchemy import func, select

from publisher.database.session import Database
from publisher.models.mailbox import MailOutcome, ReceivedMail
from publisher.operations.health_checks import HealthFinding, HealthSubject

_UNSEEN = (ReceivedMail.outcome == MailOutcome.REFUSED, ReceivedMail.seen_at.is_(None))


def check_senders(mail_server: str) -> HealthFinding:
    """Say whose results decide if a sender is believed; without any, everybody known is."""
    code = "senders_checked" if mail_server else "senders_unchecked"
    return HealthFinding(HealthSubject.MAILS, True, code, {"server": mail_server})


def check_unreadable(database: Database) -> list[HealthFinding]:
    """Report the mails that could not be read and that nobody has marked as seen."""
    last = select(ReceivedMail).where(*_UNSEEN).order_by(ReceivedMail.id.desc()).limit(1)
    with database.reading() as session:
        number = session.scalar(select(func.count()).where(*_UNSEEN))
        mail = session.scalars(last).first()
        if mail is None:
            return []
        at = f"{mail.received_at:%Y-%m-%d %H:%M} UTC"
        values = {"number": number, "last": at, "reason": mail.reason}
    return [HealthFinding(HealthSubject.MAILS, False, "mails_unreadable", values)]
