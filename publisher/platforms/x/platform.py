"""X as the house knows it: one account behind the protocol of platforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from publisher.platforms.base.protocol import Deadline, OneSeen, RefusalCode, Refused
from publisher.platforms.base.types import (
    CommentPage,
    CommentSource,
    Health,
    Match,
    Outgoing,
    PreparedPost,
    Receipt,
    RemotePost,
)
from publisher.platforms.http.client import CursorPosition, at, read_on, text_at
from publisher.platforms.prechecks import must_answer, refuse_unfit
from publisher.platforms.x import read, write
from publisher.platforms.x.api import HOME, XCalls, XCredentials
from publisher.platforms.x.limits import limits, missing_rights, words_of
from publisher.platforms.x.text_length import LIMIT, count


class XPlatform(XCalls):
    """One account on X. Opening it calls nobody; it is safe to use from one thread at a time.

    `read_seconds` is the deadline of a whole reading call; the two clocks give aware UTC and
    monotonic seconds.
    """

    name = "x"

    def __init__(
        self,
        credentials: XCredentials,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        api_url: str = HOME,
        web_url: str = "https://x.com",
        text_units: int = LIMIT,
        read_seconds: float = 30.0,
    ) -> None:
        super().__init__(
            credentials,
            now=now,
            monotonic=monotonic,
            api_url=api_url,
            web_url=web_url,
            read_seconds=read_seconds,
        )
        self.limits = limits(text_units)

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> PreparedPost:
        """Check the limits, upload the pictures and describe them."""
        refuse_unfit(outgoing, self.limits, count(words_of(outgoing)).weighted)
        media_ids = tuple(write.upload(self, one, deadline) for one in outgoing.media)
        return PreparedPost(outgoing, media_ids)

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Create the post, or the reply where it answers something."""
        return write.create(self, prepared, deadline)

    def reply(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Answer a post. X refuses a reply to who did not name the account (not summoned)."""
        return self.publish(must_answer(prepared), deadline=deadline)

    def stage(self, prepared: PreparedPost, *, deadline: Deadline) -> str:
        """X knows no unpublished posts: refused."""
        raise Refused(RefusalCode.INVALID, "X publishes in one step")

    def release(self, staged_id: str, *, deadline: Deadline) -> Receipt:
        """X knows no unpublished posts: refused."""
        raise Refused(RefusalCode.INVALID, "X publishes in one step")

    def edit(self, platform_id: str, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """X offers no edit to programmes, and each edit would be a new post: refused."""
        raise Refused(RefusalCode.INVALID, "X lets no programme edit a post")

    def delete(self, platform_id: str, *, deadline: Deadline) -> Receipt:
        """Delete a post of the account's own; what is gone already counts as done."""
        return write.delete(self, platform_id, deadline)

    def hide(self, platform_id: str, *, hidden: bool, deadline: Deadline) -> Receipt:
        """Hide a reply in a conversation that the account began, or show it again."""
        return write.hide(self, platform_id, hidden, deadline)

    def see(self, platform_id: str) -> RemotePost | None:
        """Read one post; X does not tell whether a reply is hidden."""
        return read.one(self, platform_id)

    def see_many(self, platform_ids: Sequence[str]) -> dict[str, OneSeen]:
        """Read up to a hundred posts in one request; X counts each of them as read."""
        return read.many(self, platform_ids)

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Match | None:
        """Look through the account's own timeline, newest first, down to when the attempt began."""
        return self.sought(since, lambda oldest: read.find(self, outgoing, oldest))

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        """Read mentions, or all replies under a post, nested ones too (of the last seven days)."""
        return read_on(
            CursorPosition.read(cursor), lambda place: read.comments(self, source, place)
        )

    def check(self) -> Health:
        """Ask X whose keys these are; where the answer says so, whether they may write."""
        return self.health(self._whose, self.user_id, missing_rights)

    def _whose(self) -> tuple[str, str]:
        me = at(self.ask("GET", "/2/users/me"), "data")
        return text_at(me, "id"), f"@{text_at(me, 'username')}"
