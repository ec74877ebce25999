"""The tick that sends e-mails."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr

from sqlalchemy.orm import Session

from publisher.database.session import Database
from publisher.models.notifications import Channel, Notice
from publisher.notifications import dispatch, links
from publisher.notifications.smtp import MailServer, hand_over, mail_server


def tick_mail(
    database: Database,
    *,
    smtp_url: str,
    mail_from: str,
    base_url: str,
    now: Callable[[], datetime],
    limit: int = 50,
    context: ssl.SSLContext | None = None,
    only: str = "",
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Send up to `limit` due mails; return the number that the server accepted.

    The tick ends early, and leaves the rest untouched, if the server is unreachable or once
    `is_stopping`. With `only`, just the mails of this kind are sent.
    """
    carrier = _ByMail(mail_server(smtp_url, context), mail_from, base_url, now)
    return dispatch.tick(
        database, carrier, now=now, limit=limit, only=only, is_stopping=is_stopping
    )


@dataclass(frozen=True)
class _ByMail:
    """Sends mails by the mail server."""

    server: MailServer
    mail_from: str
    base_url: str
    now: Callable[[], datetime]
    channel: Channel = Channel.MAIL

    def hand_over(self, notice: Notice) -> None:
        """Send a mail; return once it is accepted. Raises a `NotSent`."""
        hand_over(self.server, self._letter(notice))

    def give_up_on(self, session: Session, notice: Notice, *, now: datetime) -> bool:
        """Return False: a mail has no other channel."""
        return False

    def _letter(self, notice: Notice) -> EmailMessage:
        domain = parseaddr(self.mail_from)[1].rpartition("@")[2] or "localhost"
        letter = EmailMessage(policy=WIRE)
        letter["From"] = self.mail_from
        letter["To"] = notice.address
        letter["Subject"] = notice.subject
        letter["Date"] = format_datetime(self.now())
        letter["Message-ID"] = f"<{notice.mail_id}@{domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        body = links.with_base(notice.body, self.base_url)
        letter.set_content(body, charset="utf-8", cte="base64")  # any server takes it as it is
        letter["Content-Language"] = notice.language
        return letter
