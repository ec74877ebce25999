"""What a platform offers the house: plain values in and out, and errors that carry a decision."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

ANSWER_LENGTH = 2_000


@dataclass(frozen=True)
class Medium:
    """One picture as it leaves: the stored rendition's bytes, type, words and digest (hex)."""

    content: bytes
    mime: str
    alt_text: str
    sha256: str


@dataclass(frozen=True)
class Outgoing:
    """What leaves: the text, an optional link, pictures in order, and what it answers.

    `reply_to` is the platform's id of the post or comment answered, None for a post of its own.
    """

    text: str
    link: str | None = None
    media: tuple[Medium, ...] = ()
    reply_to: str | None = None


@dataclass(frozen=True)
class Prepared:
    """What is ready to leave: its pictures are uploaded, by these ids, and nobody sees them yet."""

    outgoing: Outgoing
    media_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """What the platform answered to a creation; `answer` is its raw answer, shortened, masked."""

    platform_id: str
    url: str
    published_at: datetime
    answer: str


@dataclass(frozen=True)
class Sighting:
    """What a look at the platform's own timeline found: the same fields as a receipt."""

    platform_id: str
    url: str
    published_at: datetime
    answer: str


@dataclass(frozen=True)
class Source:
    """Where comments are read: under one post, or, without a post, where we are mentioned."""

    post_id: str | None = None


MENTIONS = Source()


@dataclass(frozen=True)
class Remark:
    """One comment as read from a platform.

    `parent_id` is what it directly answers (a post or a comment), None where it answers nothing;
    `root_id` is the post or thread it stands under.
    """

    platform_id: str
    parent_id: str | None
    root_id: str
    author_id: str
    author_name: str
    author_handle: str | None
    text: str
    written_at: datetime
    url: str
    by_ourselves: bool
    hidden: bool = False
    edited_at: datetime | None = None


@dataclass(frozen=True)
class Page:
    """One page of remarks, with the cursor to save beside them.

    The cursor is opaque and safe to save with each page: reading on from it leaves nothing out.
    A remark may come more than once (reads overlap, since platforms list late), so keep each by
    its platform id. `more` says that reading on at once is worth while.
    """

    remarks: tuple[Remark, ...]
    cursor: str | None
    more: bool


@dataclass(frozen=True)
class Limits:
    """What a platform takes: text in its own units, number and bytes of pictures, alt text."""

    text_units: int
    media: int
    media_bytes: int
    alt_text: int
    media_types: tuple[str, ...]


class HealthProblem(StrEnum):
    """Why an account does not work, as a code that is put into words elsewhere."""

    CREDENTIALS = "credentials"
    WRONG_ACCOUNT = "wrong_account"
    PERMISSION = "permission"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Health:
    """Whether the account's credentials work, the name the platform knows it by, and until when."""

    ok: bool
    problem: HealthProblem | None
    name: str
    expires_at: datetime | None
    detail: str = ""


class RefusalCode(StrEnum):
    """Why a platform refused, as a code that is put into words elsewhere."""

    TOO_LONG = "too_long"
    DUPLICATE = "duplicate"
    MEDIA_INVALID = "media_invalid"
    MEDIA_TOO_LARGE = "media_too_large"
    PERMISSION = "permission"
    NOT_SUMMONED = "not_summoned"
    TARGET_GONE = "target_gone"
    BLOCKED = "blocked"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class PlatformError(Exception):
    """A platform did not do what was asked; `detail` is for the record, with secrets masked."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class TryLater(PlatformError):
    """Nothing was published, and trying again is safe: at `at`, or when the caller sees fit."""

    def __init__(self, at: datetime | None = None, detail: str = "") -> None:
        super().__init__(detail)
        self.at = at


class Refused(PlatformError):
    """The platform said no, and would say so again: a person has to change something."""

    def __init__(self, reason: RefusalCode, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class CredentialsExpired(PlatformError):
    """The account's credentials no longer work; nothing was published."""


class OutcomeUnknown(PlatformError):
    """It may be live or not: look, and never send again by machine."""


@dataclass(frozen=True)
class Deadline:
    """The end of one try, on a monotonic clock that the caller hands in (seconds)."""

    ends_at: float
    clock: Callable[[], float]

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float]) -> Deadline:
        """A deadline that many seconds from now on that clock."""
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.ends_at - self.clock())

    def passed(self) -> bool:
        """Whether no time is left."""
        return self.remaining() <= 0.0


class Platform(Protocol):
    """One account on one platform."""

    @property
    def name(self) -> str:
        """The platform's name in the register, such as "x"."""
        ...

    @property
    def limits(self) -> Limits:
        """What this account may send."""
        ...

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> Prepared:
        """Check the limits and upload the pictures: harmless, and safe to do again.

        Raises TryLater, Refused or CredentialsExpired.
        """
        ...

    def publish(self, prepared: Prepared, *, deadline: Deadline) -> Receipt:
        """Create the post, or the reply where it answers something. Raises any PlatformError."""
        ...

    def reply(self, prepared: Prepared, *, deadline: Deadline) -> Receipt:
        """Answer `outgoing.reply_to`, which must be given. Raises any PlatformError."""
        ...

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Sighting | None:
        """Find what may have been created since the attempt began; None if it is not seen.

        Raises TryLater, Refused or CredentialsExpired.
        """
        ...

    def comments_since(self, source: Source, cursor: str | None) -> Page:
        """Read a page of comments after the cursor (None: from the start), ours among them.

        Raises TryLater, Refused or CredentialsExpired.
        """
        ...

    def check(self) -> Health:
        """Ask the platform who we are. Raises nothing but programming errors."""
        ...


def with_link(text: str, link: str | None) -> str:
    """The text as readers see it where a platform has no field for the link: link on a new line.

    A link that the text already holds is not added.
    """
    if not link or link in text:
        return text
    return f"{text}\n{link}" if text else link


def normal(text: str) -> str:
    """The text in Unicode's composed form (NFC), as it is hashed, counted and sent."""
    return unicodedata.normalize("NFC", text)


def shortened(answer: str) -> str:
    """An answer cut to the length that is kept."""
    return answer if len(answer) <= ANSWER_LENGTH else answer[: ANSWER_LENGTH - 1] + "…"
