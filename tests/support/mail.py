"""A real SMTP server on loopback that keeps the mails it receives."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.runs import wait_until


@dataclass(frozen=True)
class Mail:
    """A mail as it arrived."""

    sender: str
    recipients: tuple[str, ...]
    content: EmailMessage
    raw: bytes

    @property
    def subject(self) -> str:
        """The decoded subject."""
        return str(self.content["subject"])

    @property
    def text(self) -> str:
        """The plain text."""
        body = self.content.get_body(("plain",))
        return str(body.get_content()) if body else ""


@dataclass
class MailServer:
    """The received mails; `response` is the SMTP reply to the next mails (None: accepted)."""

    port: int
    mails: list[Mail] = field(default_factory=list)
    response: str | None = None

    @property
    def url(self) -> str:
        """The address, for the product's settings."""
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, recipient: str) -> list[Mail]:
        """Return the mails to an address."""
        return [mail for mail in self.mails if recipient in mail.recipients]

    def wait_for(self, count: int, *, within: float = 10) -> list[Mail]:
        """Wait until this many mails have arrived, and return them."""
        if not wait_until(lambda: len(self.mails) >= count, within=within):
            raise AssertionError(f"{len(self.mails)} mails after {within} s, not {count}")
        return self.mails

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Keep a mail, or refuse it with `response`."""
        if self.response is not None:
            return self.response
        raw = envelope.original_content or b""
        content = message_from_bytes(raw, policy=policy.default)
        if not isinstance(content, EmailMessage):
            raise TypeError(type(content))
        sender, recipients = envelope.mail_from or "", tuple(envelope.rcpt_tos)
        self.mails.append(Mail(sender, recipients, content, raw))
        return "250 OK"


class _Smtp(SMTP):
    """Accepts lines of any length, as Postfix does."""

    line_length_limit = 2**17


@contextmanager
def serving(make: Callable[[int], MailServer] = MailServer) -> Iterator[MailServer]:
    """Run a mail server on a free port for the length of the block; `make` gets the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        mail_server = make(int(listening.getsockname()[1]))
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=_serve, args=(loop, listening, mail_server), daemon=True)
        thread.start()
        try:
            yield mail_server
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


def _serve(
    loop: asyncio.AbstractEventLoop, listening: socket.socket, mail_server: MailServer
) -> None:
    def talk() -> SMTP:
        return _Smtp(mail_server, loop=loop, enable_SMTPUTF8=True, data_size_limit=2**26)

    asyncio.set_event_loop(loop)
    server = loop.run_until_complete(loop.create_server(talk, sock=listening))
    loop.run_forever()
    server.close()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
