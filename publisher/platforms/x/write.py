"""Write to X: pictures, posts, replies, deletions and hiding."""

from __future__ import annotations

from publisher.platforms.base.json_values import at, text_at
from publisher.platforms.base.protocol import Deadline, RefusalCode, Refused
from publisher.platforms.base.types import Medium, PreparedPost, Receipt
from publisher.platforms.http.connections import ClientCall
from publisher.platforms.x import read
from publisher.platforms.x.api import XCalls
from publisher.platforms.x.limits import sent_text
from publisher.platforms.x.text import is_echo


def upload(calls: XCalls, medium: Medium, deadline: Deadline) -> str:
    """Upload a picture with its alt text, and return its id; it is not public yet."""
    with calls.preparing(deadline) as call:
        category = "tweet_gif" if medium.mime == "image/gif" else "tweet_image"
        response = calls.upload_media(medium.content, category)
        media_id = text_at(response, "data", "id")
        if not media_id:
            call.raise_senseless("the answer names no medium")
        if medium.alt_text:
            calls.describe_media(media_id, medium.alt_text)
    return media_id


def create(calls: XCalls, prepared: PreparedPost, deadline: Deadline) -> Receipt:
    """Create a post or reply; the response has to show the same text."""
    outgoing = prepared.outgoing
    with calls.changing(deadline) as call:
        response = calls.create_post(sent_text(outgoing), prepared.media_ids, outgoing.reply_to)
        post = at(response, "data")
        _check_echo(call, post, prepared)
        post_id = text_at(post, "id")
        return calls.receipt(post_id, calls.post_url(post_id), call)


def _check_echo(call: ClientCall, post: object, prepared: PreparedPost) -> None:
    """Check that the response to a creation names a post with the text that was sent.

    X's response does not name the account. If it shows an older post, the caller notices that a
    receipt with its id exists already.
    """
    if not text_at(post, "id").isdecimal():
        call.raise_senseless("the answer names no post")
    echoed_text, outgoing = text_at(post, "text"), prepared.outgoing
    if echoed_text and not is_echo(
        echoed_text,
        sent_text(outgoing),
        is_reply=outgoing.reply_to is not None,
        has_pictures=bool(prepared.media_ids),
    ):
        call.raise_senseless("the answer holds another text")


def delete(calls: XCalls, post_id: str, deadline: Deadline) -> Receipt:
    """Delete a post of ours; if it is gone already, this succeeds.

    X's report that it is gone is not trusted: the post is read once more.
    """
    with calls.changing(deadline) as call:
        try:
            response = calls.delete_post(post_id)
        except Refused as refused:
            if refused.reason is not RefusalCode.TARGET_GONE:
                raise
            if read.read_one(calls, post_id, deadline) is not None:
                raise
        else:
            if at(response, "data", "deleted") is not True:
                call.raise_senseless("the answer does not say that it is deleted")
        return calls.receipt(post_id, calls.post_url(post_id), call)


def hide(calls: XCalls, post_id: str, hidden: bool, deadline: Deadline) -> Receipt:
    """Hide or unhide a reply under a post of ours."""
    with calls.changing(deadline) as call:
        response = calls.hide_reply(post_id, hidden=hidden)
        if at(response, "data", "hidden") is not hidden:
            call.raise_senseless("the answer does not say that it is so")
        return calls.receipt(post_id, calls.post_url(post_id), call)
