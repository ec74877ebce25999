"""Rate limit windows: the used calls of an account, and the reset."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.now import format_time, parse_time


@dataclass(frozen=True)
class Window:
    """The count after this call."""

    limit: int
    used: int
    resets_at: datetime

    @property
    def remaining(self) -> int:
        """The calls left, never below zero."""
        return max(0, self.limit - self.used)

    @property
    def over(self) -> bool:
        """True if this call exceeded the limit."""
        return self.used > self.limit


def count(
    db: sqlite3.Connection, name: str, limit: int, length: timedelta, now: datetime
) -> Window:
    """Count a call in the window of this name, which begins with its first call."""
    row = db.execute("SELECT started_at, used FROM windows WHERE name=?", (name,)).fetchone()
    started, used = (parse_time(row["started_at"]), int(row["used"])) if row else (now, 0)
    if not started <= now < started + length:
        started, used = now, 0
    db.execute(
        "INSERT OR REPLACE INTO windows VALUES (?, ?, ?)", (name, format_time(started), used + 1)
    )
    return Window(limit, used + 1, started + length)
