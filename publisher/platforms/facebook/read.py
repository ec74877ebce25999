"""Read from Facebook: posts and comments by id, the page's own posts, and comments under a post."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from publisher.platforms.account import MOST_PAGES, OVERLAP
from publisher.platforms.base.cursor import CursorPosition
from publisher.platforms.base.json_values import Json, moment_at, rows_at, text_at
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    PostOrError,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.text import comparable, for_storage
from publisher.platforms.base.types import CommentPage, Match, Outgoing, RemoteComment, RemotePost
from publisher.platforms.facebook.api import FacebookCalls, read_error
from publisher.platforms.facebook.payloads import photo_count, sent_text
from publisher.platforms.http.connections import ClientCall
from publisher.platforms.http.responses import PlatformResponse, by_code, error_for

POST_FIELDS = "id,message,created_time,permalink_url,attachments{media_type,subattachments}"
SEEN_FIELDS = f"{POST_FIELDS},from{{id}},is_published"
COMMENT_FIELDS = "id,message,from,created_time,parent{id},permalink_url,is_hidden,attachment"


def read_one(calls: FacebookCalls, node_id: str) -> RemotePost | None:
    """Return a post or comment by its id; None if Facebook reports that it does not exist."""
    try:
        with calls.reading() as call:
            node = calls.get(node_id, fields=_fields(calls, node_id))
            if not text_at(node, "id"):
                call.raise_senseless("the answer names nothing")
    except Refused as refused:
        if refused.reason is RefusalCode.TARGET_GONE:
            return None
        raise
    return _remote_post(calls, node_id, node)


def _fields(calls: FacebookCalls, node_id: str) -> str:
    return SEEN_FIELDS if calls.is_post(node_id) else COMMENT_FIELDS


def _remote_post(calls: FacebookCalls, node_id: str, node: Json) -> RemotePost:
    return RemotePost(
        platform_id=text_at(node, "id"),
        url=calls.public_url(node),
        text=text_at(node, "message"),
        parent_id=None if calls.is_post(node_id) else _parent_id(calls, node),
        media=photo_count(node),
        published_at=moment_at(node, "created_time") or calls.now(),
        by_ourselves=text_at(node, "from", "id") == calls.page_id,
        is_public=node.get("is_published") is not False,
        is_hidden=node.get("is_hidden") is True,
    )


def read_many(calls: FacebookCalls, node_ids: Sequence[str]) -> dict[str, PostOrError]:
    """Return posts and comments by their ids, in one request."""
    fields_by_id = {node_id: _fields(calls, node_id) for node_id in node_ids}
    if not fields_by_id:
        return {}
    with calls.reading_many(is_list=True) as call:
        parts = calls.get_each(call, fields_by_id)
        return {
            node_id: _read_part(calls, call, node_id, part)
            for node_id, part in zip(fields_by_id, parts, strict=True)
        }


def _read_part(
    calls: FacebookCalls, call: ClientCall, node_id: str, part: PlatformResponse | None
) -> PostOrError:
    """Return the post of one part of a batch, or its error.

    Raises CredentialsExpired, which concerns all parts.
    """
    if part is None:
        return TryLater(None, "no answer came for this one")
    fault = by_code(part)
    if part.code < 500:
        fault = read_error(part) or fault
    detail = for_storage(f"HTTP {part.code}: {call.mask(part.body)}")
    if fault is None:
        node = part.json() or {}
        is_node = text_at(node, "id")
        return _remote_post(calls, node_id, node) if is_node else TryLater(None, detail)
    problem = error_for(fault, detail, creating=False)
    if isinstance(problem, CredentialsExpired):
        raise problem
    if isinstance(problem, Refused):
        return None if problem.reason is RefusalCode.TARGET_GONE else problem
    return problem if isinstance(problem, TryLater) else TryLater(None, detail)


def _parent_id(calls: FacebookCalls, comment: Json) -> str:
    # A comment's id is "<post>_<comment>", a post's is "<page>_<post>".
    post_number = text_at(comment, "id").partition("_")[0]
    return text_at(comment, "parent", "id") or f"{calls.page_id}_{post_number}"


def find(calls: FacebookCalls, outgoing: Outgoing, oldest: datetime) -> Match | None:
    """Search newest first for a post not older than `oldest`.

    A reply is searched among the comments under the post that it replies to.
    """
    with calls.reading() as call:
        for node in _own_nodes(calls, call, outgoing):
            made_at = moment_at(node, "created_time")
            if made_at is not None and made_at < oldest:
                return None
            if made_at is not None and _matches(calls, node, outgoing):
                return calls.match(text_at(node, "id"), calls.public_url(node), made_at, node)
    return None


def _own_nodes(calls: FacebookCalls, call: ClientCall, outgoing: Outgoing) -> Iterator[Json]:
    if outgoing.reply_to is None:
        edge, args = f"{calls.page_id}/published_posts", {"fields": POST_FIELDS}
    else:
        edge = f"{outgoing.reply_to}/comments"
        args = {"fields": COMMENT_FIELDS, "filter": "stream", "order": "reverse_chronological"}
    for _ in range(MOST_PAGES):
        page = _get_list(calls, call, edge, {**args, "limit": "100"})
        yield from rows_at(page, "data")
        next_cursor = _next_cursor(page)
        if not next_cursor:
            return
        args = {**args, "after": next_cursor}


def _get_list(calls: FacebookCalls, call: ClientCall, edge: str, args: dict[str, str]) -> Json:
    page = calls.get(edge, **args)
    if "data" not in page:
        call.raise_senseless("the answer is no list")
    return page


def _matches(calls: FacebookCalls, node: Json, outgoing: Outgoing) -> bool:
    if outgoing.reply_to is not None and text_at(node, "from", "id") != calls.page_id:
        return False
    is_same = comparable(text_at(node, "message")) == comparable(sent_text(outgoing))
    return is_same and photo_count(node) == len(outgoing.media)


def comments(calls: FacebookCalls, post_id: str, position: CursorPosition) -> CommentPage:
    """Return a page of all comments under a post, including nested ones."""
    args = {
        "fields": COMMENT_FIELDS,
        "filter": "stream",
        "order": "chronological",
        "limit": "100",
    }
    if position.since.isdecimal():
        args["since"] = str(max(0, int(position.since) - int(OVERLAP.total_seconds())))
    if position.token:
        args["after"] = position.token
    with calls.reading() as call:
        page = _get_list(calls, call, f"{post_id}/comments", args)
    return _comment_page(calls, page, post_id, position)


def _comment_page(
    calls: FacebookCalls, page: Json, post_id: str, position: CursorPosition
) -> CommentPage:
    rows = [row for row in rows_at(page, "data") if text_at(row, "id")]
    remote_comments = tuple(_remote_comment(calls, row, post_id) for row in rows)
    seconds = [int(remote_comment.written_at.timestamp()) for remote_comment in remote_comments]
    newest = max([int(position.newest or 0), *seconds])
    next_position = position.after(str(newest) if newest else "", _next_cursor(page))
    return CommentPage(remote_comments, next_position.encode(), bool(next_position.token))


def _remote_comment(calls: FacebookCalls, row: Json, post_id: str) -> RemoteComment:
    author_id = text_at(row, "from", "id")
    return RemoteComment(
        platform_id=text_at(row, "id"),
        parent_id=text_at(row, "parent", "id") or post_id,
        root_id=post_id,
        author_id=author_id,
        author_name=text_at(row, "from", "name"),
        author_handle=None,
        text=text_at(row, "message"),
        written_at=moment_at(row, "created_time") or calls.now(),
        url=calls.public_url(row),
        by_ourselves=author_id == calls.page_id,
        hidden=row.get("is_hidden") is True,
    )


def _next_cursor(page: Json) -> str:
    """Return the cursor of the next page; empty on the last page."""
    has_next = text_at(page, "paging", "next") != ""
    return text_at(page, "paging", "cursors", "after") if has_next else ""
