"""Read from Facebook: posts and comments by id, the page's own posts, and comments under a post."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from publisher.platforms.base.protocol import (
    CredentialsExpired,
    OneSeen,
    RefusalCode,
    Refused,
    TryLater,
)
from publisher.platforms.base.text import plain, shortened
from publisher.platforms.base.types import CommentPage, Match, Outgoing, RemoteComment, RemotePost
from publisher.platforms.facebook.api import FacebookCalls, read_error
from publisher.platforms.facebook.payloads import photo_count, words_of
from publisher.platforms.http.client import (
    MOST_PAGES,
    OVERLAP,
    CursorPosition,
    Json,
    moment_at,
    rows_at,
    text_at,
)
from publisher.platforms.http.responses import PlatformResponse, by_code, error_for
from publisher.platforms.http.session import ClientCall

POST_FIELDS = "id,message,created_time,permalink_url,attachments{media_type,subattachments}"
SEEN_FIELDS = f"{POST_FIELDS},from{{id}},is_published"
COMMENT_FIELDS = "id,message,from,created_time,parent{id},permalink_url,is_hidden,attachment"


def read_one(calls: FacebookCalls, key: str) -> RemotePost | None:
    """Return a post or comment by its id; None if Facebook reports that it does not exist."""
    try:
        with calls.reading() as call:
            node = calls.get(key, fields=_fields(calls, key))
            if not text_at(node, "id"):
                call.senseless("the answer names nothing")
    except Refused as refused:
        if refused.reason is RefusalCode.TARGET_GONE:
            return None
        raise
    return _seen(calls, key, node)


def _fields(calls: FacebookCalls, key: str) -> str:
    return SEEN_FIELDS if calls.is_post(key) else COMMENT_FIELDS


def _seen(calls: FacebookCalls, key: str, node: Json) -> RemotePost:
    return RemotePost(
        platform_id=text_at(node, "id"),
        url=calls.address(node),
        text=text_at(node, "message"),
        parent_id=None if calls.is_post(key) else _parent_id(calls, node),
        media=photo_count(node),
        published_at=moment_at(node, "created_time") or calls.now(),
        by_ourselves=text_at(node, "from", "id") == calls.page_id,
        is_public=node.get("is_published") is not False,
        is_hidden=node.get("is_hidden") is True,
    )


def read_many(calls: FacebookCalls, keys: Sequence[str]) -> dict[str, OneSeen]:
    """Return posts and comments by their ids, with a result for each."""
    fields_by_id = {key: _fields(calls, key) for key in keys}
    if not fields_by_id:
        return {}
    with calls.reading_many(is_list=True) as call:
        parts = calls.get_each(call, fields_by_id)
        return {
            key: _one_of_many(calls, call, key, part)
            for key, part in zip(fields_by_id, parts, strict=True)
        }


def _one_of_many(
    calls: FacebookCalls, call: ClientCall, key: str, part: PlatformResponse | None
) -> OneSeen:
    """Return a batch's result for one id; raises if the error concerns the whole page."""
    if part is None:
        return TryLater(None, "no answer came for this one")
    finding = by_code(part)
    if part.code < 500:
        finding = read_error(part) or finding
    detail = shortened(f"HTTP {part.code}: {call.mask(part.body)}")
    if finding is None:
        node = part.json() or {}
        named = text_at(node, "id")
        return _seen(calls, key, node) if named else TryLater(None, detail)
    problem = error_for(finding, detail, creating=False)
    if isinstance(problem, CredentialsExpired):
        raise problem
    if isinstance(problem, Refused):
        return None if problem.reason is RefusalCode.TARGET_GONE else problem
    return problem if isinstance(problem, TryLater) else TryLater(None, detail)


def _parent_id(calls: FacebookCalls, comment: Json) -> str:
    # Facebook: a comment's id begins with its post's number, which alone lacks the page's.
    number = text_at(comment, "id").partition("_")[0]
    return text_at(comment, "parent", "id") or f"{calls.page_id}_{number}"


def find(calls: FacebookCalls, outgoing: Outgoing, oldest: datetime) -> Match | None:
    """Search the page's posts, or the comments under what is replied to, newest first."""
    with calls.reading() as call:
        for node in _own(calls, call, outgoing):
            made_at = moment_at(node, "created_time")
            if made_at is not None and made_at < oldest:
                return None
            if made_at is not None and _is_it(calls, node, outgoing):
                return calls.sighting(text_at(node, "id"), calls.address(node), made_at, node)
    return None


def _own(calls: FacebookCalls, call: ClientCall, outgoing: Outgoing) -> Iterator[Json]:
    if outgoing.reply_to is None:
        edge, args = f"{calls.page_id}/published_posts", {"fields": POST_FIELDS}
    else:
        edge = f"{outgoing.reply_to}/comments"
        args = {"fields": COMMENT_FIELDS, "filter": "stream", "order": "reverse_chronological"}
    for _ in range(MOST_PAGES):
        page = _listed(calls, call, edge, {**args, "limit": "100"})
        yield from rows_at(page, "data")
        next_cursor = _after(page)
        if not next_cursor:
            return
        args = {**args, "after": next_cursor}


def _listed(calls: FacebookCalls, call: ClientCall, edge: str, args: dict[str, str]) -> Json:
    page = calls.get(edge, **args)
    if "data" not in page:
        call.senseless("the answer is no list")
    return page


def _is_it(calls: FacebookCalls, node: Json, outgoing: Outgoing) -> bool:
    if outgoing.reply_to is not None and text_at(node, "from", "id") != calls.page_id:
        return False
    is_same = plain(text_at(node, "message")) == plain(words_of(outgoing))
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
        page = _listed(calls, call, f"{post_id}/comments", args)
    return _page(calls, page, post_id, position)


def _page(calls: FacebookCalls, page: Json, post_id: str, position: CursorPosition) -> CommentPage:
    rows = [row for row in rows_at(page, "data") if text_at(row, "id")]
    remote_comments = tuple(_remote_comment(calls, row, post_id) for row in rows)
    seconds = [int(remote_comment.written_at.timestamp()) for remote_comment in remote_comments]
    newest = max([int(position.newest or 0), *seconds])
    following = position.after(str(newest) if newest else "", _after(page))
    return CommentPage(remote_comments, following.written(), bool(following.token))


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
        url=calls.address(row),
        by_ourselves=author_id == calls.page_id,
        hidden=row.get("is_hidden") is True,
    )


def _after(page: Json) -> str:
    """Return the cursor of the next page; empty on the last page."""
    has_next = text_at(page, "paging", "next") != ""
    return text_at(page, "paging", "cursors", "after") if has_next else ""
