"""Ids as X assigns them: from the time, always increasing."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from sandbox.ledger import next_number
from sandbox.now import utc_now

EPOCH_MS = 1288834974657
SEED_SECONDS = 1


def next_id(db: sqlite3.Connection, at: datetime) -> str:
    """Return the next id: ids follow the time, and each is higher than the one before.

    An entry seeded for another time gets an id of that time, so that timelines stay in order.
    """
    number = (int(at.timestamp() * 1000) - EPOCH_MS) << 22
    if abs((utc_now() - at).total_seconds()) < SEED_SECONDS:
        number = next_number(db, "x", number)
    while _is_taken(db, str(number)):
        number += 1
    return str(number)


def _is_taken(db: sqlite3.Connection, key: str) -> bool:
    query = (
        "SELECT 1 FROM entries WHERE platform='x' AND id=:id"
        " UNION SELECT 1 FROM media WHERE platform='x' AND id=:id"
    )
    return db.execute(query, {"id": key}).fetchone() is not None
