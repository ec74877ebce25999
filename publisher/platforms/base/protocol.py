"""The one protocol behind which every platform stands, and the time that one try has.

The errors of a platform: each carries the decision what to do next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from publisher.platforms.base.types import (
    Allowance,
    CommentPage,
    CommentSource,
    Health,
    Match,
    Outgoing,
    PlatformLimits,
    PreparedPost,
    Receipt,
    RemotePost,
)


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


OneSeen = RemotePost | Refused | TryLater | None
"""One of many that were read back: as it stands, or why it was not read; None: not there."""


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
    """One account on one platform, opened: it keeps its connections alive between calls.

    It is safe to use from one thread at a time; threads that work at once open one each.
    """

    @property
    def name(self) -> str:
        """The platform's name in the register, such as "x"."""
        ...

    @property
    def limits(self) -> PlatformLimits:
        """What this account may send."""
        ...

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """What this account may still do, as the answers so far told it; empty before any."""
        ...

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> PreparedPost:
        """Check the limits and upload the pictures: harmless, and safe to do again.

        Raises TryLater, Refused or CredentialsExpired.
        """
        ...

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Create the post, or the reply where it answers something. Raises any PlatformError."""
        ...

    def reply(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Answer `outgoing.reply_to`, which must be given. Raises any PlatformError."""
        ...

    def stage(self, prepared: PreparedPost, *, deadline: Deadline) -> str:
        """Make the post unpublished, where `limits.has_two_steps`; its id. Nobody sees it.

        Raises TryLater, Refused or CredentialsExpired: a second one would be as invisible.
        """
        ...

    def release(self, staged_id: str, *, deadline: Deadline) -> Receipt:
        """Make public what was staged; doing it again changes nothing.

        Raises any PlatformError; OutcomeUnknown also where the platform says that it is done and
        does not show it.
        """
        ...

    def edit(self, platform_id: str, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Give a live post or answer of ours the new text, where `limits.can_edit`.

        Its pictures and a link in a field of its own stay as they are. Raises any PlatformError;
        OutcomeUnknown also where the platform then shows another text.
        """
        ...

    def delete(self, platform_id: str, *, deadline: Deadline) -> Receipt:
        """Remove what is ours; what is gone already counts as done. Raises any PlatformError."""
        ...

    def hide(self, platform_id: str, *, hidden: bool, deadline: Deadline) -> Receipt:
        """Hide a citizen's comment under a post of ours, or show it again.

        Raises any PlatformError.
        """
        ...

    def see(self, platform_id: str) -> RemotePost | None:
        """Read one thing back by its id; None if it is not there (any more).

        Raises TryLater, Refused or CredentialsExpired.
        """
        ...

    def see_many(self, platform_ids: Sequence[str]) -> Mapping[str, OneSeen]:
        """Read things back by their ids, at most `limits.seen_at_once`; an answer for each.

        An error is raised where it is about all of them, and given as an answer where about one.
        Raises TryLater, Refused or CredentialsExpired.
        """
        ...

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Match | None:
        """Find what may have been created since the attempt began; None if it is not seen.

        Raises TryLater, Refused or CredentialsExpired.
        """
        ...

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        """Read a page of comments after the cursor (None: from the start), ours among them.

        Raises TryLater, Refused or CredentialsExpired.
        """
        ...

    def check(self) -> Health:
        """Ask the platform who we are. Raises nothing but programming errors."""
        ...
