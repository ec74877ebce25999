"""An X account behind the platform protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from publisher.platforms.base.cursor import CursorPosition, read_next_page
from publisher.platforms.base.json_values import at, text_at
from publisher.platforms.base.protocol import Deadline, PostOrError, RefusalCode, Refused
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
from publisher.platforms.prechecks import must_answer, refuse_unfit
from publisher.platforms.x import read, write
from publisher.platforms.x.api import HOME, XCalls, XCredentials
from publisher.platforms.x.limits import missing_rights, sent_text
from publisher.platforms.x.post_limits import LIMITS, WEB_URL
from publisher.platforms.x.text_length import count


class XPlatform(XCalls):
    """An X account. Opening it makes no network call; use it from one thread at a time.

    `read_seconds` is the deadline of a whole read; the clocks return aware UTC and monotonic
    seconds.
    """

    name = "x"

    def __init__(
        self,
        credentials: XCredentials,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        api_url: str = HOME,
        web_url: str = WEB_URL,
        text_units: int = LIMITS.text_units,
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
        self.limits = replace(LIMITS, text_units=text_units)

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> PreparedPost:
        """Check the limits, upload the pictures and describe them."""
        refuse_unfit(outgoing, self.limits, count(sent_text(outgoing)).weighted)
        media_ids = tuple(write.upload(self, medium, deadline) for medium in outgoing.media)
        return PreparedPost(outgoing, media_ids)

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Create the post, or the reply if `reply_to` is set."""
        return write.create(self, prepared, deadline)

    def reply(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Reply to a post. X refuses a reply to an author who did not mention the account."""
        return self.publish(must_answer(prepared), deadline=deadline)

    def stage(self, prepared: PreparedPost, *, deadline: Deadline) -> str:
        """Raise Refused: X has no unpublished posts."""
        raise Refused(RefusalCode.INVALID, "X publishes in one step")

    def release(self, staged_id: str, *, deadline: Deadline) -> Receipt:
        """Raise Refused: X has no unpublished posts."""
        raise Refused(RefusalCode.INVALID, "X publishes in one step")

    def edit(self, platform_id: str, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Raise Refused: X offers no edits by API, and each edit would be a new post."""
        raise Refused(RefusalCode.INVALID, "X lets no programme edit a post")

    def delete(self, platform_id: str, *, deadline: Deadline) -> Receipt:
        """Delete a post of the account; if it is gone already, this succeeds."""
        return write.delete(self, platform_id, deadline)

    def hide(self, platform_id: str, *, hidden: bool, deadline: Deadline) -> Receipt:
        """Hide or unhide a reply in a conversation that the account began."""
        return write.hide(self, platform_id, hidden, deadline)

    def see(self, platform_id: str) -> RemotePost | None:
        """Read one post; X does not report if a reply is hidden."""
        return read.read_one(self, platform_id)

    def see_many(self, platform_ids: Sequence[str]) -> dict[str, PostOrError]:
        """Read up to a hundred posts in one request; X counts each of them as a read."""
        return read.read_many(self, platform_ids)

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Match | None:
        """Search the account's own timeline, newest first, back to the beginning of the attempt."""
        return self.find_since(since, lambda oldest: read.find(self, outgoing, oldest))

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        """Read mentions, or all replies under a post, including nested ones.

        X finds replies of the last seven days only.
        """
        return read_next_page(
            CursorPosition.decode(cursor), lambda position: read.comments(self, source, position)
        )

    def check(self) -> Health:
        """Ask X for the account of these keys, and if reported, for their permissions."""
        return self.health(self._whose, self.user_id, missing_rights)

    def _whose(self) -> tuple[str, str]:
        me = at(self.get_me(), "data")
        return text_at(me, "id"), f"@{text_at(me, 'username')}"
