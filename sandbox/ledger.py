"""The sandbox's storage: one durable SQLite file of everything ever created."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
  id TEXT NOT NULL, platform TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('post','comment')),
  account TEXT NOT NULL, handle TEXT NOT NULL, name TEXT NOT NULL, citizen INTEGER NOT NULL,
  text TEXT NOT NULL, shown TEXT NOT NULL, link TEXT NOT NULL, entities TEXT NOT NULL,
  parent_id TEXT, root_id TEXT NOT NULL, hidden INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL, public_from TEXT, edited_at TEXT, deleted_at TEXT,
  PRIMARY KEY (platform, id)
);
CREATE INDEX IF NOT EXISTS entries_account ON entries (platform, account, created_at);
CREATE INDEX IF NOT EXISTS entries_root ON entries (platform, root_id, created_at);
CREATE INDEX IF NOT EXISTS entries_time ON entries (platform, created_at);
CREATE TABLE IF NOT EXISTS edits (
  platform TEXT NOT NULL, entry_id TEXT NOT NULL, edited_at TEXT NOT NULL,
  text_before TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS pictures (digest TEXT PRIMARY KEY, mime TEXT NOT NULL, bytes BLOB);
CREATE TABLE IF NOT EXISTS media (
  id TEXT NOT NULL, platform TEXT NOT NULL, account TEXT NOT NULL, digest TEXT NOT NULL,
  alt TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, size INTEGER NOT NULL,
  created_at TEXT NOT NULL, PRIMARY KEY (platform, id)
);
CREATE TABLE IF NOT EXISTS attachments (
  platform TEXT NOT NULL, entry_id TEXT NOT NULL, place INTEGER NOT NULL, media_id TEXT NOT NULL,
  PRIMARY KEY (platform, entry_id, place)
);
CREATE TABLE IF NOT EXISTS short_links (code TEXT PRIMARY KEY, url TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS windows (
  name TEXT PRIMARY KEY, started_at TEXT NOT NULL, used INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, platform TEXT NOT NULL,
  operation TEXT NOT NULL, account TEXT, code INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS faults (
  id INTEGER PRIMARY KEY AUTOINCREMENT, platform TEXT NOT NULL, operation TEXT NOT NULL,
  kind TEXT NOT NULL, account TEXT, remaining INTEGER, skip INTEGER NOT NULL,
  seconds REAL, code INTEGER, subcode INTEGER
);
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mails (
  id INTEGER PRIMARY KEY AUTOINCREMENT, received_at TEXT NOT NULL, sender TEXT NOT NULL,
  recipients TEXT NOT NULL, raw BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS letters (
  id INTEGER PRIMARY KEY AUTOINCREMENT, written_at TEXT NOT NULL, sender TEXT NOT NULL,
  subject TEXT NOT NULL, raw BLOB NOT NULL, outcome TEXT NOT NULL DEFAULT '',
  url TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS correspondents (
  address TEXT PRIMARY KEY, name TEXT NOT NULL, office TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS parts (
  medium TEXT NOT NULL, place INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (medium, place)
);
CREATE TABLE IF NOT EXISTS uploads (
  id TEXT PRIMARY KEY, account TEXT NOT NULL, mime TEXT NOT NULL, size INTEGER NOT NULL,
  begun_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS endings (
  platform TEXT NOT NULL, account TEXT NOT NULL, ends_at TEXT NOT NULL, subcode INTEGER NOT NULL,
  PRIMARY KEY (platform, account)
);
CREATE TABLE IF NOT EXISTS request_tokens (
  token TEXT PRIMARY KEY, secret TEXT NOT NULL, callback TEXT NOT NULL, made_at TEXT NOT NULL,
  account TEXT, verifier TEXT
);
CREATE TABLE IF NOT EXISTS codes (
  code TEXT PRIMARY KEY, redirect_uri TEXT NOT NULL, scopes TEXT NOT NULL, pages TEXT NOT NULL,
  made_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS tokens (
  token TEXT PRIMARY KEY, page TEXT, scopes TEXT NOT NULL, pages TEXT NOT NULL,
  issued_at TEXT NOT NULL, expires_at TEXT
);
CREATE TABLE IF NOT EXISTS hooks (
  name TEXT PRIMARY KEY CHECK (name = 'facebook'), url TEXT NOT NULL, verify_token TEXT NOT NULL,
  verified_at TEXT, most INTEGER NOT NULL, twice INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS subscriptions (page TEXT PRIMARY KEY, fields TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS updates (
  id INTEGER PRIMARY KEY AUTOINCREMENT, page TEXT NOT NULL, noted_at TEXT NOT NULL,
  change TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, next_at TEXT NOT NULL, sent_at TEXT
);
"""
# Columns that came later: a ledger of before is given them when it is opened.
LATER = (("faults", "subcode", "INTEGER"),)


class Ledger:
    """A connection behind a lock: transactions are short, and simulated hangs outside of them."""

    def __init__(self, folder: Path) -> None:
        """Open or create the ledger in `folder`, which is created if missing."""
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            folder / "sandbox.sqlite3", isolation_level=None, check_same_thread=False, timeout=10
        )
        self._connection.row_factory = sqlite3.Row
        self.close = weakref.finalize(self, self._connection.close)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(SCHEMA)
        self._grow()

    def _grow(self) -> None:
        for table, column, kind in LATER:
            columns = self._connection.execute(f"PRAGMA table_info({table})")
            if column not in {row["name"] for row in columns}:
                self._connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit the block's changes; roll them back on any exception."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


def next_number(db: sqlite3.Connection, name: str, floor: int) -> int:
    """Return a number higher than any before in this series, and at least `floor`."""
    row = db.execute(
        "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
        " SET value = max(value + 1, excluded.value) RETURNING value",
        (name, floor),
    ).fetchone()
    return int(row["value"])
