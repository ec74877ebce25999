"""Write to X: pictures, posts, replies, deletions and hiding."""

from __future__ import annotations

import base64

from publisher.platforms.base.json_values import Json, at, text_at
from publisher.platforms.base.protocol import Deadline, RefusalCode, Refused
from publisher.platforms.base.types import Medium, PreparedPost, Receipt
from publisher.platforms.http.session import ClientCall
from publisher.platforms.x import read
from publisher.platforms.x.api import XCalls
from publisher.platforms.x.limits import sent_text
from publisher.platforms.x.text import is_echo


def upload(calls: XCalls, medium: Medium, deadline: Deadline) -> str:
    """Upload a picture with its alt text, and return its id; it is not public yet."""
    content = base64.b64encode(medium.content).decode()
    with calls.preparing(deadline) as call:
        category = "tweet_gif" if medium.mime == "image/gif" else "tweet_image"
        body: Json = {"media": content, "media_category": category}
        response = calls.request("POST", "/2/media/upload", body=body)
        media_id = text_at(response, "data", "id")
        if not media_id:
            call.raise_senseless("the answer names no medium")
        if medium.alt_text:
            about = {"alt_text": {"text": medium.alt_text}}
            calls.request("POST", "/2/media/metadata", body={"id": media_id, "metadata": about})
    return media_id


def create(calls: XCalls, prepared: PreparedPost, deadline: Deadline) -> Receipt:
    """Create a post or reply; the response has to show the same text."""
    body: Json = {"text": sent_text(prepared.outgoing)}
    if prepared.media_ids:
        body["media"] = {"media_ids": list(prepared.media_ids)}
    if prepared.outgoing.reply_to is not None:
        body["reply"] = {"in_reply_to_tweet_id": prepared.outgoing.reply_to}
    with calls.changing(deadline) as call:
        post = at(calls.request("POST", "/2/tweets", body=body), "data")
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
            response = calls.request("DELETE", f"/2/tweets/{post_id}")
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
        response = calls.request("PUT", f"/2/tweets/{post_id}/hidden", body={"hidden": hidden})
        if at(response, "data", "hidden") is not hidden:
            call.raise_senseless("the answer does not say that it is so")
        return calls.receipt(post_id, calls.post_url(post_id), call)
