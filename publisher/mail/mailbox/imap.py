"""Read a mailbox by IMAP: list it, read one message at a time, and wait for more."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError

from publisher.notifications.smtp import LOOPBACK

TIMEOUT = 20.0  # seconds for each step of the dialogue
INBOX = "INBOX"
LISTED_AT_ONCE = 500
HEADER_BYTES = 65_536
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_ARRIVED = re.compile(rb'\bINTERNALDATE "([^"]*)"')
_FLAGS = re.compile(rb"\bFLAGS \(([^)]*)\)")


class MailboxUnreachable(Exception):
    """The mailbox could not be read now; the message is the server's or the system's own."""


class MailboxSignInRefused(MailboxUnreachable):
    """The server refused name and password: somebody has to change the setting."""


class WaitEnded(MailboxUnreachable):
    """The server ended the wait for more: what was in the mailbox was read."""


class TokenSource(Protocol):
    """Where the access token for the mailbox comes from."""

    def token(self) -> str:
        """Return a token; raises `MailboxSignInRefused` or `MailboxUnreachable`."""

    def forget(self) -> None:
        """Return another token next time: this one was not accepted."""


@dataclass(frozen=True)
class ImapServer:
    """A mailbox and how to reach it.

    `context` decides which certificates are trusted (None: the system's). Without `is_imaps` the
    connection switches to TLS before the password is sent, except on this machine. With `tokens`
    the sign-in uses an access token (XOAUTH2) instead.
    """

    host: str
    port: int
    is_imaps: bool
    name: str
    password: str
    folder: str = INBOX
    context: ssl.SSLContext | None = None
    tokens: TokenSource | None = None
    timeout: float = TIMEOUT

    @property
    def label(self) -> str:
        """The name of the mailbox for people and for the database, without the password."""
        return f"{self.name}@{self.host}/{self.folder}"


@dataclass(frozen=True)
class ListedMessage:
    """A message of the mailbox; `size` is in bytes, `arrived_at` the server's time (aware)."""

    uid: int
    size: int
    arrived_at: datetime
    is_seen: bool


def imap_server(
    url: str, context: ssl.SSLContext | None = None, tokens: TokenSource | None = None
) -> ImapServer:
    """Parse a setting such as `imaps://name:password@host/Folder`."""
    parts = urlsplit(url)
    is_imaps = parts.scheme == "imaps"
    return ImapServer(
        host=parts.hostname or "",
        port=parts.port or (993 if is_imaps else 143),
        is_imaps=is_imaps,
        name=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or INBOX,
        context=context,
        tokens=tokens,
    )


class OpenMailbox:
    """A mailbox whose folder is selected.

    `validity` is the server's UIDVALIDITY: as long as it is the same, a UID names the same message
    (RFC 3501, 2.3.1.1).
    """

    def __init__(self, mailbox: BaseMailBox) -> None:
        self._mailbox = mailbox
        self.validity = int(mailbox.client.response("UIDVALIDITY")[1][0] or 0)

    def listed_after(self, uid: int) -> Iterator[ListedMessage]:
        """Yield the messages with a greater UID, in the order of their UIDs."""
        # "7:*" names the last message too if its UID is smaller than 7.
        texts = self._mailbox.uids(f"UID {uid + 1}:*")
        uids = sorted(int(text) for text in texts if int(text) > uid)
        for start in range(0, len(uids), LISTED_AT_ONCE):
            batch = ",".join(str(each) for each in uids[start : start + LISTED_AT_ONCE])
            lines = self._fetched(batch, "(UID RFC822.SIZE INTERNALDATE FLAGS)")
            messages = (_parse_listed(line) for line in lines if isinstance(line, bytes))
            readable = (message for message in messages if message is not None)
            yield from sorted(readable, key=lambda message: message.uid)

    def raw(self, uid: int) -> bytes | None:
        """Return a message as it came; None if it is no longer there. It is not marked as read."""
        return self._literal(uid, "(BODY.PEEK[])")

    def headers(self, uid: int) -> bytes | None:
        """Return the beginning of a message that is too large to be read, as `raw` does."""
        return self._literal(uid, f"(BODY.PEEK[HEADER]<0.{HEADER_BYTES}>)")

    def _literal(self, uid: int, parts: str) -> bytes | None:
        lines = self._fetched(str(uid), parts)
        return next((bytes(line[1]) for line in lines if isinstance(line, tuple)), None)

    def _fetched(self, uids: str, parts: str) -> list[object]:
        typ, lines = self._mailbox.client.uid("FETCH", uids, parts)
        if typ != "OK":
            raise MailboxUnreachable(f"FETCH: {lines!r:.200}")
        return list(lines)

    def mark_seen(self, uid: int) -> None:
        """Show people who look into the mailbox that this message was taken in."""
        # Not with `flag()` of imap-tools, which would permanently remove messages that somebody
        # marked as deleted.
        self._mailbox.client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")

    @property
    def offers_idle(self) -> bool:
        """True if the server reports by itself when a message comes (RFC 2177)."""
        return "IDLE" in self._mailbox.client.capabilities

    def wait(self, seconds: float) -> bool:
        """Wait until something changes, and return False if nothing did; raises `WaitEnded`."""
        try:
            return bool(self._mailbox.idle.wait(timeout=seconds))
        except (OSError, imaplib.IMAP4.error, ImapToolsError) as problem:
            raise WaitEnded(f"{type(problem).__name__}: {problem}") from problem


def _parse_listed(line: bytes) -> ListedMessage | None:
    """Return the message in a line of a FETCH response; None if it holds none."""
    uid, size, arrived = _UID.search(line), _SIZE.search(line), _ARRIVED.search(line)
    if uid is None or size is None or arrived is None:
        return None
    flags = _FLAGS.search(line)
    return ListedMessage(
        uid=int(uid[1]),
        size=int(size[1]),
        arrived_at=datetime.strptime(arrived[1].decode().strip(), "%d-%b-%Y %H:%M:%S %z"),
        is_seen=flags is not None and rb"\Seen" in flags[1],
    )


@contextmanager
def open_mailbox(server: ImapServer) -> Iterator[OpenMailbox]:
    """Connect, sign in, and close at the end.

    Any failure meanwhile is raised as `MailboxUnreachable`, or as `MailboxSignInRefused`.
    """
    token = server.tokens.token() if server.tokens is not None else ""
    try:
        mailbox = _connect(server)
        try:
            if server.tokens is not None:
                _sign_in_by_token(mailbox, server.name, token, server.tokens)
            else:
                mailbox.login(server.name, server.password, initial_folder=None)
            mailbox.folder.set(server.folder)
            yield OpenMailbox(mailbox)
        finally:
            # Nothing depends on a logout, and after a failure there is no server to receive it.
            with suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
                mailbox.client.shutdown()
    except MailboxLoginError as problem:
        raise MailboxSignInRefused(str(problem.command_result)) from problem
    except (OSError, imaplib.IMAP4.error, ImapToolsError) as problem:
        raise MailboxUnreachable(f"{type(problem).__name__}: {problem}") from problem


def _sign_in_by_token(mailbox: BaseMailBox, name: str, token: str, tokens: TokenSource) -> None:
    # Not with `xoauth2()` of imap-tools: a server that refuses the token first sends a challenge
    # with the reason, and that has to be answered by an empty line.
    answers = iter([f"user={name}\1auth=Bearer {token}\1\1".encode()])
    try:
        mailbox.client.authenticate("XOAUTH2", lambda _challenge: next(answers, b""))
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as problem:
        tokens.forget()
        answer = str(problem).replace(token, "…")
        raise MailboxSignInRefused(f"the access token was refused: {answer}") from None


def _connect(server: ImapServer) -> BaseMailBox:
    context = server.context or ssl.create_default_context()
    if server.is_imaps:
        return MailBox(server.host, server.port, timeout=server.timeout, ssl_context=context)
    if server.host in LOOPBACK:
        return MailBoxUnencrypted(server.host, server.port, timeout=server.timeout)
    return MailBoxStartTls(server.host, server.port, timeout=server.timeout, ssl_context=context)
