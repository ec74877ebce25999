"""A real SMTP server on loopback that keeps the mails it receives."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
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
        loop, ended = asyncio.new_event_loop(), asyncio.Event()
        serve = _serve(listening, mail_server, ended)
        thread = threading.Thread(target=_run, args=(loop, serve), daemon=True)
        thread.start()
        try:
            yield mail_server
        finally:
            loop.call_soon_threadsafe(ended.set)
            thread.join()


def _run(loop: asyncio.AbstractEventLoop, serve: Coroutine[None, None, None]) -> None:
    asyncio.set_event_loop(loop)
    loop.run_until_complete(serve)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


async def _serve(listening: socket.socket, mail_server: MailServer, ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    connections: list[_Smtp] = []

    def talk() -> SMTP:
        connections.append(
            _Smtp(mail_server, loop=loop, enable_SMTPUTF8=True, data_size_limit=2**26)
        )
        return connections[-1]

    server = await loop.create_server(talk, sock=listening)
    await ended.wait()
    # A closed server of asyncio drops a connection that it has just accepted, without closing it.
    loop.remove_reader(listening)
    await _close(connections)
    server.close()


async def _close(connections: Sequence[_Smtp]) -> None:
    """Close the connections, also those whose client stays.

    A socket that is left open is collected during some other test, which fails by its warning.
    """
    while len(asyncio.all_tasks()) > 1 or any(connection.transport for connection in connections):
        for connection in connections:
            if isinstance(connection.transport, asyncio.WriteTransport):
                connection.transport.abort()
        await asyncio.sleep(0)
