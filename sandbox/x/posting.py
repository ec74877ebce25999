"""Create, delete and hide posts on X."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

from sandbox import entries, media, switches
from sandbox.credentials import X_ACCOUNTS, XAccount
from sandbox.entries import Entry
from sandbox.exchange import Answer, Refused, Turn
from sandbox.now import read, written
from sandbox.x import bodies
from sandbox.x.numbers import next_id
from sandbox.x.problems import PROBLEMS, invalid, not_found, problem
from sandbox.x.shapes import in_dialect, media_key
from sandbox.x.texts import leading, mentioned, with_pictures, worded
from sandbox.x.weight import weighted_length

LONGEST = 280
LONGEST_PAID = 25_000
MEDIA_LIFE = timedelta(hours=24)


def create(turn: Turn) -> Answer:
    """Handle POST /2/tweets: create a post, or a reply to one."""
    body = bodies.json_object()
    bodies.checked_post(body)
    text = unicodedata.normalize("NFC", str(body.get("text", "")))
    ids, account = bodies.media_ids(body), acting(turn)
    _check_text(turn, text, ids)
    above = _above(turn, bodies.reply_target(body), account)
    _check_media(turn, ids)
    _check_new(turn, account, text, above)
    names = _answered(turn, above, account, bodies.left_out(body))
    entry = keep(turn, author(account), text, above, names, ids)
    post_json = {"id": entry.id, "text": entry.shown, "edit_history_tweet_ids": [entry.id]}
    new_names = switches.value(turn.db, "x_dialect") == "post"
    return Answer(201, in_dialect({"data": post_json}, new_names))


def acting(turn: Turn) -> XAccount:
    """Return the acting account. Raises Refused (403) if only the app is known."""
    for account in X_ACCOUNTS:
        if account.id == turn.account:
            return account
    detail = "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint."
    raise problem(403, "Unsupported Authentication", detail)


def author(account: XAccount) -> tuple[str, str, str]:
    """Return id, handle and name of an account, as an entry has them."""
    return account.id, account.username, account.name


def _check_text(turn: Turn, text: str, ids: list[str]) -> None:
    if not text.strip() and not ids:
        raise invalid("A post needs text or media.", "text")
    paid = switches.is_on(turn.db, "x_long_posts")
    if weighted_length(text) > (LONGEST_PAID if paid else LONGEST):
        # X: the exact words for an over-long text are not established.
        raise problem(403, "Forbidden", "Your Tweet text is too long.")


def _above(turn: Turn, key: str | None, account: XAccount) -> Entry | None:
    if key is None:
        return None
    above = entries.find(turn.db, entries.X, key)
    if above is None:
        detail = "You attempted to reply to a Tweet that is deleted or not visible to you."
        raise problem(403, "Forbidden", detail)
    summons = switches.value(turn.db, "x_not_summoned")
    named = mentioned(above.text if summons == "explicit" else above.shown)
    if summons != "off" and above.account != account.id and account.username not in named:
        # X: replies only where summoned, since February 2026; the exact words are not established.
        raise problem(403, "Forbidden", "You can only reply where you were mentioned or quoted.")
    return above


def _check_media(turn: Turn, ids: list[str]) -> None:
    for key in ids:
        medium = media.find(turn.db, entries.X, key)
        if (
            medium is None
            or medium.account != turn.account
            or turn.now > read(medium.created_at) + MEDIA_LIFE
        ):
            raise invalid("Your media IDs are invalid.", "media.media_ids", key)


def _check_new(turn: Turn, account: XAccount, text: str, above: Entry | None) -> None:
    """Refuse a duplicate as X did in February 2026 (403, without the id of the first)."""
    hours = switches.number(turn.db, "x_duplicate_hours")
    duplicates = entries.chosen(
        turn.db,
        "platform='x' AND account=? AND text=? AND text<>'' AND deleted_at IS NULL"
        " AND parent_id IS ? AND created_at>? AND created_at<=?",
        (
            account.id,
            text,
            above.id if above else None,
            written(turn.now - timedelta(hours=hours)),
            written(turn.now),
        ),
    )
    if duplicates and hours:
        detail = "You are not allowed to create a Tweet with duplicate content."
        raise problem(403, "Forbidden", detail)


def _answered(turn: Turn, above: Entry | None, account: XAccount, without: list[str]) -> list[str]:
    if above is None:
        return []
    names = answered_names(turn, above, account.username)
    return [name for name in names if not (name == above.handle and above.account in without)]


def answered_names(turn: Turn, above: Entry, own: str) -> list[str]:
    """Return the names in a reply: of the author it replies to, and those in that post."""
    if not switches.is_on(turn.db, "x_auto_mentions"):
        return []
    names = dict.fromkeys([above.handle, *leading(above.shown)])
    return [name for name in names if name.lower() != own.lower()]


def keep(
    turn: Turn,
    by: tuple[str, str, str],
    text: str,
    above: Entry | None,
    names: list[str],
    media_ids: list[str],
    citizen: bool = False,
) -> Entry:
    """Store a post in the ledger, with X's changes to its text."""
    key = next_id(turn.db, turn.now)
    wording = worded(turn.db, text, names, switches.is_on(turn.db, "x_html_escaped"))
    address = f"https://twitter.com/{by[1]}/status/{key}"
    with_pictures(turn.db, wording, address, [media_key(media_id) for media_id in media_ids])
    entry = Entry(
        id=key,
        platform=entries.X,
        kind=entries.COMMENT if above else entries.POST,
        account=by[0],
        handle=by[1],
        name=by[2],
        citizen=int(citizen),
        text=text,
        shown=wording.text,
        entities=wording.entities(),
        parent_id=above.id if above else None,
        root_id=above.root_id if above else key,
        created_at=written(turn.now),
        public_from=written(turn.now),
    )
    entries.add(turn.db, entry)
    media.attach(turn.db, entries.X, key, media_ids)
    return entry


def delete(turn: Turn, key: str) -> Answer:
    """Handle DELETE /2/tweets/:id: only the account's own."""
    entry = _present(turn, key)
    if entry.account != acting(turn).id:
        raise problem(403, "Forbidden", "You are not allowed to delete this Tweet.")
    entries.delete(turn.db, entry, turn.now)
    return Answer(200, {"data": {"deleted": True}})


def hide(turn: Turn, key: str) -> Answer:
    """Handle PUT /2/tweets/:id/hidden: only replies under the account's own post."""
    body = bodies.json_object()
    bodies.only(body, frozenset({"hidden"}))
    hidden = body.get("hidden")
    if not isinstance(hidden, bool):
        raise invalid("[$.hidden] is not a boolean", "hidden")
    entry = _present(turn, key)
    root = entries.find(turn.db, entries.X, entry.root_id)
    if entry.parent_id is None or root is None or root.account != acting(turn).id:
        raise problem(403, "Forbidden", "You may hide only replies to your own posts.")
    entries.change(turn.db, entry, "hidden", int(hidden))
    return Answer(200, {"data": {"hidden": hidden}})


def _present(turn: Turn, key: str) -> Entry:
    entry = entries.find(turn.db, entries.X, bodies.an_id(key, "id"))
    if entry is None:
        raise Refused(
            Answer(404, not_found(key) | {"status": 404, "type": PROBLEMS + "resource-not-found"})
        )
    return entry
