"""Posts and comments of both platforms, as rows of the ledger."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime

from sandbox.now import before, format_time

X = "x"
FACEBOOK = "facebook"
POST = "post"
COMMENT = "comment"


@dataclass(frozen=True)
class Entry:
    """A post or comment. `text` is as sent, `shown` as the platform returns it.

    `public_from` is None while unpublished; `entities` is JSON text; times are formatted in UTC.
    """

    id: str
    platform: str
    kind: str
    account: str
    handle: str
    name: str
    text: str
    created_at: str
    root_id: str
    shown: str = ""
    citizen: int = 0
    link: str = ""
    entities: str = "{}"
    parent_id: str | None = None
    hidden: int = 0
    public_from: str | None = None
    edited_at: str | None = None
    deleted_at: str | None = None

    def is_public(self, at: datetime) -> bool:
        """Return True if everybody can see it at this time."""
        return self.public_from is not None and self.public_from <= format_time(at)


COLUMNS = tuple(field.name for field in fields(Entry))


def add(db: sqlite3.Connection, entry: Entry) -> Entry:
    """Store a new entry."""
    names, placeholders = ", ".join(COLUMNS), ", ".join(f":{name}" for name in COLUMNS)
    query = f"INSERT INTO entries ({names}) VALUES ({placeholders})"  # noqa: S608  # our own columns
    db.execute(query, asdict(entry))
    return entry


def select(db: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[Entry]:
    """Return the entries that meet an SQL condition of this package (never a caller's text)."""
    query = f"SELECT * FROM entries WHERE {where}"  # noqa: S608  # `where` is our own
    return [Entry(**dict(row)) for row in db.execute(query, values)]


def find(db: sqlite3.Connection, platform: str, key: str) -> Entry | None:
    """Return the entry with this id, unless it was deleted."""
    rows = select(db, "platform=? AND id=? AND deleted_at IS NULL", (platform, key))
    return rows[0] if rows else None


def by_account(
    db: sqlite3.Connection, platform: str, account: str, now: datetime, lag: float = 0
) -> list[Entry]:
    """Return an account's entries, newest first, without those younger than `lag` seconds."""
    return select(
        db,
        "platform=? AND account=? AND deleted_at IS NULL AND created_at<=?"
        " ORDER BY created_at DESC, length(id) DESC, id DESC",
        (platform, account, _horizon(now, lag)),
    )


def comments_under(
    db: sqlite3.Connection, platform: str, root_id: str, now: datetime, lag: float = 0
) -> list[Entry]:
    """Return every comment of a conversation, oldest first."""
    return select(
        db,
        "platform=? AND root_id=? AND parent_id IS NOT NULL AND deleted_at IS NULL"
        " AND created_at<=? ORDER BY created_at, length(id), id",
        (platform, root_id, _horizon(now, lag)),
    )


def _horizon(now: datetime, lag: float) -> str:
    return before(now, lag) if lag else "9999"


def change(db: sqlite3.Connection, entry: Entry, column: str, value: object) -> None:
    """Set a column of an entry; the old text of a change is kept in the ledger."""
    if column not in COLUMNS:
        raise ValueError(column)
    query = f"UPDATE entries SET {column}=? WHERE platform=? AND id=?"  # noqa: S608  # checked above
    db.execute(query, (value, entry.platform, entry.id))


def edit(db: sqlite3.Connection, entry: Entry, text: str, now: datetime) -> Entry:
    """Replace an entry's text, and return the new entry; the ledger keeps the old one."""
    db.execute(
        "INSERT INTO edits VALUES (?, ?, ?, ?)",
        (entry.platform, entry.id, format_time(now), entry.text),
    )
    for column, value in (("text", text), ("shown", text), ("edited_at", format_time(now))):
        change(db, entry, column, value)
    return replace(entry, text=text, shown=text, edited_at=format_time(now))


def delete(db: sqlite3.Connection, entry: Entry, now: datetime) -> None:
    """Delete an entry from the platform; its row stays in the ledger."""
    change(db, entry, "deleted_at", format_time(now))
