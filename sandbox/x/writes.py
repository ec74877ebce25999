"""Create, delete and hide posts on X."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

from sandbox import entries, media, switches
from sandbox.credentials import X_ACCOUNTS, XAccount
from sandbox.entries import Entry
from sandbox.exchange import Answer, Refused, RequestContext
from sandbox.media import Medium
from sandbox.now import format_time, parse_time
from sandbox.x import bodies
from sandbox.x.numbers import next_id
from sandbox.x.problems import PROBLEMS, invalid, not_found, problem
from sandbox.x.responses import in_dialect, media_key
from sandbox.x.texts import append_pictures, leading_handles, mentioned_handles, shorten_links
from sandbox.x.weight import weighted_length

MAX_LENGTH = 280
MAX_PAID_LENGTH = 25_000
MEDIA_LIFE = timedelta(hours=24)


def create(request_context: RequestContext) -> Answer:
    """Handle POST /2/tweets: create a post, or a reply to one."""
    body = bodies.json_object()
    bodies.checked_post(body)
    text = unicodedata.normalize("NFC", str(body.get("text", "")))
    ids, account = bodies.media_ids(body), acting_account(request_context)
    _check_text(request_context, text, ids)
    parent = _parent(request_context, bodies.reply_target(body), account)
    _check_media(request_context, ids)
    _check_new(request_context, account, text, parent)
    names = _reply_names(request_context, parent, account, bodies.left_out(body))
    entry = store_post(request_context, author(account), text, parent, names, ids)
    post_json = {"id": entry.id, "text": entry.shown, "edit_history_tweet_ids": [entry.id]}
    new_names = switches.value(request_context.db, "x_dialect") == "post"
    return Answer(201, in_dialect({"data": post_json}, new_names))


def acting_account(request_context: RequestContext) -> XAccount:
    """Return the acting account. Raises Refused (403) if only the app is known."""
    for account in X_ACCOUNTS:
        if account.id == request_context.account:
            return account
    detail = "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint."
    raise problem(403, "Unsupported Authentication", detail)


def author(account: XAccount) -> tuple[str, str, str]:
    """Return id, handle and name of an account, as an entry has them."""
    return account.id, account.username, account.name


def _check_text(request_context: RequestContext, text: str, ids: list[str]) -> None:
    if not text.strip() and not ids:
        raise invalid("A post needs text or media.", "text")
    paid = switches.is_on(request_context.db, "x_long_posts")
    if weighted_length(text) > (MAX_PAID_LENGTH if paid else MAX_LENGTH):
        # X: the exact words for an over-long text are not established.
        raise problem(403, "Forbidden", "Your Tweet text is too long.")


def _parent(request_context: RequestContext, key: str | None, account: XAccount) -> Entry | None:
    if key is None:
        return None
    parent = entries.find(request_context.db, entries.X, key)
    if parent is None:
        detail = "You attempted to reply to a Tweet that is deleted or not visible to you."
        raise problem(403, "Forbidden", detail)
    summons = switches.value(request_context.db, "x_not_summoned")
    named = mentioned_handles(parent.text if summons == "explicit" else parent.shown)
    if summons != "off" and parent.account != account.id and account.username not in named:
        # X: replies only where summoned, since February 2026; the exact words are not established.
        raise problem(403, "Forbidden", "You can only reply where you were mentioned or quoted.")
    return parent


def _check_media(request_context: RequestContext, ids: list[str]) -> None:
    for key in ids:
        medium = media.find(request_context.db, entries.X, key)
        if (
            medium is None
            or medium.account != request_context.account
            or request_context.now > parse_time(medium.created_at) + MEDIA_LIFE
            or not is_processed(request_context, medium)
        ):
            raise invalid("Your media IDs are invalid.", "media.media_ids", key)


def is_processed(request_context: RequestContext, medium: Medium) -> bool:
    """Return True if a post may carry the upload: animations are processed for a while."""
    if media.mime_of(request_context.db, medium) != "image/gif":
        return True
    seconds = switches.number(request_context.db, "x_gif_seconds")
    return request_context.now >= parse_time(medium.created_at) + timedelta(seconds=seconds)


def _check_new(
    request_context: RequestContext, account: XAccount, text: str, parent: Entry | None
) -> None:
    """Refuse a duplicate as X did in February 2026 (403, without the id of the first)."""
    hours = switches.number(request_context.db, "x_duplicate_hours")
    duplicates = entries.select(
        request_context.db,
        "platform='x' AND account=? AND text=? AND text<>'' AND deleted_at IS NULL"
        " AND parent_id IS ? AND created_at>? AND created_at<=?",
        (
            account.id,
            text,
            parent.id if parent else None,
            format_time(request_context.now - timedelta(hours=hours)),
            format_time(request_context.now),
        ),
    )
    if duplicates and hours:
        detail = "You are not allowed to create a Tweet with duplicate content."
        raise problem(403, "Forbidden", detail)


def _reply_names(
    request_context: RequestContext, parent: Entry | None, account: XAccount, without: list[str]
) -> list[str]:
    if parent is None:
        return []
    names = reply_names(request_context, parent, account.username)
    return [name for name in names if not (name == parent.handle and parent.account in without)]


def reply_names(request_context: RequestContext, parent: Entry, own: str) -> list[str]:
    """Return the names in a reply: of the author it replies to, and those in that post."""
    if not switches.is_on(request_context.db, "x_auto_mentions"):
        return []
    names = dict.fromkeys([parent.handle, *leading_handles(parent.shown)])
    return [name for name in names if name.lower() != own.lower()]


def store_post(
    request_context: RequestContext,
    by: tuple[str, str, str],
    text: str,
    parent: Entry | None,
    names: list[str],
    media_ids: list[str],
    citizen: bool = False,
) -> Entry:
    """Store a post in the ledger, with X's changes to its text."""
    key = next_id(request_context.db, request_context.now)
    wording = shorten_links(
        request_context.db, text, names, switches.is_on(request_context.db, "x_html_escaped")
    )
    address = f"https://twitter.com/{by[1]}/status/{key}"
    append_pictures(
        request_context.db, wording, address, [media_key(media_id) for media_id in media_ids]
    )
    entry = Entry(
        id=key,
        platform=entries.X,
        kind=entries.COMMENT if parent else entries.POST,
        account=by[0],
        handle=by[1],
        name=by[2],
        citizen=int(citizen),
        text=text,
        shown=wording.text,
        entities=wording.entities(),
        parent_id=parent.id if parent else None,
        root_id=parent.root_id if parent else key,
        created_at=format_time(request_context.now),
        public_from=format_time(request_context.now),
    )
    entries.add(request_context.db, entry)
    media.attach(request_context.db, entries.X, key, media_ids)
    return entry


def delete(request_context: RequestContext, key: str) -> Answer:
    """Handle DELETE /2/tweets/:id: only the account's own."""
    entry = _present(request_context, key)
    if entry.account != acting_account(request_context).id:
        raise problem(403, "Forbidden", "You are not allowed to delete this Tweet.")
    entries.delete(request_context.db, entry, request_context.now)
    return Answer(200, {"data": {"deleted": True}})


def hide(request_context: RequestContext, key: str) -> Answer:
    """Handle PUT /2/tweets/:id/hidden: only replies under the account's own post."""
    body = bodies.json_object()
    bodies.only(body, frozenset({"hidden"}))
    hidden = body.get("hidden")
    if not isinstance(hidden, bool):
        raise invalid("[$.hidden] is not a boolean", "hidden")
    entry = _present(request_context, key)
    root = entries.find(request_context.db, entries.X, entry.root_id)
    if (
        entry.parent_id is None
        or root is None
        or root.account != acting_account(request_context).id
    ):
        raise problem(403, "Forbidden", "You may hide only replies to your own posts.")
    entries.change(request_context.db, entry, "hidden", int(hidden))
    return Answer(200, {"data": {"hidden": hidden}})


def _present(request_context: RequestContext, key: str) -> Entry:
    entry = entries.find(request_context.db, entries.X, bodies.an_id(key, "id"))
    if entry is None:
        raise Refused(
            Answer(404, not_found(key) | {"status": 404, "type": PROBLEMS + "resource-not-found"})
        )
    return entry
