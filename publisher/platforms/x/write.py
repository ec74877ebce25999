"""What changes something on X: pictures, posts, answers, deletions and hiding."""

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
    """Upload a picture and describe it; its id. Nobody sees it before a post carries it."""
    content = base64.b64encode(medium.content).decode()
    with calls.harmless(deadline) as call:
        category = "tweet_gif" if medium.mime == "image/gif" else "tweet_image"
        body: Json = {"media": content, "media_category": category}
        made = calls.ask("POST", "/2/media/upload", body=body)
        media_id = text_at(made, "data", "id")
        if not media_id:
            call.senseless("the answer names no medium")
        if medium.alt_text:
            about = {"alt_text": {"text": medium.alt_text}}
            calls.ask("POST", "/2/media/metadata", body={"id": media_id, "metadata": about})
    return media_id


def create(calls: XCalls, prepared: PreparedPost, deadline: Deadline) -> Receipt:
    """Create a post, or the reply where it answers something; the answer has to say the same."""
    body: Json = {"text": words_of(prepared.outgoing)}
    if prepared.media_ids:
        body["media"] = {"media_ids": list(prepared.media_ids)}
    if prepared.outgoing.reply_to is not None:
        body["reply"] = {"in_reply_to_tweet_id": prepared.outgoing.reply_to}
    with calls.changing(deadline) as call:
        made = at(calls.ask("POST", "/2/tweets", body=body), "data")
        _must_be_it(call, made, prepared)
        number = text_at(made, "id")
        return calls.receipt(number, calls.address(number), call)


def _must_be_it(call: ClientCall, made: object, prepared: PreparedPost) -> None:
    """X's answer tells no account; an id that was seen before is for the caller to notice."""
    if not text_at(made, "id").isdecimal():
        call.senseless("the answer names no post")
    given, outgoing = text_at(made, "text"), prepared.outgoing
    if given and not echoes(
        given,
        words_of(outgoing),
        is_reply=outgoing.reply_to is not None,
        has_pictures=bool(prepared.media_ids),
    ):
        call.senseless("the answer holds another text")


def delete(calls: XCalls, number: str, deadline: Deadline) -> Receipt:
    """Delete a post of ours. What is said to be gone is looked for once more: gone is done."""
    with calls.changing(deadline) as call:
        try:
            done = calls.ask("DELETE", f"/2/tweets/{number}")
        except Refused as refused:
            if refused.reason is not RefusalCode.TARGET_GONE:
                raise
            if read.one(calls, number, deadline) is not None:
                raise
        else:
            if at(done, "data", "deleted") is not True:
                call.senseless("the answer does not say that it is deleted")
        return calls.receipt(number, calls.address(number), call)


def hide(calls: XCalls, number: str, hidden: bool, deadline: Deadline) -> Receipt:
    """Hide a reply under a post of ours, or show it again."""
    with calls.changing(deadline) as call:
        done = calls.ask("PUT", f"/2/tweets/{number}/hidden", body={"hidden": hidden})
        if at(done, "data", "hidden") is not hidden:
            call.senseless("the answer does not say that it is so")
        return calls.receipt(number, calls.address(number), call)
