"""Write to Facebook: photos, posts in one step or two, comments, edits, deletions, hiding.

Publishing a staged post by `is_published` rests on the API's list of parameters; whether a page
supports it is tried on that page, and otherwise one step is used.
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
    """Upload a photo unpublished, and return its id."""
    with calls.harmless(deadline) as call:
        number = text_at(calls.upload(medium), "id")
        if not number:
            call.senseless("the answer names no photo")
    return number


def create(calls: FacebookCalls, prepared: PreparedPost, deadline: Deadline) -> Receipt:
    """Create a post or comment; the response has to show the same text."""
    outgoing = prepared.outgoing
    with calls.changing(deadline) as call:
        if outgoing.reply_to is not None:
            form = {**comment_form(prepared), "fields": MADE}
            node = calls.put(outgoing.reply_to, "comments", form)
        else:
            node = calls.put(calls.page_id, "feed", {**post_form(prepared), "fields": MADE})
            _must_be_on_our_page(calls, call, node)
        _must_be_it(calls, call, node, prepared)
        made_at = moment_at(node, "created_time")
        return calls.receipt(text_at(node, "id"), calls.address(node), call, made_at)


def _must_be_on_our_page(calls: FacebookCalls, call: ClientCall, node: Json) -> None:
    # Facebook: a post's id begins with the page's number.
    page_id, bar, _ = text_at(node, "id").partition("_")
    if bar and page_id != calls.page_id:
        of_another(call)


def _must_be_it(calls: FacebookCalls, call: ClientCall, node: Json, prepared: PreparedPost) -> None:
    if not text_at(node, "id"):
        call.senseless("the answer names nothing")
    if text_at(node, "from", "id") not in ("", calls.page_id):
        of_another(call)
    shown_text = text_at(node, "message")
    if shown_text and plain(shown_text) != plain(words_of(prepared.outgoing)):
        call.senseless("the answer holds another text")


def stage(calls: FacebookCalls, prepared: PreparedPost, deadline: Deadline) -> str:
    """Create a post unpublished, and return its id.

    If a page publishes it all the same, the release notices that by this very id, so that nothing
    is created twice.
    """
    form = {**post_form(prepared), "published": "false", "fields": MADE}
    with calls.harmless(deadline) as call:
        node = calls.put(calls.page_id, "feed", form)
        _must_be_on_our_page(calls, call, node)
        _must_be_it(calls, call, node, prepared)
        return text_at(node, "id")


def release(calls: FacebookCalls, key: str, deadline: Deadline) -> Receipt:
    """Publish a staged post, and read it back.

    A refusal may mean that it was published before: only reading it tells.
    """
    try:
        with calls.changing(deadline) as call:
            must_succeed(call, calls.change(key, {"is_published": "true"}))
    except Refused as refused:
        if refused.reason is RefusalCode.TARGET_GONE:
            raise
        receipt = _read_back(calls, key, deadline, IN_FEED, _is_public)
        if receipt is None:
            raise
        return receipt
    return _shown(_read_back(calls, key, deadline, IN_FEED, _is_public))


def _is_public(node: Json) -> bool:
    return node.get("is_published") is True


def edit(calls: FacebookCalls, key: str, prepared: PreparedPost, deadline: Deadline) -> Receipt:
    """Change the text of a post or comment of the page, and read it back."""
    text = words_of(prepared.outgoing)
    with calls.changing(deadline) as call:
        must_succeed(call, calls.change(key, {"message": text}))
    return _shown(
        _read_back(
            calls,
            key,
            deadline,
            MADE,
            lambda node: plain(text_at(node, "message")) == plain(text),
        )
    )


def _read_back(
    calls: FacebookCalls,
    key: str,
    deadline: Deadline,
    fields: str,
    is_so: Callable[[Json], bool],
) -> Receipt | None:
    """Return the receipt if the change is visible, else None.

    Raises OutcomeUnknown if unreadable.
    """
    try:
        with calls.harmless(deadline) as call:
            node = calls.get(key, fields=fields)
    except Refused as refused:
        if refused.reason is RefusalCode.TARGET_GONE:
            raise
        raise OutcomeUnknown(refused.detail) from None
    except PlatformError as problem:
        raise OutcomeUnknown(problem.detail) from None
    made_at = moment_at(node, "created_time")
    receipt = Receipt(key, calls.address(node), made_at or calls.now(), call.answer)
    return receipt if is_so(node) else None


def _shown(receipt: Receipt | None) -> Receipt:
    if receipt is None:
        raise OutcomeUnknown("it is said to be done, and is not to be seen")
    return receipt


def delete(calls: FacebookCalls, key: str, deadline: Deadline) -> Receipt:
    """Delete a post or comment of the page; if it is gone already, this succeeds."""
    with calls.changing(deadline) as call:
        try:
            must_succeed(call, calls.remove(key))
        except Refused as refused:
            if refused.reason is not RefusalCode.TARGET_GONE:
                raise
        return calls.receipt(key, calls.address({"id": key}), call)


def hide(calls: FacebookCalls, key: str, hidden: bool, deadline: Deadline) -> Receipt:
    """Hide or unhide a comment under a post of the page."""
    with calls.changing(deadline) as call:
        must_succeed(call, calls.change(key, {"is_hidden": "true" if hidden else "false"}))
        return calls.receipt(key, calls.address({"id": key}), call)
