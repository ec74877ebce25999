"""A Facebook page behind the platform protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from publisher.platforms.base.cursor import CursorPosition, read_next_page
from publisher.platforms.base.json_values import text_at
from publisher.platforms.base.protocol import Deadline, PostOrError, RefusalCode, Refused
from publisher.platforms.base.text import composed
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
from publisher.platforms.facebook import read, write
from publisher.platforms.facebook.api import HOME, FacebookCalls, FacebookCredentials
from publisher.platforms.facebook.payloads import limits_for
from publisher.platforms.facebook.post_limits import LIMITS, WEB_URL
from publisher.platforms.prechecks import must_answer, refuse_unfit


class FacebookPlatform(FacebookCalls):
    """A Facebook page. Opening it makes no network call; use it from one thread at a time.

    `graph_version` is the Graph API's, such as "v26.0"; `read_seconds` is the deadline of a whole
    read; the clocks return aware UTC and monotonic seconds.
    """

    name = "facebook"
    limits = LIMITS

    def __init__(
        self,
        credentials: FacebookCredentials,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        api_url: str = HOME,
        graph_version: str = "v26.0",
        web_url: str = WEB_URL,
        read_seconds: float = 30.0,
    ) -> None:
        super().__init__(
            credentials,
            now=now,
            monotonic=monotonic,
            api_url=api_url,
            graph_version=graph_version,
            web_url=web_url,
            read_seconds=read_seconds,
        )

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> PreparedPost:
        """Check the limits and upload the photos unpublished; Facebook drops them after a day."""
        refuse_unfit(outgoing, limits_for(outgoing), len(composed(outgoing.text)))
        media_ids = tuple(write.upload(self, medium, deadline) for medium in outgoing.media)
        return PreparedPost(outgoing, media_ids)

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Create the post in one step, or the comment if it replies to something."""
        return write.create(self, prepared, deadline)

    def reply(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Reply to a post or a comment as the page."""
        return self.publish(must_answer(prepared), deadline=deadline)

    def stage(self, prepared: PreparedPost, *, deadline: Deadline) -> str:
        """Create the post unpublished; comments are refused, as Facebook cannot stage them."""
        if prepared.outgoing.reply_to is not None:
            raise Refused(RefusalCode.INVALID, "a comment is published in one step")
        return write.stage(self, prepared, deadline)

    def release(self, staged_id: str, *, deadline: Deadline) -> Receipt:
        """Publish a staged post, and read it back."""
        return write.release(self, staged_id, deadline)

    def edit(self, platform_id: str, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Change the text of a post or comment of the page, and read it back."""
        return write.edit(self, platform_id, prepared, deadline)

    def delete(self, platform_id: str, *, deadline: Deadline) -> Receipt:
        """Delete a post or comment of the page; if it is gone already, this succeeds."""
        return write.delete(self, platform_id, deadline)

    def hide(self, platform_id: str, *, hidden: bool, deadline: Deadline) -> Receipt:
        """Hide or unhide a comment under a post of the page."""
        return write.hide(self, platform_id, hidden, deadline)

    def see(self, platform_id: str) -> RemotePost | None:
        """Read one post or comment. A post that we may not see looks as if it did not exist."""
        return read.read_one(self, platform_id)

    def see_many(self, platform_ids: Sequence[str]) -> dict[str, PostOrError]:
        """Read up to fifty posts and comments in one request; Facebook counts each as a call."""
        return read.read_many(self, platform_ids)

    def look_up(self, outgoing: Outgoing, *, since: datetime) -> Match | None:
        """Search the page's posts, or the comments under what is replied to, newest first."""
        return self.find_since(since, lambda oldest: read.find(self, outgoing, oldest))

    def comments_since(self, source: CommentSource, cursor: str | None) -> CommentPage:
        """Read all comments under a post, including nested ones.

        Facebook lists no mentions, so their page is empty.
        """
        post_id = source.post_id
        if post_id is None:
            return CommentPage((), cursor, False)
        return read_next_page(
            CursorPosition.decode(cursor), lambda position: read.comments(self, post_id, position)
        )

    def check(self) -> Health:
        """Ask Facebook for the page with its own token."""
        return self.health(self._whose, self.page_id)

    def _whose(self) -> tuple[str, str]:
        page = self.get(self.page_id, fields="id,name")
        return text_at(page, "id"), text_at(page, "name")
