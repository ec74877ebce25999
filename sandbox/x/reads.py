"""Read X: accounts, posts by id, timelines, mentions and recent search."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime, timedelta

from flask import request

from sandbox import entries, switches
from sandbox.credentials import X_ACCOUNTS
from sandbox.entries import Entry
from sandbox.exchange import Answer, Refused, RequestContext
from sandbox.now import before, format_time, parse_time
from sandbox.x import bodies, queries
from sandbox.x.numbers import EPOCH_MS
from sandbox.x.problems import invalid, not_found
from sandbox.x.responses import (
    Json,
    RequestedFields,
    in_dialect,
    includes,
    parse_fields,
    post,
    user,
)
from sandbox.x.texts import mentioned_handles
from sandbox.x.writes import acting_account

WEEK = timedelta(days=7)


def me(request_context: RequestContext) -> Answer:
    """Handle GET /2/users/me."""
    account, fields = (
        acting_account(request_context),
        parse_fields(request_context.db, request.args),
    )
    shape = user(account.id, account.username, account.name, fields)
    return Answer(200, in_dialect({"data": shape}, fields.new_names))


def users(request_context: RequestContext) -> Answer:
    """Handle GET /2/users?ids=, up to a hundred: our accounts, and whoever has written here."""
    fields = parse_fields(request_context.db, request.args)
    ids = [bodies.an_id(key, "ids") for key in request.args.get("ids", "").split(",")]
    if len(ids) > 100:
        raise invalid("The ids query parameter may hold up to 100 ids.", "ids")
    shapes = {key: _user(request_context, key, fields) for key in ids}
    body: dict[str, object] = {}
    if users_found := [shape for shape in shapes.values() if shape is not None]:
        body["data"] = users_found
    if missing := [
        not_found(key, "ids") | {"resource_type": "user"}
        for key, shape in shapes.items()
        if shape is None
    ]:
        body["errors"] = missing
    return Answer(200, in_dialect(body, fields.new_names))


def _user(request_context: RequestContext, key: str, fields: RequestedFields) -> Json | None:
    for account in X_ACCOUNTS:
        if account.id == key:
            return user(account.id, account.username, account.name, fields)
    written = entries.select(request_context.db, "platform='x' AND account=?", (key,))
    latest = max(written, key=lambda entry: int(entry.id), default=None)
    return user(latest.account, latest.handle, latest.name, fields) if latest else None


def by_id(request_context: RequestContext, key: str) -> Answer:
    """Handle GET /2/tweets/:id. X: a missing post is a 200 with an error inside."""
    fields = parse_fields(request_context.db, request.args)
    entry = _visible(request_context, bodies.an_id(key, "id"))
    if entry is None:
        return Answer(200, {"errors": [not_found(key)]})
    body: dict[str, object] = {"data": post(request_context.db, entry, fields)}
    return Answer(200, _with_includes(request_context, body, [entry], fields))


def by_ids(request_context: RequestContext) -> Answer:
    """Handle GET /2/tweets?ids=, up to a hundred."""
    fields = parse_fields(request_context.db, request.args)
    ids = [bodies.an_id(key, "ids") for key in request.args.get("ids", "").split(",")]
    if len(ids) > 100:
        raise invalid("The ids query parameter may hold up to 100 ids.", "ids")
    entries_by_id = {key: _visible(request_context, key) for key in ids}
    visible = [entry for entry in entries_by_id.values() if entry is not None]
    body: dict[str, object] = {}
    if visible:
        body["data"] = [post(request_context.db, entry, fields) for entry in visible]
    if missing := [not_found(key, "ids") for key, entry in entries_by_id.items() if entry is None]:
        body["errors"] = missing
    return Answer(200, _with_includes(request_context, body, visible, fields))


def _visible(request_context: RequestContext, key: str) -> Entry | None:
    entry = entries.find(request_context.db, entries.X, key)
    is_hidden = (
        request_context.hidden_seconds
        and entry is not None
        and entry.created_at > before(request_context.now, request_context.hidden_seconds)
    )
    return None if is_hidden else entry


def timeline(request_context: RequestContext, key: str) -> Answer:
    """Handle GET /2/users/:id/tweets: an account's posts and replies, newest first."""
    _known_account(key)
    posts = entries.by_account(
        request_context.db, entries.X, key, request_context.now, request_context.hidden_seconds
    )
    if "replies" in request.args.get("exclude", "").split(","):
        posts = [entry for entry in posts if entry.parent_id is None]
    return _page(request_context, posts, least=5)


def mentions(request_context: RequestContext, key: str) -> Answer:
    """Handle GET /2/users/:id/mentions: posts of others that mention the account."""
    username = _known_account(key)
    posts = entries.select(
        request_context.db,
        "platform='x' AND account<>? AND deleted_at IS NULL AND created_at<=?"
        " AND shown LIKE ? ESCAPE '\\'",
        (
            key,
            _horizon(request_context, request_context.hidden_seconds),
            f"%@{username.replace('_', chr(92) + '_')}%",
        ),
    )
    return _page(
        request_context, (e for e in posts if username in mentioned_handles(e.shown)), least=5
    )


def search(request_context: RequestContext) -> Answer:
    """Handle GET /2/tweets/search/recent: the last seven days, newest first, 10 to 100 a page."""
    meets = queries.compile_query(request_context.db, request.args.get("query", ""))
    oldest = request_context.now - WEEK
    start = _time("start_time")
    if start is not None and start < oldest:
        raise invalid("'start_time' must be within the last 7 days.", "start_time")
    _check_since(request_context, oldest)
    delay = max(
        request_context.hidden_seconds, float(switches.number(request_context.db, "x_search_delay"))
    )
    posts = entries.select(
        request_context.db,
        "platform='x' AND deleted_at IS NULL AND created_at>? AND created_at<=?",
        (format_time(oldest), _horizon(request_context, delay)),
    )
    return _page(request_context, (entry for entry in posts if meets(entry)), least=10)


def _check_since(request_context: RequestContext, oldest: datetime) -> None:
    since = request.args.get("since_id")
    if since is None or not switches.is_on(request_context.db, "x_since_id_window"):
        return
    if (int(bodies.an_id(since, "since_id")) >> 22) + EPOCH_MS < oldest.timestamp() * 1000:
        raise invalid("'since_id' must be a post id of the last 7 days.", "since_id", since)


def _horizon(request_context: RequestContext, seconds: float) -> str:
    return before(request_context.now, seconds) if seconds else "9999"


def _known_account(key: str) -> str:
    for account in X_ACCOUNTS:
        if account.id == key:
            return account.username
    raise Refused(Answer(200, {"errors": [not_found(key) | {"resource_type": "user"}]}))


def _time(name: str) -> datetime | None:
    text = request.args.get(name)
    try:
        return parse_time(text) if text else None
    except ValueError:
        raise invalid(f"'{name}' is not a time.", name, text or "") from None


def _page(request_context: RequestContext, candidates: Iterable[Entry], least: int) -> Answer:
    fields, size = parse_fields(request_context.db, request.args), _size(least)
    remaining = sorted(filter(_within(), candidates), key=lambda entry: -int(entry.id))
    page = remaining[:size]
    meta: dict[str, object] = {"result_count": len(page)}
    body: dict[str, object] = {"meta": meta}
    if page:
        body["data"] = [post(request_context.db, entry, fields) for entry in page]
        meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
    if len(remaining) > size:
        meta["next_token"] = _token(page[-1].id)
    return Answer(200, _with_includes(request_context, body, page, fields))


def _size(least: int) -> int:
    text = request.args.get("max_results", "10")
    if not text.isdecimal() or not least <= int(text) <= 100:
        raise invalid(f"'max_results' must be between {least} and 100.", "max_results", text)
    return int(text)


def _within() -> _Bounds:
    token = request.args.get("pagination_token") or request.args.get("next_token")
    return _Bounds(
        since=_bound("since_id"),
        until=_bound("until_id"),
        below=_id_of(token) if token else None,
        start=_time("start_time"),
        end=_time("end_time"),
    )


class _Bounds:
    """The bounds of a request: ids and times between which a post has to be."""

    def __init__(
        self,
        *,
        since: int | None,
        until: int | None,
        below: int | None,
        start: datetime | None,
        end: datetime | None,
    ) -> None:
        self.since, self.start = since, format_time(start) if start else ""
        self.below = min((n for n in (until, below) if n is not None), default=None)
        self.end = format_time(end) if end else "9999"

    def __call__(self, entry: Entry) -> bool:
        number = int(entry.id)
        return (
            (self.since is None or number > self.since)
            and (self.below is None or number < self.below)
            and self.start <= entry.created_at < self.end
        )


def _bound(name: str) -> int | None:
    text = request.args.get(name)
    return int(bodies.an_id(text, name)) if text else None


def _token(key: str) -> str:
    return base64.b32hexencode(key.encode()).decode().lower().rstrip("=")


def _id_of(token: str) -> int:
    padded = token.upper() + "=" * (-len(token) % 8)
    try:
        return int(base64.b32hexdecode(padded.encode()))
    except (binascii.Error, ValueError):
        raise invalid("The pagination token is not valid.", "pagination_token", token) from None


def _with_includes(
    request_context: RequestContext,
    body: dict[str, object],
    page: list[Entry],
    fields: RequestedFields,
) -> object:
    if included := includes(
        request_context.db, page, fields, request_context.now, request_context.hidden_seconds
    ):
        body["includes"] = included
    return in_dialect(body, fields.new_names)
