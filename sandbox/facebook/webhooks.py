"""Facebook's webhooks: the receiver, the pending updates, their batches and signatures."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import itertools
import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import request

from sandbox import entries
from sandbox.credentials import FACEBOOK_APP_ID, FACEBOOK_APP_SECRET, FACEBOOK_PAGES
from sandbox.entries import Entry
from sandbox.exchange import Answer, RequestContext
from sandbox.facebook.acting_page import acting_page
from sandbox.facebook.errors import bad_parameter
from sandbox.now import format_time, parse_time

# Facebook: up to 1,000 updates in one call, tried again for up to 36 hours (its page on setup).
MOST = 1000
GIVEN_UP = timedelta(hours=36)
LONGEST_WAIT = timedelta(hours=1)
FEED = "feed"


class BadHook(ValueError):
    """A webhook was refused; names the invalid field."""


@dataclass(frozen=True)
class Hook:
    """The receiver of updates. `most` is the batch size; `twice` sends each batch two times."""

    url: str
    verify_token: str
    verified_at: datetime | None = None
    most: int = 100
    twice: bool = False


@dataclass(frozen=True)
class Update:
    """A pending update of a page."""

    id: int
    page: str
    noted_at: datetime
    change: Mapping[str, object]
    tries: int


def read_hook(values: Mapping[str, object]) -> Hook:
    """Parse a hook from a form or JSON. Raises BadHook: its URL has to be on this machine."""
    url, most = str(values.get("url", "")).strip(), str(values.get("most") or "100").strip()
    if not _is_on_loopback(url):
        raise BadHook("url")
    if not str(values.get("verify_token", "")).strip():
        raise BadHook("verify_token")
    if not most.isdecimal() or not 1 <= int(most) <= MOST:
        raise BadHook("most")
    twice = str(values.get("twice", "")).lower() in ("on", "true", "1")
    return Hook(url, str(values["verify_token"]).strip(), None, int(most), twice)


def _is_on_loopback(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and loopback


def challenge() -> str:
    """Return a challenge that the receiver has to repeat."""
    return str(secrets.randbelow(10**9))


def set_hook(db: sqlite3.Connection, hook: Hook, now: datetime) -> None:
    """Store a hook that has repeated the challenge; it replaces an earlier one."""
    db.execute(
        "INSERT OR REPLACE INTO hooks VALUES ('facebook', ?, ?, ?, ?, ?)",
        (hook.url, hook.verify_token, format_time(now), hook.most, int(hook.twice)),
    )


def hook(db: sqlite3.Connection) -> Hook | None:
    """Return the hook; None if there is none."""
    row = db.execute("SELECT * FROM hooks").fetchone()
    if row is None:
        return None
    verified = parse_time(row["verified_at"]) if row["verified_at"] else None
    return Hook(row["url"], row["verify_token"], verified, row["most"], bool(row["twice"]))


def forget(db: sqlite3.Connection) -> None:
    """Remove the hook, and drop pending updates."""
    db.execute("DELETE FROM hooks")
    db.execute("DELETE FROM updates WHERE sent_at IS NULL")


def subscriptions(db: sqlite3.Connection) -> list[str]:
    """Return the pages with webhooks."""
    return [row["page"] for row in db.execute("SELECT page FROM subscriptions ORDER BY page")]


def set_subscriptions(db: sqlite3.Connection, pages: list[str]) -> None:
    """Set the practice pages with webhooks."""
    db.execute("DELETE FROM subscriptions")
    known_ids = [page.id for page in FACEBOOK_PAGES if page.id in pages]
    db.executemany("INSERT INTO subscriptions VALUES (?, ?)", [(page, FEED) for page in known_ids])


def subscribe(request_context: RequestContext, node: str) -> Answer:
    """Handle POST /{page}/subscribed_apps?subscribed_fields=feed."""
    page = acting_page(request_context, node)
    fields = request.form.get("subscribed_fields") or request.args.get("subscribed_fields", "")
    if FEED not in fields.split(","):
        raise bad_parameter("The practice platform tells of the field feed only")
    request_context.db.execute(
        "INSERT OR REPLACE INTO subscriptions VALUES (?, ?)", (page.id, FEED)
    )
    return Answer(200, {"success": True})


def unsubscribe(request_context: RequestContext, node: str) -> Answer:
    """Handle DELETE /{page}/subscribed_apps."""
    page = acting_page(request_context, node)
    request_context.db.execute("DELETE FROM subscriptions WHERE page=?", (page.id,))
    return Answer(200, {"success": True})


def subscribed(request_context: RequestContext, node: str) -> Answer:
    """Handle GET /{page}/subscribed_apps."""
    page = acting_page(request_context, node)
    app = {"id": FACEBOOK_APP_ID, "name": "Practice", "subscribed_fields": [FEED]}
    return Answer(200, {"data": [app] if page.id in subscriptions(request_context.db) else []})


def note(request_context: RequestContext, entry: Entry, verb: str) -> None:
    """Store a pending update about a comment, including the page's own."""
    page = entry.root_id.partition("_")[0]
    if entry.kind != entries.COMMENT or page not in subscriptions(request_context.db):
        return
    change = {"field": FEED, "value": _value(entry, verb)}
    request_context.db.execute(
        "INSERT INTO updates (page, noted_at, change, next_at) VALUES (?, ?, ?, ?)",
        (
            page,
            format_time(request_context.now),
            json.dumps(change),
            format_time(request_context.now),
        ),
    )


def _value(entry: Entry, verb: str) -> dict[str, object]:
    # Facebook: top level iff parent_id is the post's; a removed comment has no message.
    value: dict[str, object] = {
        "item": "comment",
        "verb": verb,
        "comment_id": entry.id,
        "post_id": entry.root_id,
        "parent_id": entry.parent_id,
        "from": {"id": entry.account, "name": entry.name},
    }
    if verb == "remove":
        return value
    made_at = int(parse_time(entry.created_at).timestamp())
    return {**value, "created_time": made_at, "message": entry.text}


def waiting(db: sqlite3.Connection, now: datetime) -> list[Update]:
    """Return the pending updates, oldest first, up to the batch size."""
    current_hook = hook(db)
    if current_hook is None or current_hook.verified_at is None:
        return []
    rows = db.execute(
        "SELECT * FROM updates WHERE sent_at IS NULL AND next_at<=? ORDER BY id LIMIT ?",
        (format_time(now), current_hook.most),
    )
    return [_update(row) for row in rows]


def _update(row: sqlite3.Row) -> Update:
    change = json.loads(row["change"])
    return Update(row["id"], row["page"], parse_time(row["noted_at"]), change, row["tries"])


def body(updates: list[Update]) -> bytes:
    """Return the raw body of a batch: entries by page, in order, in ASCII."""
    batches = itertools.groupby(updates, lambda update: (update.page, update.noted_at))
    entries_json = [
        {"id": page, "time": int(at.timestamp()), "changes": [update.change for update in batch]}
        for (page, at), batch in batches
    ]
    return json.dumps({"object": "page", "entry": entries_json}).encode("ascii")


def signature(raw: bytes) -> str:
    """Return X-Hub-Signature-256 of the raw bytes, with the app's secret."""
    return "sha256=" + hmac.digest(FACEBOOK_APP_SECRET.encode(), raw, hashlib.sha256).hex()


def settle(db: sqlite3.Connection, updates: list[Update], *, is_taken: bool, now: datetime) -> None:
    """Record acceptance, or the time of the next try; after 36 hours updates are dropped."""
    for update in updates:
        if is_taken or now - update.noted_at > GIVEN_UP:
            db.execute("UPDATE updates SET sent_at=? WHERE id=?", (format_time(now), update.id))
            continue
        wait = min(timedelta(seconds=2.0 ** min(update.tries, 12)), LONGEST_WAIT)
        db.execute(
            "UPDATE updates SET tries=tries+1, next_at=? WHERE id=?",
            (format_time(now + wait), update.id),
        )


def counts(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the numbers of pending and of finished updates."""
    row = db.execute("SELECT count(*) - count(sent_at), count(sent_at) FROM updates").fetchone()
    return int(row[0]), int(row[1])
