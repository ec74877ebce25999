"""A platform in memory: keeps what it is given, fails as it is told, and lets citizens speak."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from publisher.platforms.base.protocol import (
    Deadline,
    OneSeen,
    PlatformError,
    RefusalCode,
    Refused,
    TryLater,
)
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
from publisher.platforms.memory.store import (
    OURSELVES,
    Shelf,
    StoredPost,
    address,
    is_under,
    receipt,
    remark,
    seen,
    words_of,
)
from publisher.platforms.prechecks import must_answer, refuse_unfit

TYPES = ("image/jpeg", "image/png")
LIMITS = PlatformLimits(280, 4, 5 * 1024 * 1024, 1_000, TYPES, seen_at_once=100)
SLACK = timedelta(minutes=5)
Call = Literal[
    "prepare", "publish", "stage", "release", "edit", "delete", "hide", "see", "look_up", "comments"
]


@dataclass(frozen=True)
class _Planned:
    error: PlatformError
    is_kept: bool


class MemoryPlatform:
    """One account of a platform that nobody else sees; `now` gives aware UTC.

    `lag` is how long a new post stays out of sight of look_up and comments_since; `page_size` how
    many remarks a page holds; `two_steps` and `can_edit` what the account may do. `kept` is what
    there is, `gone` what was deleted, `health` and `allowances` what it tells of itself.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        name: str = "memory",
        limits: PlatformLimits = LIMITS,
        lag: timedelta = timedelta(0),
        page_size: int = 100,
        two_steps: bool = False,
        can_edit: bool = False,
    ) -> None:
        self.name = name
        self.limits = replace(limits, has_two_steps=two_steps, can_edit=can_edit)
        self.lag = lag
        self.page_size = page_size
        self._shelf = Shelf(now)
        self.kept: list[StoredPost] = self._shelf.kept
        self.gone: list[StoredPost] = self._shelf.gone
        self.health = Health(True, None, OURSELVES, None)
        self.allowances: tuple[Allowance, ...] = ()
        self._now = now
        self._planned: dict[Call, deque[_Planned]] = {}

    @property
    def published(self) -> list[StoredPost]:
        """What the account itself has made and the public sees, oldest first."""
        return [one for one in self.kept if one.author == OURSELVES and one.is_public]

    @property
    def staged(self) -> list[StoredPost]:
        """What the account has made and nobody sees."""
        return [one for one in self.kept if not one.is_public]

    def fail_next(
        self, error: PlatformError, *, after_keeping: bool = False, on: Call = "publish"
    ) -> None:
        """Let the next call of this kind fail, without doing it or after it is done.

        "publish" stands for posts in one step and for replies.
        """
        self._planned.setdefault(on, deque()).append(_Planned(error, after_keeping))

    def citizen_says(
        self, text: str, *, parent_id: str | None = None, author: str = "नागरिक"
    ) -> str:
        """Let a citizen comment under a post or comment, or mention us; the new one's id."""
        return self._shelf.keep(author, text, parent_id).platform_id

    def somebody_deletes(self, platform_id: str) -> None:
        """Let somebody else delete it on the platform. Raises LookupError."""
        self._shelf.remove(self._shelf.known(platform_id))

    def somebody_edits(self, platform_id: str, text: str) -> None:
        """Let somebody else change its text on the platform. Raises LookupError."""
        self._shelf.change(self._shelf.known(platform_id), text=text)

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> PreparedPost:
        """Check the limits; a picture's id is its digest."""
        _in_time(deadline)
        refuse_unfit(outgoing, self.limits, len(words_of(outgoing)))
        self._begin("prepare")
        return PreparedPost(outgoing, tuple(medium.sha256 for medium in outgoing.media))

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Keep the post or reply, unless a failure was planned."""
        return self._make(prepared.outgoing, deadline, "publish", is_public=True)

    def reply(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Answer what `reply_to` names."""
        return self.publish(must_answer(prepared), deadline=deadline)

    def stage(self, prepared: PreparedPost, *, deadline: Deadline) -> str:
        """Keep the post out of everybody's sight, where the account has two steps."""
        if not self.limits.has_two_steps or prepared.outgoing.reply_to is not None:
            raise Refused(RefusalCode.INVALID)
        return self._make(prepared.outgoing, deadline, "stage", is_public=False).platform_id

    def release(self, staged_id: str, *, deadline: Deadline) -> Receipt:
        """Let everybody see what was staged; once or more often."""
        if not self.limits.has_two_steps:
            raise Refused(RefusalCode.INVALID)
        return self._change(staged_id, "release", deadline, is_public=True)

    def edit(self, platform_id: str, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Give it the new text, where the account may."""
        if not self.limits.can_edit:
            raise Refused(RefusalCode.INVALID)
        return self._change(platform_id, "edit", deadline, text=words_of(prepared.outgoing))

    def delete(self, platform_id: str, *, deadline: Deadline) -> Receipt:
        """Remove it, unless it is gone."""
        _in_time(deadline)
        planned, found = self._begin("delete"), self._shelf.find(platform_id)
        if found is not None:
            self._shelf.remove(found)
        _fail_after(planned)
        return Receipt(platform_id, address(platform_id), self._now(), "")

    def hide(self, platform_id: str, *, hidden: bool, deadline: Deadline) -> Receipt:
        """Hide a comment, or show it again."""
        return self._change(platform_id, "hide", deadline, is_hidden=hidden)

    def see(self, platform_id: str) -> RemotePost | None:
        """What there is under this id now, without any lag."""
        self._begin("see")
        found = self._shelf.find(platform_id)
        return seen(found) if found is not None else None

    def see_many(self, platform_ids: Sequence[str]) -> dict[str, OneSeen]:
        """What there is under these ids now; a failure that was planned is that of all."""
        self._begin("see")
        found = {one: self._shelf.find(one) for one in platform_ids}
        return {one: seen(kept) if kept is not None else None for one, kept in found.items()}

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Match | None:
        """Find what was made since the attempt, once the lag is over."""
        self._begin("look_up")
        for one in self._visible():
            if (
                one.author == OURSELVES
                and one.created_at >= since - SLACK
                and (one.text, one.parent_id) == (words_of(outgoing), outgoing.reply_to)
                and len(one.media) == len(outgoing.media)
            ):
                url = address(one.platform_id)
                return Match(one.platform_id, url, one.created_at, one.text)
        return None

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        """Read what is under a post, or who names us outside our posts, in order."""
        self._begin("comments")
        done = int(cursor or 0)
        found = [
            one
            for one in self._visible()
            if int(one.platform_id) > done and is_under(one, source.post_id)
        ]
        shown = found[: self.page_size]
        following = shown[-1].platform_id if shown else cursor
        remote_comments = tuple(remark(one) for one in shown)
        return CommentPage(remote_comments, following, len(found) > len(shown))

    def check(self) -> Health:
        """What `health` was set to."""
        return self.health

    def _begin(self, on: Call) -> _Planned | None:
        """The failure that comes once this is done; raises one that comes before."""
        waiting = self._planned.get(on)
        planned = waiting.popleft() if waiting else None
        if planned is not None and not planned.is_kept:
            raise planned.error
        return planned

    def _make(
        self, outgoing: Outgoing, deadline: Deadline, on: Call, *, is_public: bool
    ) -> Receipt:
        _in_time(deadline)
        planned = self._begin(on)
        if outgoing.reply_to is not None and self._shelf.find(outgoing.reply_to) is None:
            raise Refused(RefusalCode.TARGET_GONE)
        made = self._shelf.keep(
            OURSELVES, words_of(outgoing), outgoing.reply_to, outgoing.media, is_public=is_public
        )
        _fail_after(planned)
        return receipt(made)

    def _change(
        self,
        platform_id: str,
        on: Call,
        deadline: Deadline,
        *,
        text: str | None = None,
        is_public: bool | None = None,
        is_hidden: bool | None = None,
    ) -> Receipt:
        _in_time(deadline)
        planned, found = self._begin(on), self._shelf.find(platform_id)
        if found is None:
            raise Refused(RefusalCode.TARGET_GONE)
        changed = self._shelf.change(found, text=text, is_public=is_public, is_hidden=is_hidden)
        _fail_after(planned)
        return receipt(changed)

    def _visible(self) -> list[StoredPost]:
        horizon = self._now() - self.lag
        return [one for one in self.kept if one.is_public and one.created_at <= horizon]


def _in_time(deadline: Deadline) -> None:
    if deadline.passed():
        raise TryLater(None, "the deadline had passed before anything was sent")


def _fail_after(planned: _Planned | None) -> None:
    if planned is not None:
        raise planned.error
