"""What changes something on Facebook: photos, posts in one step or two, comments, edits, deletions.

That a post made unpublished is published by `is_published` rests on the interface's list of
parameters; whether a page does so is tried there, and else one step is used.
"""

from __future__ import annotations

from collections.abc import Callable

from publisher.platforms.base.protocol import (
    Deadline,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
)
from publisher.platforms.base.text import plain
from publisher.platforms.base.types import Medium, PreparedPost, Receipt
from publisher.platforms.facebook.api import FacebookCalls, must_succeed, of_another
from publisher.platforms.facebook.payloads import comment_form, post_form, words_of
from publisher.platforms.http.client import Json, moment_at, text_at
from publisher.platforms.http.session import ClientCall

MADE = "id,permalink_url,created_time,message,from{id}"
IN_FEED = f"{MADE},is_published"


def upload(calls: FacebookCalls, medium: Medium, deadline: Deadline) -> str:
    """Upload a photo unpublished; its id."""
    with calls.harmless(deadline) as call:
        number = text_at(calls.upload(medium), "id")
        if not number:
            call.senseless("the answer names no photo")
    return number


def create(calls: FacebookCalls, prepared: PreparedPost, deadline: Deadline) -> Receipt:
    """Create a post, or a comment where it answers something; the answer has to say the same."""
    outgoing = prepared.outgoing
    with calls.changing(deadline) as call:
        if outgoing.reply_to is not None:
            form = {**comment_form(prepared), "fields": MADE}
            made = calls.put(outgoing.reply_to, "comments", form)
        else:
            made = calls.put(calls.page_id, "feed", {**post_form(prepared), "fields": MADE})
            _must_be_on_our_page(calls, call, made)
        _must_be_it(calls, call, made, prepared)
        made_at = moment_at(made, "created_time")
        return calls.receipt(text_at(made, "id"), calls.address(made), call, made_at)


def _must_be_on_our_page(calls: FacebookCalls, call: ClientCall, made: Json) -> None:
    """Facebook: a post's id holds the page's number in front."""
    page_id, bar, _ = text_at(made, "id").partition("_")
    if bar and page_id != calls.page_id:
        of_another(call)


def _must_be_it(calls: FacebookCalls, call: ClientCall, made: Json, prepared: PreparedPost) -> None:
    if not text_at(made, "id"):
        call.senseless("the answer names nothing")
    if text_at(made, "from", "id") not in ("", calls.page_id):
        of_another(call)
    given = text_at(made, "message")
    if given and plain(given) != plain(words_of(prepared.outgoing)):
        call.senseless("the answer holds another text")


def stage(calls: FacebookCalls, prepared: PreparedPost, deadline: Deadline) -> str:
    """Make a post unpublished; its id.

    A page that publishes it all the same is found out when it is released: by this one id, so
    that nothing is made twice.
    """
    form = {**post_form(prepared), "published": "false", "fields": MADE}
    with calls.harmless(deadline) as call:
        made = calls.put(calls.page_id, "feed", form)
        _must_be_on_our_page(calls, call, made)
        _must_be_it(calls, call, made, prepared)
        return text_at(made, "id")


def release(calls: FacebookCalls, key: str, deadline: Deadline) -> Receipt:
    """Publish what was made unpublished, and read it back.

    What refuses may have been published before: only reading tells.
    """
    try:
        with calls.changing(deadline) as call:
            must_succeed(call, calls.change(key, {"is_published": "true"}))
    except Refused as refused:
        if refused.reason is RefusalCode.TARGET_GONE:
            raise
        found = _read_back(calls, key, deadline, IN_FEED, _is_public)
        if found is None:
            raise
        return found
    return _shown(_read_back(calls, key, deadline, IN_FEED, _is_public))


def _is_public(found: Json) -> bool:
    return found.get("is_published") is True


def edit(calls: FacebookCalls, key: str, prepared: PreparedPost, deadline: Deadline) -> Receipt:
    """Give a post or comment of the page another text, and read it back."""
    words = words_of(prepared.outgoing)
    with calls.changing(deadline) as call:
        must_succeed(call, calls.change(key, {"message": words}))
    return _shown(
        _read_back(
            calls,
            key,
            deadline,
            MADE,
            lambda found: plain(text_at(found, "message")) == plain(words),
        )
    )


def _read_back(
    calls: FacebookCalls,
    key: str,
    deadline: Deadline,
    fields: str,
    is_so: Callable[[Json], bool],
) -> Receipt | None:
    """What a change has come to, None if it is not so. What cannot be read is unknown."""
    try:
        with calls.harmless(deadline) as call:
            found = calls.get(key, fields=fields)
    except Refused as refused:
        if refused.reason is RefusalCode.TARGET_GONE:
            raise
        raise OutcomeUnknown(refused.detail) from None
    except PlatformError as problem:
        raise OutcomeUnknown(problem.detail) from None
    made_at = moment_at(found, "created_time")
    receipt = Receipt(key, calls.address(found), made_at or calls.now(), call.answer)
    return receipt if is_so(found) else None


def _shown(receipt: Receipt | None) -> Receipt:
    if receipt is None:
        raise OutcomeUnknown("it is said to be done, and is not to be seen")
    return receipt


def delete(calls: FacebookCalls, key: str, deadline: Deadline) -> Receipt:
    """Delete a post or comment of the page; what is gone already counts as done."""
    with calls.changing(deadline) as call:
        try:
            must_succeed(call, calls.remove(key))
        except Refused as refused:
            if refused.reason is not RefusalCode.TARGET_GONE:
                raise
        return calls.receipt(key, calls.address({"id": key}), call)


def hide(calls: FacebookCalls, key: str, hidden: bool, deadline: Deadline) -> Receipt:
    """Hide a comment under a post of the page, or show it again."""
    with calls.changing(deadline) as call:
        must_succeed(call, calls.change(key, {"is_hidden": "true" if hidden else "false"}))
        return calls.receipt(key, calls.address({"id": key}), call)
