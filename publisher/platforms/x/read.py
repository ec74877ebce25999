"""What is read on X: one post, the account's own posts, mentions and replies, in both dialects."""

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
"""A post, or why it was not read; None: X says that there is none."""


def one(calls: XCalls, number: str, deadline: Deadline | None = None) -> RemotePost | None:
    """A post by its id, in its newest version; None where X says that there is none."""
    with calls.reading(deadline) as call:
        post = _post(calls, call, number)
        if post is None:
            return None
        newest = newest_version(post)
        if newest != number:
            post = _post(calls, call, newest) or post
    return _seen(calls, post)


def _post(calls: XCalls, call: ClientCall, number: str) -> Json | None:
    """X: what is not there is a 200 with an error inside; a bare 404 is no answer of its own."""
    try:
        answer = calls.ask("GET", f"/2/tweets/{number}", params={"tweet.fields": FIELDS})
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
        call.senseless("the answer names no post")
    raise Refused(RefusalCode.PERMISSION, call.answer)


def many(calls: XCalls, numbers: Sequence[str]) -> dict[str, OneSeen]:
    """Up to a hundred posts by their ids, each in its newest version.

    What is no number is not asked for: X would refuse the whole request for it.
    """
    asked = [one for one in numbers if _NUMBER.fullmatch(one)]
    unfit = Refused(RefusalCode.INVALID, "this is no number of a post")
    found: dict[str, Read] = dict.fromkeys(numbers, unfit)
    with calls.reading_many() as call:
        found |= _posts(calls, call, asked)
        newest = {key: newest_version(one) for key, one in found.items() if isinstance(one, dict)}
        later = {key: one for key, one in newest.items() if one != key}
        edited = _newest(calls, call, list(dict.fromkeys(later.values())))
    for key, one in later.items():
        found[key] = edited[one] if isinstance(edited[one], dict | TryLater) else found[key]
    return {key: _seen(calls, one) if isinstance(one, dict) else one for key, one in found.items()}


def _newest(calls: XCalls, call: ClientCall, numbers: Sequence[str]) -> dict[str, Read]:
    """The newest versions; where they cannot be read, nothing is known of those edited alone."""
    try:
        return _posts(calls, call, numbers)
    except (TryLater, Refused) as problem:
        until = problem.at if isinstance(problem, TryLater) else None
        return dict.fromkeys(numbers, TryLater(until, problem.detail))


def _posts(calls: XCalls, call: ClientCall, numbers: Sequence[str]) -> dict[str, Read]:
    """X: what is not there, or not for us, stands among the errors of a 200, by its number."""
    if not numbers:
        return {}
    params: Json = {"ids": ",".join(numbers), "tweet.fields": FIELDS}
    answer = calls.ask("GET", "/2/tweets", params=params)
    posts = {text_at(one, "id"): one for one in rows_at(answer, "data")}
    errors = {_about(one): one for one in rows_at(answer, "errors")}
    if not posts and not errors:
        call.senseless("the answer names no post")
    return {one: posts.get(one) or _unread(call, errors.get(one)) for one in numbers}


def _about(error: Json) -> str:
    return text_at(error, "resource_id") or text_at(error, "value")


def _unread(call: ClientCall, error: Json | None) -> Refused | None:
    """None: X says that there is none. A number that it does not name is not said to be gone."""
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
    """Look through the account's own timeline, newest first, down to that time."""
    with calls.reading() as call:
        for post in _own_posts(calls, call, oldest):
            made_at = moment_at(post, "created_at")
            if made_at and made_at >= oldest and _is_it(post, outgoing):
                number = text_at(post, "id")
                return calls.sighting(number, calls.address(number), made_at, post)
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


def comments(calls: XCalls, source: CommentSource, place: CursorPosition) -> CommentPage:
    """A page of mentions, or of all replies under a post (of the last seven days)."""
    params: Json = {
        "max_results": 100,
        "tweet.fields": FIELDS,
        "expansions": "author_id",
        "user.fields": "name,username",
    }
    if place.since:
        params["since_id"] = _somewhat_before(place.since)
    if source.post_id is None:
        route, token_name = f"/2/users/{calls.user_id}/mentions", "pagination_token"
    else:
        route, token_name = "/2/tweets/search/recent", "next_token"
        params["query"] = f"conversation_id:{source.post_id}"
    if place.token:
        params[token_name] = place.token
    with calls.reading() as call:
        page = _listed(calls, call, route, params)
    return _page(calls, page, source, place)


def _page(calls: XCalls, page: Json, source: CommentSource, place: CursorPosition) -> CommentPage:
    authors = {text_at(user, "id"): user for user in rows_at(page, "includes", "users")}
    posts = [post for post in rows_at(page, "data") if text_at(post, "id").isdecimal()]
    remote_comments = [_remark(calls, post, authors) for post in posts]
    newest = max([place.newest, *(one.platform_id for one in remote_comments)], key=_number)
    following = place.after(newest, text_at(page, "meta", "next_token"))
    kept = tuple(one for one in remote_comments if one.platform_id != source.post_id)
    return CommentPage(kept, following.written(), bool(following.token))


def _remark(calls: XCalls, post: Json, authors: dict[str, Json]) -> RemoteComment:
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
