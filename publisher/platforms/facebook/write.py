"""Write to Facebook: photos, posts in one step or two, comments, edits, deletions, hiding.

Facebook documents `is_published` as a parameter, but not that it publishes a staged post. So it is
tried on each page, and where it does not work, posts are published in one step.
"""

from __future__ import annotations

from collections.abc import Callable

from publisher.platforms.base.json_values import Json, moment_at, text_at
from publisher.platforms.base.protocol import (
    Deadline,
    OutcomeUnknown,
    PlatformError,
    RefusalCode,
    Refused,
)
from publisher.platforms.base.text import comparable
from publisher.platforms.base.types import Medium, PreparedPost, Receipt
from publisher.platforms.facebook.api import FacebookCalls, raise_wrong_account, require_success
from publisher.platforms.facebook.payloads import comment_form, post_form, sent_text
from publisher.platforms.http.connections import ClientCall

NODE_FIELDS = "id,permalink_url,created_time,message,from{id}"
STAGED_FIELDS = f"{NODE_FIELDS},is_published"


def upload(calls: FacebookCalls, medium: Medium, deadline: Deadline) -> str:
    """Upload a photo unpublished, and return its id."""
    with calls.preparing(deadline) as call:
        photo_id = text_at(calls.upload(medium), "id")
        if not photo_id:
            call.raise_senseless("the answer names no photo")
    return photo_id


def create(calls: FacebookCalls, prepared: PreparedPost, deadline: Deadline) -> Receipt:
    """Create a post or comment; the response has to show the same text."""
    outgoing = prepared.outgoing
    with calls.changing(deadline) as call:
        if outgoing.reply_to is not None:
            form = {**comment_form(prepared), "fields": NODE_FIELDS}
            node = calls.put(outgoing.reply_to, "comments", form)
        else:
            node = calls.put(calls.page_id, "feed", {**post_form(prepared), "fields": NODE_FIELDS})
            _check_page(calls, call, node)
        _check_echo(calls, call, node, prepared)
        made_at = moment_at(node, "created_time")
        return calls.receipt(text_at(node, "id"), calls.public_url(node), call, made_at)


def _check_page(calls: FacebookCalls, call: ClientCall, node: Json) -> None:
    # A post's id begins with the id of its page.
    page_id, bar, _ = text_at(node, "id").partition("_")
    if bar and page_id != calls.page_id:
        raise_wrong_account(call)


def _check_echo(calls: FacebookCalls, call: ClientCall, node: Json, prepared: PreparedPost) -> None:
    if not text_at(node, "id"):
        call.raise_senseless("the answer names nothing")
    if text_at(node, "from", "id") not in ("", calls.page_id):
        raise_wrong_account(call)
    shown_text = text_at(node, "message")
    if shown_text and comparable(shown_text) != comparable(sent_text(prepared.outgoing)):
        call.raise_senseless("the answer holds another text")


def stage(calls: FacebookCalls, prepared: PreparedPost, deadline: Deadline) -> str:
    """Create a post unpublished, and return its id.

    If Facebook published it at once, `release` would notice that by reading this id, so nothing can
    be created twice.
    """
    form = {**post_form(prepared), "published": "false", "fields": NODE_FIELDS}
    with calls.preparing(deadline) as call:
        node = calls.put(calls.page_id, "feed", form)
        _check_page(calls, call, node)
        _check_echo(calls, call, node, prepared)
        return text_at(node, "id")


def release(calls: FacebookCalls, node_id: str, deadline: Deadline) -> Receipt:
    """Publish a staged post, and read it back to prove it.

    Facebook may also refuse because the post is public already, so it is read after a refusal too.
    """
    try:
        with calls.changing(deadline) as call:
            require_success(call, calls.change(node_id, {"is_published": "true"}))
    except Refused as refused:
        if refused.reason is RefusalCode.TARGET_GONE:
            raise
        receipt = _read_back(calls, node_id, deadline, STAGED_FIELDS, _is_public)
        if receipt is None:
            raise
        return receipt
    return _require_shown(_read_back(calls, node_id, deadline, STAGED_FIELDS, _is_public))


def _is_public(node: Json) -> bool:
    return node.get("is_published") is True


def edit(calls: FacebookCalls, node_id: str, prepared: PreparedPost, deadline: Deadline) -> Receipt:
    """Change the text of a post or comment of the page, and read it back."""
    text = sent_text(prepared.outgoing)
    with calls.changing(deadline) as call:
        require_success(call, calls.change(node_id, {"message": text}))
    return _require_shown(
        _read_back(
            calls,
            node_id,
            deadline,
            NODE_FIELDS,
            lambda node: comparable(text_at(node, "message")) == comparable(text),
        )
    )


def _read_back(
    calls: FacebookCalls,
    node_id: str,
    deadline: Deadline,
    fields: str,
    is_done: Callable[[Json], bool],
) -> Receipt | None:
    """Read the node; return a receipt if `is_done` is true for it, else None.

    Raises OutcomeUnknown if it cannot be read, and Refused if it does not exist.
    """
    try:
        with calls.preparing(deadline) as call:
            node = calls.get(node_id, fields=fields)
    except Refused as refused:
        if refused.reason is RefusalCode.TARGET_GONE:
            raise
        raise OutcomeUnknown(refused.detail) from None
    except PlatformError as problem:
        raise OutcomeUnknown(problem.detail) from None
    made_at = moment_at(node, "created_time")
    receipt = Receipt(node_id, calls.public_url(node), made_at or calls.now(), call.answer)
    return receipt if is_done(node) else None


def _require_shown(receipt: Receipt | None) -> Receipt:
    if receipt is None:
        raise OutcomeUnknown("it is said to be done, and is not to be seen")
    return receipt


def delete(calls: FacebookCalls, node_id: str, deadline: Deadline) -> Receipt:
    """Delete a post or comment of the page; if it is gone already, this succeeds."""
    with calls.changing(deadline) as call:
        try:
            require_success(call, calls.remove(node_id))
        except Refused as refused:
            if refused.reason is not RefusalCode.TARGET_GONE:
                raise
        return calls.receipt(node_id, calls.public_url({"id": node_id}), call)


def hide(calls: FacebookCalls, node_id: str, hidden: bool, deadline: Deadline) -> Receipt:
    """Hide or unhide a comment under a post of the page."""
    with calls.changing(deadline) as call:
        require_success(call, calls.change(node_id, {"is_hidden": "true" if hidden else "false"}))
        return calls.receipt(node_id, calls.public_url({"id": node_id}), call)
