"""Mails that wait for a person of the cell: nothing is published from them, and none is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from publisher.mailbox.senders import WaitReason
from publisher.models.mailbox import MailOutcome, Quarantine, ReceivedMail

WAITS: Final = timedelta(days=30)
"""How long a mail waits before it ends by itself."""


def wait(session: Session, mail: ReceivedMail, reason: WaitReason, *, now: datetime) -> Quarantine:
    """Let the mail wait for a person of the cell."""
    mail.outcome, mail.reason = MailOutcome.QUARANTINED, reason.value
    quarantine = Quarantine(mail=mail, since_at=now, state_at=now)
    session.add_all([mail, quarantine])
    session.flush()
    return quarantine
