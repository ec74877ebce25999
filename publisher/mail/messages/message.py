"""A message as a mailbox receives it, read into plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AutomaticKind(StrEnum):
    """The kind of a message that no person wrote; none of them is ever answered (RFC 3834)."""

    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    LIST = "list"


class MailNoteCode(StrEnum):
    """What the reader of a message has to know about how it was read."""

    LEGACY_FONT = "legacy_font"  #: Text in a non-Unicode Marathi font; left as it came.
    CHARSET_UNCERTAIN = "charset_uncertain"  #: A charset other than the declared one was used.
    CLOUD_LINK = "cloud_link"  #: Files lie behind a link, such as one of Google Drive.
    WINMAIL = "winmail"  #: An Outlook container (winmail.dat), attached unopened.
    ARCHIVE = "archive"  #: An archive such as a ZIP, attached unopened.
    TEXT_FROM_FILE = "text_from_file"  #: The text was taken from the attached document `name`.
    TEXT_SHORTENED = "text_shortened"
    TOO_MANY_FILES = "too_many_files"  #: `most` are read, `count` are there.
    BROKEN_STRUCTURE = "broken_structure"  #: Parts that do not end, or nest too deeply.
    SEVERAL_SENDERS = "several_senders"
    DATE_UNCERTAIN = "date_uncertain"


class UnreadableReason(StrEnum):
    """Why a message cannot be read at all."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NO_HEADERS = "no_headers"
    FAILED = "failed"  #: It crashed the process that read it, or several times the clock.


class UnreadableMessage(Exception):
    """A message that cannot be read at all; `reason` says why."""

    def __init__(self, reason: UnreadableReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class MailAddress:
    """A mailbox with its display name; the address is in lower case, empty if unreadable."""

    address: str
    name: str = ""


@dataclass(frozen=True)
class MailFile:
    """A file of a message; `name` is as the sender wrote it, decoded, without folders."""

    name: str
    mime: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class MailNote:
    """A note on how the message was read, with the values for its text."""

    code: MailNoteCode
    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class AuthenticationResult:
    """One result of an Authentication-Results header (RFC 8601), such as dmarc=pass.

    `server` is the authserv-id that claims it, `method` is "spf", "dkim" or "dmarc", `domain` the
    domain it holds for, and `received` how many Received headers are above it, each written by a
    server nearer to us.
    """

    server: str
    method: str
    outcome: str
    domain: str = ""
    received: int = 0


@dataclass(frozen=True)
class MailMessage:
    """A message that was read.

    `message_id`, `in_reply_to` and `references` are without angle brackets, at most 998 characters
    each; `message_id` is empty if there is none. `subject` is one line. `text` is what the sender
    wrote: NFC, without signature and without the quotation of an earlier message; for a forwarded
    message it is the forwarded text, whose sender is `forwarded_from`. `files` are in their order;
    inline logos in a signature are left out. `results` are all Authentication-Results, from any
    server. `size` is in bytes.
    """

    size: int
    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    sender: MailAddress
    reply_to: tuple[MailAddress, ...]
    subject: str
    sent_at: datetime | None
    text: str
    forwarded_from: MailAddress | None
    files: tuple[MailFile, ...]
    notes: tuple[MailNote, ...]
    automatic: AutomaticKind | None
    results: tuple[AuthenticationResult, ...]
