"""Ids as Facebook builds them, with the page's or post's number in front."""

from __future__ import annotations

import sqlite3

from sandbox.ledger import next_number

FIRST = 122_100_000_000_001


def next_id(db: sqlite3.Connection) -> str:
    """Return a number that was never used."""
    return str(next_number(db, "facebook", FIRST))
