"""Read from X: posts by id, the account's own posts, mentions and replies.

X calls a post "tweet" in some names of its API and "post" in others; both are understood. Ids are
decimal numbers, sent and received as text. A variable `post` is the JSON of a post.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from publisher.platforms.account import MOST_PAGES, OVERLAP
from publisher.platforms.base.cursor import CursorPosition
from publisher.platforms.base.json_values import Json, at, moment_at, rows_at, text_at
from publisher.platforms.base.protocol import Deadline, PostOrError, RefusalCode, Refused, TryLater
from publisher.platforms.base.text import for_storage
from publisher.platforms.base.types import (
    CommentPage,
    CommentSource,
    Match,
    Outgoing,
    RemoteComment,
    RemotePost,
)
from publisher.platforms.http.connections import ClientCall
from publisher.platforms.x.api import XCalls
from publisher.platforms.x.limits import sent_text
from publisher.platforms.x.text import (
    has_text,
    media_count,
    newest_version,
    own_text,
    readable_text,
    reply_target,
)

# The lowest 22 bits of an id tell posts of one millisecond apart; the bits above are the time.
IDS_PER_MILLISECOND = 1 << 22
NOT_FOUND_TYPE = "/resource-not-found"
_POST_ID = re.compile(r"[0-9]{1,19}")

JsonOrError = Json | Refused | TryLater | None
"""The JSON of a post, or why it could not be read; None if X reports that it does not exist."""


def read_one(calls: XCalls, post_id: str, deadline: Deadline | None = None) -> RemotePost | None:
    """Return a post by its id, in its newest version; None if X reports that it does not exist."""
    with calls.reading(deadline) as call:
        post = _get_post(calls, call, post_id)
        if post is None:
            return None
        newest_id = newest_version(post)
        if newest_id != post_id:
            post = _get_post(calls, call, newest_id) or post
    return _remote_post(calls, post)


def _get_post(calls: XCalls, call: ClientCall, post_id: str) -> Json | None:
    # For a missing post, X responds with status 200 and an error object. A 404 proves its absence
    # only if it carries such an object.
    try:
        answer = calls.get_post(post_id)
    except Refused as refused:
        if refused.reason is RefusalCode.TARGET_GONE and _is_not_found(call.answers[-1].json()):
            return None
        raise
    post = at(answer, "data")
    if isinstance(post, dict) and text_at(post, "id"):
        return post
    errors = rows_at(answer, "errors")
    if any(_is_not_found(error) for error in errors):
        return None
    if not errors:
        call.raise_senseless("the answer names no post")
    # The post exists, but is not visible to this account.
    raise Refused(RefusalCode.PERMISSION, call.answer)


def read_many(calls: XCalls, post_ids: Sequence[str]) -> dict[str, PostOrError]:
    """Return up to a hundred posts by their ids, each in its newest version.

    An edit gives a post a new id. So the posts are read first, and the newest versions of those
    that were edited in a second request.
    """
    valid_ids = [post_id for post_id in post_ids if _POST_ID.fullmatch(post_id)]
    # X would refuse the whole request because of one id that is no number.
    not_an_id = Refused(RefusalCode.INVALID, "this is no number of a post")
    reads: dict[str, JsonOrError] = dict.fromkeys(post_ids, not_an_id)
    with calls.reading_many() as call:
        reads |= _get_posts(calls, call, valid_ids)
        newer_ids = {
            post_id: newest_id
            for post_id, read in reads.items()
            if isinstance(read, dict) and (newest_id := newest_version(read)) != post_id
        }
        newest_posts = _get_newest_posts(calls, call, list(dict.fromkeys(newer_ids.values())))
    for post_id, newest_id in newer_ids.items():
        # If the newest version is refused or missing, the version that was read is returned.
        if isinstance(newest_posts[newest_id], dict | TryLater):
            reads[post_id] = newest_posts[newest_id]
    return {
        post_id: _remote_post(calls, read) if isinstance(read, dict) else read
        for post_id, read in reads.items()
    }


def _get_newest_posts(
    calls: XCalls, call: ClientCall, post_ids: Sequence[str]
) -> dict[str, JsonOrError]:
    """Return the newest versions. If the request fails, return `TryLater` for each.

    The error must not concern the posts that were never edited, which have been read already.
    """
    try:
        return _get_posts(calls, call, post_ids)
    except (TryLater, Refused) as problem:
        until = problem.at if isinstance(problem, TryLater) else None
        return dict.fromkeys(post_ids, TryLater(until, problem.detail))


def _get_posts(calls: XCalls, call: ClientCall, post_ids: Sequence[str]) -> dict[str, JsonOrError]:
    # The response has status 200 even if posts are missing or not visible to this account; the
    # error objects beside the posts name their ids.
    if not post_ids:
        return {}
    answer = calls.get_posts(post_ids)
    posts = {text_at(row, "id"): row for row in rows_at(answer, "data")}
    errors = {_id_in_error(row): row for row in rows_at(answer, "errors")}
    if not posts and not errors:
        call.raise_senseless("the answer names no post")
    return {number: posts.get(number) or _error_of(call, errors.get(number)) for number in post_ids}


def _id_in_error(error: Json) -> str:
    return text_at(error, "resource_id") or text_at(error, "value")


def _error_of(call: ClientCall, error: Json | None) -> Refused | None:
    """Return why a post was not read; None if X reports that it does not exist.

    A post that the response does not mention at all (no `error`) does not count as gone.
    """
    if error is None:
        return Refused(RefusalCode.UNKNOWN, "the answer does not name this post")
    if _is_not_found(error):
        return None
    return Refused(RefusalCode.PERMISSION, for_storage(call.mask(str(error))))


def _is_not_found(error: object) -> bool:
    return text_at(error, "type").endswith(NOT_FOUND_TYPE)


def _remote_post(calls: XCalls, post: Json) -> RemotePost:
    post_id = text_at(post, "id")
    return RemotePost(
        platform_id=post_id,
        url=calls.post_url(post_id),
        text=own_text(post),
        parent_id=reply_target(post),
        media=media_count(post),
        published_at=moment_at(post, "created_at") or calls.now(),
        by_ourselves=text_at(post, "author_id") == calls.user_id,
    )


def find(calls: XCalls, outgoing: Outgoing, oldest: datetime) -> Match | None:
    """Search the account's own timeline, newest first, for a post not older than `oldest`."""
    with calls.reading() as call:
        for post in _own_posts(calls, call, oldest):
            made_at = moment_at(post, "created_at")
            if made_at and made_at >= oldest and _matches(post, outgoing):
                post_id = text_at(post, "id")
                return calls.match(post_id, calls.post_url(post_id), made_at, post)
    return None


def _matches(post: Json, outgoing: Outgoing) -> bool:
    return (
        reply_target(post) == outgoing.reply_to
        and media_count(post) == len(outgoing.media)
        and has_text(post, sent_text(outgoing))
    )


def _own_posts(calls: XCalls, call: ClientCall, oldest: datetime) -> Iterator[Json]:
    token = None
    for _ in range(MOST_PAGES):
        page = _checked_list(call, calls.get_own_posts(oldest, token))
        yield from rows_at(page, "data")
        token = text_at(page, "meta", "next_token")
        if not token:
            return


def _checked_list(call: ClientCall, page: Json) -> Json:
    if "data" not in page and "meta" not in page:
        call.raise_senseless("the answer is no list")
    return page


def comments(calls: XCalls, source: CommentSource, position: CursorPosition) -> CommentPage:
    """Return a page of mentions of the account, or of all replies under a post.

    X's search finds replies of the last seven days only.
    """
    # X lists some posts late, so the last minutes are read again.
    since_id = _id_before(position.since) if position.since else None
    token = position.token or None
    with calls.reading() as call:
        if source.post_id is None:
            page = calls.get_mentions(since_id, token)
        else:
            page = calls.search_replies(source.post_id, since_id, token)
        _checked_list(call, page)
    return _comment_page(calls, page, source, position)


def _comment_page(
    calls: XCalls, page: Json, source: CommentSource, position: CursorPosition
) -> CommentPage:
    authors = {text_at(user, "id"): user for user in rows_at(page, "includes", "users")}
    posts = [post for post in rows_at(page, "data") if text_at(post, "id").isdecimal()]
    remote_comments = [_remote_comment(calls, post, authors) for post in posts]
    newest = max(
        [position.newest, *(remote_comment.platform_id for remote_comment in remote_comments)],
        key=_id_as_number,
    )
    next_position = position.after(newest, text_at(page, "meta", "next_token"))
    # The search for a conversation also returns the post that began it.
    replies = tuple(
        remote_comment
        for remote_comment in remote_comments
        if remote_comment.platform_id != source.post_id
    )
    return CommentPage(replies, next_position.encode(), bool(next_position.token))


def _remote_comment(calls: XCalls, post: Json, authors: dict[str, Json]) -> RemoteComment:
    post_id, author_id = text_at(post, "id"), text_at(post, "author_id")
    author = authors.get(author_id, {})
    handle = text_at(author, "username")
    return RemoteComment(
        platform_id=post_id,
        parent_id=reply_target(post),
        root_id=text_at(post, "conversation_id") or post_id,
        author_id=author_id,
        author_name=text_at(author, "name") or handle,
        author_handle=handle or None,
        text=readable_text(post),
        written_at=moment_at(post, "created_at") or calls.now(),
        url=calls.post_url(post_id, handle or "i"),
        by_ourselves=author_id == calls.user_id,
    )


def _id_as_number(post_id: str) -> int:
    return int(post_id or 0)


def _id_before(post_id: str) -> str:
    milliseconds = OVERLAP // timedelta(milliseconds=1)
    return str(max(1, int(post_id) - milliseconds * IDS_PER_MILLISECOND))
