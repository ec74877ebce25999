"""The protocol that every platform implements, its errors, and the deadline of an attempt.

Each error class carries the decision about what to do next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from publisher.platforms.base.types import (
    Allowance,
    Author,
    CommentPage,
    CommentSource,
    Health,
    Match,
    Outgoing,
    PlatformLimits,
    PreparedPost,
    Receipt,
    RemoteComment,
    RemotePost,
    SharedPage,
)


class RefusalCode(StrEnum):
    """The reason for a refusal, as a code that the pages translate."""

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
    """A platform call failed; `detail` is for the record, with secrets masked."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class TryLater(PlatformError):
    """Nothing was published, and a retry is safe: at `at`, or when the caller chooses."""

    def __init__(self, at: datetime | None = None, detail: str = "") -> None:
        super().__init__(detail)
        self.at = at


class CreditsUsedUp(TryLater):
    """Our app has used up its credits: the platform refuses every call until more are paid for.

    Nothing was published. The credits are the app's, so this concerns all accounts of the platform.
    """


class TimeRefused(TryLater):
    """The platform refused a signature whose time differs from its own; nothing was published.

    This says nothing about the credentials: this machine's time is wrong.
    """


class Refused(PlatformError):
    """The platform refused, and a retry would fail again: a person has to change something."""

    def __init__(self, reason: RefusalCode, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class CredentialsExpired(PlatformError):
    """The account's credentials no longer work; nothing was published."""


class OutcomeUnknown(PlatformError):
    """The post may or may not be live: check the platform, and never retry automatically.

    `platform_id` is the id of a post that the response named although it did not fit; usually "".
    """

    def __init__(self, detail: str = "", platform_id: str = "") -> None:
        super().__init__(detail)
        self.platform_id = platform_id


PostOrError = RemotePost | Refused | TryLater | None
"""The result for one of many ids: the post, or why it was not read; None if it does not exist."""

CommentOrError = RemoteComment | Refused | TryLater | None
"""The same for one of many comments."""


@dataclass(frozen=True)
class Deadline:
    """The end of one attempt, in seconds of the caller's monotonic clock."""

    ends_at: float
    clock: Callable[[], float]

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float]) -> Deadline:
        """Return a deadline `seconds` from now on that clock."""
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self.ends_at - self.clock())

    def passed(self) -> bool:
        """Return True if no time is left."""
        return self.remaining() <= 0.0


class Platform(Protocol):
    """An opened account on a platform; it keeps its connections alive between calls.

    Only one thread at a time may use it; parallel threads open one each.
    """

    @property
    def name(self) -> str:
        """The platform's name in the registry, such as "x"."""

    @property
    def limits(self) -> PlatformLimits:
        """The limits of what this account may send."""

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        """The rate limits that the latest responses reported; empty before the first response."""

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> PreparedPost:
        """Check the limits and upload the pictures; nothing becomes visible, and a retry is safe.

        Raises TryLater, Refused or CredentialsExpired.
        """

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Create the post, or the reply if `reply_to` is set. Raises any PlatformError."""

    def reply(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Reply to `outgoing.reply_to`, which is required. Raises any PlatformError."""

    def stage(self, prepared: PreparedPost, *, deadline: Deadline) -> str:
        """Create the post unpublished, if `limits.has_two_steps`, and return its id.

        Raises TryLater, Refused or CredentialsExpired; the outcome is never unknown, since a second
        staged post would be as invisible as the first.
        """

    def release(self, staged_id: str, *, deadline: Deadline) -> Receipt:
        """Publish a staged post; idempotent.

        Raises any PlatformError; OutcomeUnknown also if the platform reports success but does not
        show the post.
        """

    def edit(self, platform_id: str, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Change the text of a live post or reply of ours, if `limits.can_edit`.

        Its pictures and a link in its own field stay. Raises any PlatformError; OutcomeUnknown also
        if the platform then shows another text.
        """

    def delete(self, platform_id: str, *, deadline: Deadline) -> Receipt:
        """Delete a post of ours; if it is gone already, this succeeds. Raises any PlatformError."""

    def hide(self, platform_id: str, *, hidden: bool, deadline: Deadline) -> Receipt:
        """Hide or unhide a citizen's comment under a post of ours. Raises any PlatformError."""

    def see(self, platform_id: str) -> RemotePost | None:
        """Read a post or comment by its id; return None if it does not exist (any more).

        Raises TryLater, Refused or CredentialsExpired.
        """

    def see_many(self, platform_ids: Sequence[str]) -> Mapping[str, PostOrError]:
        """Read posts or comments by their ids, at most `limits.seen_at_once`; return all results.

        An error about all of them is raised; an error about one of them is its result. Raises
        TryLater, Refused or CredentialsExpired.
        """

    def see_own(self, platform_ids: Sequence[str]) -> Mapping[str, RemotePost]:
        """Read posts of ours from the account's timeline, at its price; return those found there.

        They should be neighbours there, since what is between the oldest and the newest of them is
        read as well. Whether a post that is missing there exists can be read by `see_many`. Raises
        TryLater, Refused or CredentialsExpired.
        """

    def look_up(
        self,
        outgoing: Outgoing,
        *,
        since: datetime,
        near: datetime | None = None,
        known_ids: Collection[str] = (),
    ) -> Match | None:
        """Find a post that may have been created since the attempt began; return None if not found.

        If several have the same text, it returns the first one made after `near` (None: `since`),
        else the last one before it; never one of `known_ids`, which belong to other deliveries.

        Raises TryLater, Refused or CredentialsExpired.
        """

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        """Read a page of comments after the cursor (None: from the start).

        Our own comments may be among them; a platform that charges for each leaves them out.

        Raises TryLater, Refused or CredentialsExpired.
        """

    def posts_together(self, cursors: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the posts, in their order, that `comments_under` can read with the first one.

        `cursors` are all posts' cursors by the posts' ids. Makes no request.
        """

    def comments_under(self, cursors: Mapping[str, str | None]) -> Iterator[SharedPage]:
        """Read the comments under the posts of `posts_together`, page by page.

        If the reading ends before the last page, none of their cursors moves, and everything is
        read again. Raises TryLater or CredentialsExpired.
        """

    def authors(self, author_ids: Sequence[str]) -> Mapping[str, Author]:
        """Read the authors of comments that came without their names, at most a hundred.

        Those who do not exist (any more) are left out; a platform whose comments have names returns
        none. Raises TryLater, Refused or CredentialsExpired.
        """

    def check(self) -> Health:
        """Ask the platform for the account of these credentials. Raises no PlatformError."""

    def time_ahead(self) -> timedelta | None:
        """Return how far our time is ahead of the platform's; None if it does not report its own.

        The request needs no credentials and costs nothing. Raises no PlatformError.
        """


@runtime_checkable
class TellsOfComments(Protocol):
    """An opened account whose platform notifies us of comments by webhooks, once subscribed."""

    def is_subscribed(self) -> bool:
        """Return True if the platform says that it notifies our app of this account's comments.

        Raises TryLater, Refused or CredentialsExpired.
        """

    def subscribe(self) -> None:
        """Ask the platform to notify our app of this account's comments; idempotent.

        Raises TryLater, Refused or CredentialsExpired.
        """

    def comments_by_ids(self, roots: Mapping[str, str]) -> Mapping[str, CommentOrError]:
        """Read comments by their ids, at most `limits.seen_at_once`; return all results.

        `roots` has the id of the post or thread that contains each. Raises TryLater, Refused or
        CredentialsExpired.
        """
