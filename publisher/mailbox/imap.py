"""Read a mailbox by IMAP: what lies in it, one message at a time, and wait for more."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError

TIMEOUT = 20.0  # seconds for each step of the talk
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
INBOX = "INBOX"
LISTED_AT_ONCE = 500
_UID_AND_SIZE = re.compile(rb"UID (?P<uid>\d+)|RFC822\.SIZE (?P<size>\d+)")


class MailboxUnreachable(Exception):
    """The mailbox could not be read now; the message is the server's or the system's own."""


class MailboxSignInRefused(MailboxUnreachable):
    """The server refused name and password: somebody has to change the setting."""


@dataclass(frozen=True)
class ImapServer:
    """A mailbox and how to reach it.

    `context` decides which certificates are trusted (None: the system's). Without `is_imaps` the
    connection turns to TLS before the password is sent, except on this machine.
    """

    host: str
    port: int
    is_imaps: bool
    name: str
    password: str
    folder: str = INBOX
    context: ssl.SSLContext | None = None

    @property
    def label(self) -> str:
        """The name of the mailbox for people and for the database, without the password."""
        return f"{self.name}@{self.host}/{self.folder}"


@dataclass(frozen=True)
class ListedMessage:
    """A message of the mailbox; `size` is in bytes."""

    uid: int
    size: int


def imap_server(url: str, context: ssl.SSLContext | None = None) -> ImapServer:
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
        uids = (int(text) for text in self._mailbox.uids(f"UID {uid + 1}:*"))
        return self._listed(each for each in uids if each > uid)

    def unseen(self) -> Iterator[ListedMessage]:
        """Yield the messages that nobody has opened, in the order of their UIDs."""
        return self._listed(int(text) for text in self._mailbox.uids("UNSEEN"))

    def _listed(self, uids: Iterable[int]) -> Iterator[ListedMessage]:
        ordered = sorted(uids)
        for start in range(0, len(ordered), LISTED_AT_ONCE):
            batch = ",".join(str(uid) for uid in ordered[start : start + LISTED_AT_ONCE])
            _typ, lines = self._mailbox.client.uid("FETCH", batch, "(UID RFC822.SIZE)")
            yield from sorted(_sizes(lines), key=lambda message: message.uid)

    def raw(self, uid: int) -> bytes | None:
        """Return a message as it came; None if it is no longer there. It is not marked as read."""
        _typ, lines = self._mailbox.client.uid("FETCH", str(uid), "(BODY.PEEK[])")
        return next((bytes(line[1]) for line in lines if isinstance(line, tuple)), None)

    def mark_seen(self, uid: int) -> None:
        """Show people who look into the mailbox that this message was taken in."""
        # Not by `flag()` of imap-tools, which would remove for ever what somebody marked as
        # deleted.
        self._mailbox.client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")

    def wait(self, seconds: float) -> bool:
        """Wait for a change; returns at once, with False, where the server offers no IDLE."""
        if "IDLE" not in self._mailbox.client.capabilities:
            return False
        return bool(self._mailbox.idle.wait(timeout=seconds))


def _sizes(lines: Iterable[object]) -> Iterator[ListedMessage]:
    for line in lines:
        if isinstance(line, bytes):
            values = {
                match.lastgroup: int(match[0].split()[-1]) for match in _UID_AND_SIZE.finditer(line)
            }
            if "uid" in values and "size" in values:
                yield ListedMessage(values["uid"], values["size"])


@contextmanager
def open_mailbox(server: ImapServer) -> Iterator[OpenMailbox]:
    """Connect, sign in, and close at the end.

    Whatever fails meanwhile is raised as `MailboxUnreachable`, or as `MailboxSignInRefused`.
    """
    try:
        mailbox = _connected(server)
        try:
            mailbox.login(server.name, server.password, initial_folder=None)
            mailbox.folder.set(server.folder)
            yield OpenMailbox(mailbox)
        finally:
            # Nothing depends on a polite end, and after a fault there is nobody to say it to.
            with suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
                mailbox.client.shutdown()
    except MailboxLoginError as problem:
        raise MailboxSignInRefused(str(problem.command_result)) from problem
    except (OSError, imaplib.IMAP4.error, ImapToolsError) as problem:
        raise MailboxUnreachable(f"{type(problem).__name__}: {problem}") from problem


def _connected(server: ImapServer) -> BaseMailBox:
    context = server.context or ssl.create_default_context()
    if server.is_imaps:
        return MailBox(server.host, server.port, timeout=TIMEOUT, ssl_context=context)
    if server.host in LOOPBACK:
        return MailBoxUnencrypted(server.host, server.port, timeout=TIMEOUT)
    return MailBoxStartTls(server.host, server.port, timeout=TIMEOUT, ssl_context=context)
