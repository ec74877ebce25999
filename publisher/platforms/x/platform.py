"""An X account behind the platform protocol: its pictures, posts, replies, deletions and hiding."""

from __future__ import annotations

import base64
import time

from publisher.platforms.base.json_values import find_value, number_at, text_at
from publisher.platforms.base.protocol import Deadline, RefusalCode, Refused, TryLater
from publisher.platforms.base.types import Medium, Outgoing, PreparedPost, Receipt
from publisher.platforms.http.connections import ClientCall
from publisher.platforms.prechecks import must_answer, refuse_unfit
from publisher.platforms.x.limits import full_text
from publisher.platforms.x.post_limits import LIMITS
from publisher.platforms.x.read import XReader
from publisher.platforms.x.searches import is_post_id
from publisher.platforms.x.text import is_echo
from publisher.platforms.x.text_length import count


class XPlatform(XReader):
    """An X account. Opening it makes no network call; use it from one thread at a time."""

    name = "x"
    limits = LIMITS

    def prepare(self, outgoing: Outgoing, *, deadline: Deadline) -> PreparedPost:
        """Check the limits, upload the pictures and describe them."""
        refuse_unfit(outgoing, self.limits, count(full_text(outgoing)).weighted)
        media_ids = tuple(self._upload(medium, deadline) for medium in outgoing.media)
        return PreparedPost(outgoing, media_ids)

    def _upload(self, medium: Medium, deadline: Deadline) -> str:
        """Upload a picture with its alt text, and return its id; it is not public yet."""
        with self.preparing(deadline) as call:
            category = "tweet_gif" if medium.mime == "image/gif" else "tweet_image"
            media = base64.b64encode(medium.content).decode()
            response = self._post("/2/media/upload", media=media, media_category=category)
            media_id = text_at(response, "data", "id")
            if not media_id:
                call.raise_senseless("the answer names no medium")
            status = {"command": "STATUS", "media_id": media_id}
            progress = find_value(response, "data", "processing_info")
            while text_at(progress, "state") in ("pending", "in_progress"):
                seconds = max(1, number_at(progress, "check_after_secs") or 1)
                if seconds >= call.deadline.remaining():
                    raise TryLater(None, "X still processes the animation")
                time.sleep(seconds)
                answer = self._client.request("GET", "/2/media/upload", status, user_auth=True)
                progress = find_value(answer.json(), "data", "processing_info")
            if text_at(progress, "state") == "failed":
                raise Refused(RefusalCode.MEDIA_INVALID, call.answer)
            if medium.alt_text:
                metadata = {"alt_text": {"text": medium.alt_text}}
                self._post("/2/media/metadata", id=media_id, metadata=metadata)
        return media_id

    def _post(self, route: str, **body: object) -> object:
        # tweepy has no methods for version 2 of uploads.
        return self._client.request("POST", route, json=body, user_auth=True).json()

    def publish(self, prepared: PreparedPost, *, deadline: Deadline) -> Receipt:
        """Create the post or reply; the response has to show the same text."""
        outgoing = prepared.outgoing
        with self.changing(deadline) as call:
            response = self._client.create_tweet(
                text=full_text(outgoing),
                media_ids=prepared.media_ids or None,
                in_reply_to_tweet_id=outgoing.reply_to,
            )
            post = find_value(response, "data")
            _check_echo(call, post, prepared)
            post_id = text_at(post, "id")
            return self.receipt(post_id, self.post_url(post_id), call)

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
        """Delete a post of the account; if it is gone already, this succeeds.

        X's report that it is gone is not trusted: the post is read once more.
        """
        with self.changing(deadline) as call:
            try:
                response = self._client.delete_tweet(platform_id)
            except Refused as refused:
                if refused.reason is not RefusalCode.TARGET_GONE:
                    raise
                if self.see(platform_id, deadline) is not None:
                    raise
            else:
                if find_value(response, "data", "deleted") is not True:
                    call.raise_senseless("the answer does not say that it is deleted")
            return self.receipt(platform_id, self.post_url(platform_id), call)

    def hide(self, platform_id: str, *, hidden: bool, deadline: Deadline) -> Receipt:
        """Hide or unhide a reply in a conversation that the account began."""
        with self.changing(deadline) as call:
            act = self._client.hide_reply if hidden else self._client.unhide_reply
            response = act(platform_id)
            if find_value(response, "data", "hidden") is not hidden:
                call.raise_senseless("the answer does not say that it is so")
            return self.receipt(platform_id, self.post_url(platform_id), call)


def _check_echo(call: ClientCall, post: object, prepared: PreparedPost) -> None:
    """Check that the response to a creation names a post with the text that was sent.

    X's response does not name the account. If it shows an older post, the caller notices that a
    receipt with its id exists already.
    """
    post_id = text_at(post, "id")
    if not is_post_id(post_id):
        call.raise_senseless("the answer names no post")
    echoed_text, outgoing = text_at(post, "text"), prepared.outgoing
    if echoed_text and not is_echo(
        echoed_text,
        full_text(outgoing),
        is_reply=outgoing.reply_to is not None,
        has_pictures=bool(prepared.media_ids),
    ):
        call.raise_senseless("the answer holds another text", post_id)
