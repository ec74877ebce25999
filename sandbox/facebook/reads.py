"""Read Facebook: pages, posts, photos, comments, page by page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import request

from sandbox import entries, media
from sandbox.credentials import FACEBOOK_PAGES
from sandbox.entries import Entry
from sandbox.exchange import Answer, RequestContext
from sandbox.facebook import responses, tokens
from sandbox.facebook.acting_page import acting_page
from sandbox.facebook.errors import bad_parameter, not_there
from sandbox.facebook.writes import is_gone, own_entry
from sandbox.now import before, format_time, parse_time

Json = dict[str, object]
MAX_LIMIT = 100
DEFAULT_LIMIT = 25


def node(request_context: RequestContext, node: str) -> Answer:
    """Handle GET /{page, post, photo or comment}."""
    return read_object(request_context, node, request.args.get("fields"))


def read_object(request_context: RequestContext, node: str, fields: str | None) -> Answer:
    """Return the object with this id, with the requested fields."""
    if node == "me" or node in (page.id for page in FACEBOOK_PAGES):
        return Answer(200, responses.page(acting_page(request_context, node), fields))
    medium = media.find(request_context.db, entries.FACEBOOK, node)
    if (
        medium is not None
        and medium.account == request_context.account
        and not is_gone(request_context, medium)
    ):
        return Answer(200, responses.photo(acting_page(request_context), medium, fields))
    entry = own_entry(request_context, node, "get")
    if request_context.hidden_seconds and entry.created_at > before(
        request_context.now, request_context.hidden_seconds
    ):
        raise not_there(node)
    if entry.kind == entries.POST:
        return Answer(200, responses.post(request_context.db, entry, fields, request_context.now))
    return Answer(200, responses.comment(request_context.db, entry, fields))


def feed(request_context: RequestContext, node: str) -> Answer:
    """Handle GET /{page}/feed, which includes unpublished posts."""
    return _posts(request_context, node, lambda _entry: True)


def published_posts(request_context: RequestContext, node: str) -> Answer:
    """Handle GET /{page}/published_posts."""
    return _posts(request_context, node, lambda entry: entry.is_public(request_context.now))


def scheduled_posts(request_context: RequestContext, node: str) -> Answer:
    """Handle GET /{page}/scheduled_posts: posts that are not public yet."""
    return _posts(
        request_context,
        node,
        lambda entry: bool(entry.public_from) and not entry.is_public(request_context.now),
    )


def _posts(
    request_context: RequestContext, node: str, is_wanted: Callable[[Entry], bool]
) -> Answer:
    page, fields = acting_page(request_context, node), request.args.get("fields")
    posts = [
        entry
        for entry in entries.by_account(
            request_context.db,
            entries.FACEBOOK,
            page.id,
            request_context.now,
            request_context.hidden_seconds,
        )
        if entry.kind == entries.POST and is_wanted(entry)
    ]
    return Answer(
        200,
        _page(
            posts,
            True,
            lambda e: responses.post(request_context.db, e, fields, request_context.now),
        ),
    )


def comments(request_context: RequestContext, node: str) -> Answer:
    """Handle GET /{post or comment}/comments; without filter=stream, the top level only."""
    parent, fields = own_entry(request_context, node, "get"), request.args.get("fields")
    replies = entries.comments_under(
        request_context.db,
        entries.FACEBOOK,
        parent.root_id,
        request_context.now,
        request_context.hidden_seconds,
    )
    if parent.kind == entries.COMMENT or _choice("filter", ("toplevel", "stream")) == "toplevel":
        replies = [entry for entry in replies if entry.parent_id == parent.id]
    newest_first = _choice("order", ("chronological", "reverse_chronological")) != "chronological"
    if newest_first:
        replies.reverse()
    body = _page(
        replies, newest_first, lambda entry: responses.comment(request_context.db, entry, fields)
    )
    if request.args.get("summary", "").lower() in ("true", "1"):
        body["summary"] = {
            "order": request.args.get("order", "chronological"),
            "total_count": len(replies),
            "can_comment": True,
        }
    return Answer(200, body)


def _choice(name: str, choices: tuple[str, str]) -> str:
    chosen = request.args.get(name, choices[0]).lower()
    if chosen not in choices:
        raise bad_parameter(f"Param {name} must be one of {', '.join(choices)}")
    return chosen


def _page(all_entries: list[Entry], newest_first: bool, shape: Callable[[Entry], Json]) -> Json:
    remaining = [entry for entry in all_entries if _is_within(entry, newest_first)]
    limit = _limit()
    page = remaining[:limit]
    body: Json = {"data": [shape(entry) for entry in page]}
    if not page:
        return body
    paging: Json = {"cursors": {"before": _cursor(page[0]), "after": _cursor(page[-1])}}
    if len(remaining) > limit:
        paging["next"] = _next(_cursor(page[-1]))
    return {**body, "paging": paging}


def _next(after: str) -> str:
    """Return the URL of the next page, including the access token."""
    args = {k: v for k, v in request.args.items() if k != "after"}
    args |= {"access_token": tokens.sent_token(request), "limit": str(_limit()), "after": after}
    version = request.environ.get("sandbox.version", "")
    return f"https://{request.host}{version}{request.path}?{urlencode(args)}"


def _limit() -> int:
    text = request.args.get("limit", str(DEFAULT_LIMIT))
    if not text.isdecimal() or not 1 <= int(text) <= MAX_LIMIT:
        raise bad_parameter(f"Param limit must be between 1 and {MAX_LIMIT}")
    return int(text)


def _is_within(entry: Entry, newest_first: bool) -> bool:
    since, until, after = _moment("since"), _moment("until"), _read_cursor()
    if (since and entry.created_at < since) or (until and entry.created_at > until):
        return False
    if after is None:
        return True
    return _position(entry) < after if newest_first else _position(entry) > after


def _position(entry: Entry) -> tuple[str, int]:
    return entry.created_at, int(entry.id.rpartition("_")[2])


def _moment(name: str) -> str:
    text = request.args.get(name, "")
    try:
        if text.isdecimal():
            return format_time(datetime.fromtimestamp(int(text), UTC))
        return format_time(parse_time(text.replace("+0000", "+00:00"))) if text else ""
    except (ValueError, OverflowError):
        raise bad_parameter(f"Param {name} must be a time") from None


def _cursor(entry: Entry) -> str:
    text = "|".join(map(str, _position(entry)))
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor() -> tuple[str, int] | None:
    cursor = request.args.get("after")
    if not cursor:
        return None
    try:
        at, _, number = base64.urlsafe_b64decode(cursor).decode().partition("|")
        return at, int(number)
    except (binascii.Error, ValueError):
        raise bad_parameter("Invalid cursor") from None
