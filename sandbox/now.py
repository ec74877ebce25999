"""The only module of the sandbox that reads the time, and the time's format in the ledger."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def pause(seconds: float) -> None:
    """Let this request hang; other threads continue."""
    time.sleep(seconds)


def format_time(at: datetime) -> str:
    """Format an aware time with fixed width, so that texts sort by time."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def parse_time(text: str) -> datetime:
    """Parse an aware UTC time from ISO text (a naive time is UTC). Raises ValueError."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def before(at: datetime, seconds: float) -> str:
    """Return the formatted time `seconds` before `at`."""
    return format_time(at - timedelta(seconds=seconds))
