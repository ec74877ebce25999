"""Read from X: posts by id, the account's own posts, mentions and replies, in both vocabularies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from publisher.platforms.base.protocol import Deadline, OneSeen, RefusalCode, Refused, TryLater
from publisher.platforms.base.text import shortened
from publisher.platforms.base.types import (
    CommentPage,
    CommentSource,
    Match,
    Outgoing,
    RemoteComment,
    RemotePost,
)
from publisher.platforms.http.client import (
    MOST_PAGES,
    OVERLAP,
    CursorPosition,
    Json,
    at,
    moment_at,
    rows_at,
    text_at,
)
from publisher.platforms.http.session import ClientCall
from publisher.platforms.x.api import XCalls
from publisher.platforms.x.limits import words_of
from publisher.platforms.x.text import (
    media_count,
    newest_version,
    own_words,
    readable,
    reply_target,
    same_words,
)

FIELDS = "attachments,author_id,conversation_id,created_at,entities,note_tweet,referenced_tweets"
# X: a post's number holds its time in milliseconds above the lowest 22 bits.
NUMBERS_IN_A_MILLISECOND = 1 << 22
NOT_FOUND = "/resource-not-found"
_NUMBER = re.compile(r"[0-9]{1,19}")

Read = Json | Refused | TryLater | None
"""A post, or the error for it; None if X reports that it does not exist."""


def read_one(calls: XCalls, number: str, deadline: Deadline | None = None) -> RemotePost | None:
    """Return a post by its id, in its newest version; None if X reports that it does not exist."""
    with calls.reading(deadline) as call:
        remote_post = _post(calls, call, number)
        if remote_post is None:
            return None
        newest = newest_version(remote_post)
        if newest != number:
            remote_post = _post(calls, call, newest) or remote_post
    return _seen(calls, remote_post)


def _post(calls: XCalls, call: ClientCall, number: str) -> Json | None:
    # X: a missing post is a 200 with an error inside; a bare 404 is something else.
    try:
        answer = calls.ask("GET", f"/2/tweets/{number}", params={"tweet.fields": FIELDS})
    except Refused as refused:
        if refused.reason is RefusalCode.TARGET_GONE and _is_not_found(call.answers[-1].json()):
            return None
        raise
    remote_post = at(answer, "data")
    if isinstance(remote_post, dict) and text_at(remote_post, "id"):
        return remote_post
    errors = rows_at(answer, "errors")
    if any(_is_not_found(error) for error in errors):
        return None
    if not errors:
        call.senseless("the answer names no post")
    raise Refused(RefusalCode.PERMISSION, call.answer)


def read_many(calls: XCalls, numbers: Sequence[str]) -> dict[str, OneSeen]:
    """Return up to a hundred posts by their ids, each in its newest version.

    Ids that are no numbers are not sent: X would refuse the whole request because of them.
    """
    valid_numbers = [number for number in numbers if _NUMBER.fullmatch(number)]
    unfit = Refused(RefusalCode.INVALID, "this is no number of a post")
    reads: dict[str, Read] = dict.fromkeys(numbers, unfit)
    with calls.reading_many() as call:
        reads |= _posts(calls, call, valid_numbers)
        newest = {
            key: newest_version(remote_post)
            for key, remote_post in reads.items()
            if isinstance(remote_post, dict)
        }
        later = {
            key: newest_number for key, newest_number in newest.items() if newest_number != key
        }
        edited = _newest(calls, call, list(dict.fromkeys(later.values())))
    for key, newest_number in later.items():
        reads[key] = (
            edited[newest_number]
            if isinstance(edited[newest_number], dict | TryLater)
            else reads[key]
        )
    return {
        key: _seen(calls, read) if isinstance(read, dict) else read for key, read in reads.items()
    }


def _newest(calls: XCalls, call: ClientCall, numbers: Sequence[str]) -> dict[str, Read]:
    """Return the newest versions; an error of this request concerns the edited posts only."""
    try:
        return _posts(calls, call, numbers)
    except (TryLater, Refused) as problem:
        until = problem.at if isinstance(problem, TryLater) else None
        return dict.fromkeys(numbers, TryLater(until, problem.detail))


def _posts(calls: XCalls, call: ClientCall, numbers: Sequence[str]) -> dict[str, Read]:
    # X: a post that is missing or not visible to us is among the errors of a 200, by its id.
    if not numbers:
        return {}
    params: Json = {"ids": ",".join(numbers), "tweet.fields": FIELDS}
    answer = calls.ask("GET", "/2/tweets", params=params)
    posts = {text_at(row, "id"): row for row in rows_at(answer, "data")}
    errors = {_about(row): row for row in rows_at(answer, "errors")}
    if not posts and not errors:
        call.senseless("the answer names no post")
    return {number: posts.get(number) or _unread(call, errors.get(number)) for number in numbers}


def _about(error: Json) -> str:
    return text_at(error, "resource_id") or text_at(error, "value")


def _unread(call: ClientCall, error: Json | None) -> Refused | None:
    """Return None if X reports that the post does not exist, else the refusal.

    A post that the response does not mention is not taken as gone.
    """
    if error is None:
        return Refused(RefusalCode.UNKNOWN, "the answer does not name this post")
    if _is_not_found(error):
        return None
    return Refused(RefusalCode.PERMISSION, shortened(call.mask(str(error))))


def _is_not_found(error: object) -> bool:
    return text_at(error, "type").endswith(NOT_FOUND)


def _seen(calls: XCalls, post: Json) -> RemotePost:
    number = text_at(post, "id")
    return RemotePost(
        platform_id=number,
        url=calls.address(number),
        text=own_words(post),
        parent_id=reply_target(post),
        media=media_count(post),
        published_at=moment_at(post, "created_at") or calls.now(),
        by_ourselves=text_at(post, "author_id") == calls.user_id,
    )


def find(calls: XCalls, outgoing: Outgoing, oldest: datetime) -> Match | None:
    """Search the account's own timeline, newest first, back to that time."""
    with calls.reading() as call:
        for remote_post in _own_posts(calls, call, oldest):
            made_at = moment_at(remote_post, "created_at")
            if made_at and made_at >= oldest and _is_it(remote_post, outgoing):
                number = text_at(remote_post, "id")
                return calls.sighting(number, calls.address(number), made_at, remote_post)
    return None


def _is_it(post: Json, outgoing: Outgoing) -> bool:
    return (
        reply_target(post) == outgoing.reply_to
        and media_count(post) == len(outgoing.media)
        and same_words(post, words_of(outgoing))
    )


def _own_posts(calls: XCalls, call: ClientCall, since: datetime) -> Iterator[Json]:
    params: Json = {
        "max_results": 100,
        "tweet.fields": FIELDS,
        "start_time": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    for _ in range(MOST_PAGES):
        page = _listed(calls, call, f"/2/users/{calls.user_id}/tweets", params)
        yield from rows_at(page, "data")
        token = text_at(page, "meta", "next_token")
        if not token:
            return
        params = {**params, "pagination_token": token}


def _listed(calls: XCalls, call: ClientCall, route: str, params: Json) -> Json:
    page = calls.ask("GET", route, params=params)
    if "data" not in page and "meta" not in page:
        call.senseless("the answer is no list")
    return page


def comments(calls: XCalls, source: CommentSource, position: CursorPosition) -> CommentPage:
    """Return a page of mentions, or of all replies under a post (of the last seven days)."""
    params: Json = {
        "max_results": 100,
        "tweet.fields": FIELDS,
        "expansions": "author_id",
        "user.fields": "name,username",
    }
    if position.since:
        params["since_id"] = _somewhat_before(position.since)
    if source.post_id is None:
        route, token_name = f"/2/users/{calls.user_id}/mentions", "pagination_token"
    else:
        route, token_name = "/2/tweets/search/recent", "next_token"
        params["query"] = f"conversation_id:{source.post_id}"
    if position.token:
        params[token_name] = position.token
    with calls.reading() as call:
        page = _listed(calls, call, route, params)
    return _page(calls, page, source, position)


def _page(
    calls: XCalls, page: Json, source: CommentSource, position: CursorPosition
) -> CommentPage:
    authors = {text_at(user, "id"): user for user in rows_at(page, "includes", "users")}
    posts = [
        remote_post
        for remote_post in rows_at(page, "data")
        if text_at(remote_post, "id").isdecimal()
    ]
    remote_comments = [_remote_comment(calls, remote_post, authors) for remote_post in posts]
    newest = max(
        [position.newest, *(remote_comment.platform_id for remote_comment in remote_comments)],
        key=_number,
    )
    following = position.after(newest, text_at(page, "meta", "next_token"))
    replies = tuple(
        remote_comment
        for remote_comment in remote_comments
        if remote_comment.platform_id != source.post_id
    )
    return CommentPage(replies, following.written(), bool(following.token))


def _remote_comment(calls: XCalls, post: Json, authors: dict[str, Json]) -> RemoteComment:
    number, author_id = text_at(post, "id"), text_at(post, "author_id")
    author = authors.get(author_id, {})
    handle = text_at(author, "username")
    return RemoteComment(
        platform_id=number,
        parent_id=reply_target(post),
        root_id=text_at(post, "conversation_id") or number,
        author_id=author_id,
        author_name=text_at(author, "name") or handle,
        author_handle=handle or None,
        text=readable(post),
        written_at=moment_at(post, "created_at") or calls.now(),
        url=calls.address(number, handle or "i"),
        by_ourselves=author_id == calls.user_id,
    )


def _number(text: str) -> int:
    return int(text or 0)


def _somewhat_before(number: str) -> str:
    milliseconds = OVERLAP // timedelta(milliseconds=1)
    return str(max(1, int(number) - milliseconds * NUMBERS_IN_A_MILLISECOND))
