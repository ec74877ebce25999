"""The sandbox's only reader of the time, and its written form in the ledger."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def pause(seconds: float) -> None:
    """Let this one request hang; the other threads go on."""
    time.sleep(seconds)


def written(at: datetime) -> str:
    """A fixed-width text of an aware time, so that texts sort as times do."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def read(text: str) -> datetime:
    """An aware UTC time from ISO text (a bare time counts as UTC). Raises ValueError."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def before(at: datetime, seconds: float) -> str:
    """The written form of `seconds` before `at`."""
    return written(at - timedelta(seconds=seconds))
