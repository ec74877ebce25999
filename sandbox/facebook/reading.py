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
from sandbox.exchange import Answer, Turn
from sandbox.facebook import shapes, tokens
from sandbox.facebook.acting import acting
from sandbox.facebook.errors import bad_parameter, not_there
from sandbox.facebook.posting import is_gone, own
from sandbox.now import before, read, written

Json = dict[str, object]
MOST = 100
USUAL = 25


def node(turn: Turn, node: str) -> Answer:
    """Handle GET /{page, post, photo or comment}."""
    return shown(turn, node, request.args.get("fields"))


def shown(turn: Turn, node: str, fields: str | None) -> Answer:
    """Return the object with this id, with the requested fields."""
    if node == "me" or node in (page.id for page in FACEBOOK_PAGES):
        return Answer(200, shapes.page(acting(turn, node), fields))
    medium = media.find(turn.db, entries.FACEBOOK, node)
    if medium is not None and medium.account == turn.account and not is_gone(turn, medium):
        return Answer(200, shapes.photo(acting(turn), medium, fields))
    entry = own(turn, node, "get")
    if turn.veil and entry.created_at > before(turn.now, turn.veil):
        raise not_there(node)
    if entry.kind == entries.POST:
        return Answer(200, shapes.post(turn.db, entry, fields, turn.now))
    return Answer(200, shapes.comment(turn.db, entry, fields))


def feed(turn: Turn, node: str) -> Answer:
    """Handle GET /{page}/feed, which includes unpublished posts."""
    return _posts(turn, node, lambda _entry: True)


def published_posts(turn: Turn, node: str) -> Answer:
    """Handle GET /{page}/published_posts."""
    return _posts(turn, node, lambda entry: entry.public(turn.now))


def scheduled_posts(turn: Turn, node: str) -> Answer:
    """Handle GET /{page}/scheduled_posts: posts that are not public yet."""
    return _posts(turn, node, lambda entry: bool(entry.public_from) and not entry.public(turn.now))


def _posts(turn: Turn, node: str, is_wanted: Callable[[Entry], bool]) -> Answer:
    page, fields = acting(turn, node), request.args.get("fields")
    posts = [
        entry
        for entry in entries.by_account(turn.db, entries.FACEBOOK, page.id, turn.now, turn.veil)
        if entry.kind == entries.POST and is_wanted(entry)
    ]
    return Answer(200, _page(posts, True, lambda e: shapes.post(turn.db, e, fields, turn.now)))


def comments(turn: Turn, node: str) -> Answer:
    """Handle GET /{post or comment}/comments; without filter=stream, the top level only."""
    above, fields = own(turn, node, "get"), request.args.get("fields")
    replies = entries.under(turn.db, entries.FACEBOOK, above.root_id, turn.now, turn.veil)
    if above.kind == entries.COMMENT or _choice("filter", ("toplevel", "stream")) == "toplevel":
        replies = [entry for entry in replies if entry.parent_id == above.id]
    newest_first = _choice("order", ("chronological", "reverse_chronological")) != "chronological"
    if newest_first:
        replies.reverse()
    body = _page(replies, newest_first, lambda entry: shapes.comment(turn.db, entry, fields))
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


def _page(listed: list[Entry], newest_first: bool, shape: Callable[[Entry], Json]) -> Json:
    left = [entry for entry in listed if _is_within(entry, newest_first)]
    limit = _limit()
    page = left[:limit]
    body: Json = {"data": [shape(entry) for entry in page]}
    if not page:
        return body
    paging: Json = {"cursors": {"before": _cursor(page[0]), "after": _cursor(page[-1])}}
    if len(left) > limit:
        paging["next"] = _next(_cursor(page[-1]))
    return {**body, "paging": paging}


def _next(after: str) -> str:
    """Return the URL of the next page, including the access token."""
    args = {k: v for k, v in request.args.items() if k != "after"}
    args |= {"access_token": tokens.sent_token(request), "limit": str(_limit()), "after": after}
    version = request.environ.get("sandbox.version", "")
    return f"https://{request.host}{version}{request.path}?{urlencode(args)}"


def _limit() -> int:
    text = request.args.get("limit", str(USUAL))
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise bad_parameter(f"Param limit must be between 1 and {MOST}")
    return int(text)


def _is_within(entry: Entry, newest_first: bool) -> bool:
    since, until, after = _moment("since"), _moment("until"), _read_cursor()
    if (since and entry.created_at < since) or (until and entry.created_at > until):
        return False
    if after is None:
        return True
    return _place(entry) < after if newest_first else _place(entry) > after


def _place(entry: Entry) -> tuple[str, int]:
    return entry.created_at, int(entry.id.rpartition("_")[2])


def _moment(name: str) -> str:
    text = request.args.get(name, "")
    try:
        if text.isdecimal():
            return written(datetime.fromtimestamp(int(text), UTC))
        return written(read(text.replace("+0000", "+00:00"))) if text else ""
    except (ValueError, OverflowError):
        raise bad_parameter(f"Param {name} must be a time") from None


def _cursor(entry: Entry) -> str:
    text = "|".join(map(str, _place(entry)))
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
