"""The platform in memory: it stores posts, fails as planned, and takes citizens' comments."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from publisher.platforms.base.protocol import (
    Deadline,
    PlatformError,
    PostOrError,
    RefusalCode,
    Refused,
    TryLater,
)
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
    RemotePost,
    SharedPage,
)
from publisher.platforms.prechecks import must_answer, refuse_unfit
from tests.support.memory_platform.store import (
    OURSELVES,
    PostStore,
    StoredPost,
    address,
    is_under,
    length,
    receipt,
    remote_comment,
    remote_post,
    stored_text,
)

TYPES = ("image/jpeg", "image/png")
LIMITS = PlatformLimits(280, 4, 5 * 1024 * 1024, 1_000, TYPES, seen_at_once=100)
SLACK = timedelta(minutes=5)
Call = Literal[
    "prepare",
    "publish",
    "stage",
    "release",
    "edit",
    "delete",
    "hide",
    "see",
    "see_own",
    "look_up",
    "comments",
]


@dataclass(frozen=True)
class Planned:
    """An error of a call; `is_kept` if the call is carried out all the same."""

    error: PlatformError
    is_kept: bool


class MemoryPlatform:
    """An account of a platform in memory; `now` returns aware UTC.

    `lag` is how long a new post is invisible to look_up and comments_since; `page_size` the number
    of comments in a page; `two_steps` and `can_edit` are the account's abilities. `posts` are
    those that exist, `deleted_posts` the deleted ones; `health`, `allowances` and `time_offset`
    (how far our time is ahead of its own) are its reports.
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
        self._shelf = PostStore(now)
        self.posts: list[StoredPost] = self._shelf.posts
        self.deleted_posts: list[StoredPost] = self._shelf.deleted_posts
        self.health = Health(None, OURSELVES)
        self.time_offset: timedelta | None = None
        self.allowances: tuple[Allowance, ...] = ()
        self._now = now
        self._planned: dict[Call, deque[Planned]] = {}

    @property
    def published(self) -> list[StoredPost]:
        """The account's own public posts, oldest first."""
        return [
            stored_post
            for stored_post in self.posts
            if stored_post.author == OURSELVES and stored_post.is_public
        ]

    @property
    def staged(self) -> list[StoredPost]:
        """The account's unpublished posts."""
        return [stored_post for stored_post in self.posts if not stored_post.is_public]

    def fail_next(
        self, error: PlatformError, *, after_keeping: bool = False, on: Call = "publish"
    ) -> None:
        """Let the next call of this kind fail, without doing it or after it is done.

        "publish" includes posts in one step and replies.
        """
        self._planned.setdefault(on, deque()).append(Planned(error, after_keeping))

    def citizen_says(
        self, text: str, *, parent_id: str | None = None, author: str = "नागरिक"
    ) -> str:
        """Add a citizen's comment under a post or comment, or a mention; return its id."""
        return self._shelf.keep(author, text, parent_id).platform_id

    def somebody_deletes(self, platform_id: str) -> None:
        """Delete a post as another user of the platform. Raises LookupError."""
        self._shelf.remove(self._shelf.get(platform_id))

    def somebody_edits(self, platform_id: str, text: str) -> None:
        """Change a post's text as another user of the platform. Raises LookupError."""
        self._shelf.change(self._shelf.get(platform_id), text=text)

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> PreparedPost:
        """Check the limits; a picture's id is its digest."""
        _in_time(deadline)
        refuse_unfit(outgoing, self.limits, length(stored_text(outgoing)))
        self._begin("prepare")
        return PreparedPost(outgoing, tuple(medium.sha256 for medium in outgoing.media))

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Store the post or reply, unless a failure was planned."""
        return self._make(prepared.outgoing, deadline, "publish", is_public=True)

    def reply(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Reply to `reply_to`."""
        return self.publish(must_answer(prepared), deadline=deadline)

    def stage(self, prepared: PreparedPost, *, deadline: Deadline) -> str:
        """Store the post unpublished, if the account has two steps."""
        if not self.limits.has_two_steps or prepared.outgoing.reply_to is not None:
            raise Refused(RefusalCode.INVALID)
        return self._make(prepared.outgoing, deadline, "stage", is_public=False).platform_id

    def release(self, staged_id: str, *, deadline: Deadline) -> Receipt:
        """Publish a staged post; idempotent."""
        if not self.limits.has_two_steps:
            raise Refused(RefusalCode.INVALID)
        return self._change(staged_id, "release", deadline, is_public=True)

    def edit(self, platform_id: str, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Change the text of a post, if the account can edit."""
        if not self.limits.can_edit:
            raise Refused(RefusalCode.INVALID)
        return self._change(platform_id, "edit", deadline, text=stored_text(prepared.outgoing))

    def delete(self, platform_id: str, *, deadline: Deadline) -> Receipt:
        """Delete the post, if it exists."""
        _in_time(deadline)
        planned, stored_post = self._begin("delete"), self._shelf.find(platform_id)
        if stored_post is not None:
            self._shelf.remove(stored_post)
        _fail_after(planned)
        return Receipt(platform_id, address(platform_id), self._now(), "")

    def hide(self, platform_id: str, *, hidden: bool, deadline: Deadline) -> Receipt:
        """Hide or unhide a comment."""
        return self._change(platform_id, "hide", deadline, is_hidden=hidden)

    def see(self, platform_id: str) -> RemotePost | None:
        """Return the post under this id now, without any lag."""
        self._begin("see")
        stored_post = self._shelf.find(platform_id)
        return remote_post(stored_post) if stored_post is not None else None

    def see_many(self, platform_ids: Sequence[str]) -> dict[str, PostOrError]:
        """Return the posts under these ids now; a planned failure is that of the whole call."""
        self._begin("see")
        posts = {platform_id: self._shelf.find(platform_id) for platform_id in platform_ids}
        return {
            platform_id: remote_post(stored_post) if stored_post is not None else None
            for platform_id, stored_post in posts.items()
        }

    def see_own(self, platform_ids: Sequence[str]) -> dict[str, RemotePost]:
        """Return the account's own posts under these ids now, as its timeline shows them."""
        self._begin("see_own")
        posts = {platform_id: self._shelf.find(platform_id) for platform_id in platform_ids}
        return {
            platform_id: remote_post(stored_post)
            for platform_id, stored_post in posts.items()
            if stored_post is not None and stored_post.author == OURSELVES
        }

    def look_up(
        self,
        outgoing: Outgoing,
        *,
        since: datetime,
        near: datetime | None = None,
        known_ids: Collection[str] = (),
    ) -> Match | None:
        """Find a post created since the attempt, once the lag is over."""
        self._begin("look_up")
        moment = near or since
        stored_posts = [
            stored_post
            for stored_post in self._visible()
            if stored_post.author == OURSELVES
            and stored_post.platform_id not in known_ids
            and stored_post.created_at >= since - SLACK
            and (stored_post.text, stored_post.parent_id)
            == (stored_text(outgoing), outgoing.reply_to)
            and len(stored_post.media) == len(outgoing.media)
        ]
        if not stored_posts:
            return None
        first = min(
            stored_posts, key=lambda post: (post.created_at < moment, abs(post.created_at - moment))
        )
        url = address(first.platform_id)
        return Match(first.platform_id, url, first.created_at, first.text)

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        """Read the comments under a post, or mentions outside our posts, in order."""
        self._begin("comments")
        last_id = int(cursor or 0)
        posts = [
            stored_post
            for stored_post in self._visible()
            if int(stored_post.platform_id) > last_id and is_under(stored_post, source.post_id)
        ]
        page = posts[: self.page_size]
        following = page[-1].platform_id if page else cursor
        remote_comments = tuple(remote_comment(stored_post) for stored_post in page)
        return CommentPage(remote_comments, following, len(posts) > len(page))

    def posts_together(self, cursors: Mapping[str, str | None]) -> tuple[str, ...]:
        """Return the first post alone."""
        return tuple(cursors)[:1]

    def comments_under(self, cursors: Mapping[str, str | None]) -> Iterator[SharedPage]:
        """Raise Refused: one post is read at a time."""
        raise Refused(RefusalCode.INVALID, f"{len(cursors)} posts")

    def authors(self, author_ids: Sequence[str]) -> dict[str, Author]:
        """Return none: comments have their authors' names."""
        return {}

    def check(self) -> Health:
        """Return `health` as it was set."""
        return self.health

    def time_ahead(self) -> timedelta | None:
        """Return `time_offset`."""
        return self.time_offset

    def _begin(self, on: Call) -> Planned | None:
        """Return the failure to raise after the call; raise a failure planned before it."""
        failures = self._planned.get(on)
        planned = failures.popleft() if failures else None
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
        stored_post = self._shelf.keep(
            OURSELVES, stored_text(outgoing), outgoing.reply_to, outgoing.media, is_public=is_public
        )
        _fail_after(planned)
        return receipt(stored_post)

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
        planned, stored_post = self._begin(on), self._shelf.find(platform_id)
        if stored_post is None:
            raise Refused(RefusalCode.TARGET_GONE)
        changed = self._shelf.change(
            stored_post, text=text, is_public=is_public, is_hidden=is_hidden
        )
        _fail_after(planned)
        return receipt(changed)

    def _visible(self) -> list[StoredPost]:
        horizon = self._now() - self.lag
        return [
            stored_post
            for stored_post in self.posts
            if stored_post.is_public and stored_post.created_at <= horizon
        ]


def _in_time(deadline: Deadline) -> None:
    if deadline.passed():
        raise TryLater(None, "the deadline had passed before anything was sent")


def _fail_after(planned: Planned | None) -> None:
    if planned is not None:
        raise planned.error
