"""Ids as Facebook gives them: a page's or a post's number in front of one's own."""

from __future__ import annotations

import sqlite3

from sandbox.ledger import next_number

FIRST = 122_100_000_000_001


def next_id(db: sqlite3.Connection) -> str:
    """A number never given before."""
    return str(next_number(db, "facebook", FIRST))
