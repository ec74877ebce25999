"""Write to X: pictures, posts, replies, deletions and hiding."""

from __future__ import annotations

import base64

from publisher.platforms.base.protocol import Deadline, RefusalCode, Refused
from publisher.platforms.base.types import Medium, PreparedPost, Receipt
from publisher.platforms.http.client import Json, at, text_at
from publisher.platforms.http.session import ClientCall
from publisher.platforms.x import read
from publisher.platforms.x.api import XCalls
from publisher.platforms.x.limits import words_of
from publisher.platforms.x.text import echoes


def upload(calls: XCalls, medium: Medium, deadline: Deadline) -> str:
    """Upload a picture with its alt text, and return its id; nobody sees it yet."""
    content = base64.b64encode(medium.content).decode()
    with calls.harmless(deadline) as call:
        category = "tweet_gif" if medium.mime == "image/gif" else "tweet_image"
        body: Json = {"media": content, "media_category": category}
        response = calls.ask("POST", "/2/media/upload", body=body)
        media_id = text_at(response, "data", "id")
        if not media_id:
            call.senseless("the answer names no medium")
        if medium.alt_text:
            about = {"alt_text": {"text": medium.alt_text}}
            calls.ask("POST", "/2/media/metadata", body={"id": media_id, "metadata": about})
    return media_id


def create(calls: XCalls, prepared: PreparedPost, deadline: Deadline) -> Receipt:
    """Create a post or reply; the response has to show the same text."""
    body: Json = {"text": words_of(prepared.outgoing)}
    if prepared.media_ids:
        body["media"] = {"media_ids": list(prepared.media_ids)}
    if prepared.outgoing.reply_to is not None:
        body["reply"] = {"in_reply_to_tweet_id": prepared.outgoing.reply_to}
    with calls.changing(deadline) as call:
        remote_post = at(calls.ask("POST", "/2/tweets", body=body), "data")
        _must_be_it(call, remote_post, prepared)
        number = text_at(remote_post, "id")
        return calls.receipt(number, calls.address(number), call)


def _must_be_it(call: ClientCall, post: object, prepared: PreparedPost) -> None:
    """Check the response.

    X's response names no account; the caller notices an id that was seen before.
    """
    if not text_at(post, "id").isdecimal():
        call.senseless("the answer names no post")
    echoed_text, outgoing = text_at(post, "text"), prepared.outgoing
    if echoed_text and not echoes(
        echoed_text,
        words_of(outgoing),
        is_reply=outgoing.reply_to is not None,
        has_pictures=bool(prepared.media_ids),
    ):
        call.senseless("the answer holds another text")


def delete(calls: XCalls, number: str, deadline: Deadline) -> Receipt:
    """Delete a post of ours.

    A post that is reported as gone is checked once more, and counts as done.
    """
    with calls.changing(deadline) as call:
        try:
            response = calls.ask("DELETE", f"/2/tweets/{number}")
        except Refused as refused:
            if refused.reason is not RefusalCode.TARGET_GONE:
                raise
            if read.read_one(calls, number, deadline) is not None:
                raise
        else:
            if at(response, "data", "deleted") is not True:
                call.senseless("the answer does not say that it is deleted")
        return calls.receipt(number, calls.address(number), call)


def hide(calls: XCalls, number: str, hidden: bool, deadline: Deadline) -> Receipt:
    """Hide or unhide a reply under a post of ours."""
    with calls.changing(deadline) as call:
        response = calls.ask("PUT", f"/2/tweets/{number}/hidden", body={"hidden": hidden})
        if at(response, "data", "hidden") is not hidden:
            call.senseless("the answer does not say that it is so")
        return calls.receipt(number, calls.address(number), call)
