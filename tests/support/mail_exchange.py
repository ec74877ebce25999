"""The city's own mail server: what comes for the cell goes into Dovecot, all else is kept."""

from __future__ import annotations

import asyncio
import re
import smtplib
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support import dovecot, mail
from tests.support.dovecot import Dovecot
from tests.support.mail import MailServer

HOST = "mx.pmc.example"
"""Its authserv-id."""
CELL = dovecot.NAME
PRESS = "press@pmc.example"
"""An address of the city whose mails lie in a folder of their own."""
_FOLDERS = {CELL: "INBOX", PRESS: "Press"}
_RECEIVED = f"by {HOST} with ESMTP; Mon, 12 Oct 2026 10:15:03 +0530"


@dataclass
class MailExchange(MailServer):
    """A mail server that writes its trace on top of what it delivers (RFC 5321, RFC 8601).

    It takes SPF to hold for every envelope, so a forger has an envelope of his own domain.
    """

    mailboxes: Dovecot | None = field(default=None, kw_only=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Deliver a mail for the city, and keep any other one."""
        own = [address for address in envelope.rcpt_tos if address in _FOLDERS]
        for address in own:
            await asyncio.to_thread(self._deliver, envelope, address)
        if len(own) < len(envelope.rcpt_tos):
            return await super().handle_DATA(server, session, envelope)
        return "250 2.0.0 Delivered"

    def _deliver(self, envelope: Envelope, address: str) -> None:
        sender = envelope.mail_from or ""
        spf = f"spf=pass smtp.mailfrom={sender}" if sender else "spf=none"
        trace = (
            f"Return-Path: <{sender}>\r\nDelivered-To: {address}\r\n"
            f"Authentication-Results: {HOST}; {spf}\r\n"
            f"Received: from client.example {_RECEIVED}\r\n"
        )
        if self.mailboxes is None:
            raise AssertionError("there is no mailbox")
        message = trace.encode() + (envelope.original_content or b"")
        self.mailboxes.hand_over(message, sender=sender, folder=_FOLDERS[address])


def serving(mailboxes: Dovecot) -> AbstractContextManager[MailServer]:
    """Run the city's mail server, whose mailboxes lie in this Dovecot."""
    return mail.serving(partial(MailExchange, mailboxes=mailboxes))


def send(server: MailServer, raw: bytes, *, sender: str, to: tuple[str, ...] = (CELL,)) -> None:
    """Send a mail as it is; bare line ends become those of the wire, as a mail program does it."""
    with smtplib.SMTP("127.0.0.1", server.port, timeout=60) as client:
        client.sendmail(sender, to, re.sub(rb"\r?\n", b"\r\n", raw))
