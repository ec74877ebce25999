"""The end of an account's access, as set by a person or a test."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.credentials import FACEBOOK_PAGES, X_ACCOUNTS
from sandbox.now import format_time, parse_time

EXPIRED = 463
MAX_MINUTES = 100_000
# Facebook: why a token does not hold any more (its page on handling errors; 463, 464, 467 and 492
# from notes that cite it).
SUBCODES = (458, 459, 460, 463, 464, 467, 492)
ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    "x": tuple(account.id for account in X_ACCOUNTS),
    "facebook": tuple(page.id for page in FACEBOOK_PAGES),
}


class BadEnding(ValueError):
    """An ending was refused; names the invalid field."""


@dataclass(frozen=True)
class Ending:
    """From this aware time on the account's tokens are refused; `subcode` is Facebook's reason."""

    platform: str
    account: str
    ends_at: datetime
    subcode: int = EXPIRED


def read_ending(values: Mapping[str, object], now: datetime) -> Ending:
    """Parse an ending from a form or JSON: `at`, or `minutes` from now. Raises BadEnding."""
    both = str(values.get("ending", "")).partition(" ")  # as the page's single field sends them
    platform = str(values.get("platform") or both[0])
    account = str(values.get("account") or both[2])
    if account not in ACCOUNTS.get(platform, ()):
        raise BadEnding("account")
    subcode = str(values.get("subcode") or EXPIRED)
    if not subcode.isdecimal() or int(subcode) not in SUBCODES:
        raise BadEnding("subcode")
    return Ending(platform, account, _moment(values, now), int(subcode))


def _moment(values: Mapping[str, object], now: datetime) -> datetime:
    if at := str(values.get("at") or ""):
        try:
            return parse_time(at)
        except ValueError:
            raise BadEnding("at") from None
    minutes = str(values.get("minutes") or "0").strip()
    if not minutes.isdecimal() or int(minutes) > MAX_MINUTES:
        raise BadEnding("minutes")
    return now + timedelta(minutes=int(minutes))


def add(db: sqlite3.Connection, ending: Ending) -> None:
    """Set the end of an account's access; it replaces an earlier setting."""
    db.execute(
        "INSERT OR REPLACE INTO endings VALUES (?, ?, ?, ?)",
        (ending.platform, ending.account, format_time(ending.ends_at), ending.subcode),
    )


def all_endings(db: sqlite3.Connection) -> list[Ending]:
    """Return every ending, the next one first."""
    rows = db.execute("SELECT * FROM endings ORDER BY ends_at, platform, account")
    return [
        Ending(row["platform"], row["account"], parse_time(row["ends_at"]), row["subcode"])
        for row in rows
    ]


def renew(db: sqlite3.Connection) -> None:
    """Remove every ending, as after new tokens were issued."""
    db.execute("DELETE FROM endings")


def ended(db: sqlite3.Connection, platform: str, account: str | None, now: datetime) -> int | None:
    """Return Facebook's subcode if this account's access has ended; else None."""
    row = db.execute(
        "SELECT subcode FROM endings WHERE platform=? AND account=? AND ends_at<=?",
        (platform, account, format_time(now)),
    ).fetchone()
    return int(row["subcode"]) if row else None
