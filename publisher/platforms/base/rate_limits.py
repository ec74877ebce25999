"""Rate limits from responses, completed if a platform leaves something out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher.platforms.base.types import Allowance

PUBLISH = "publish"
HOUR = timedelta(hours=1)
AGAIN = timedelta(minutes=5)
"""The time until the next attempt if a limit is exhausted and its end is not reported."""

LONGEST_WAIT = timedelta(hours=25)
"""A limit that is reported to end later than this is an error of the platform."""


@dataclass(frozen=True)
class RateWindow:
    """A rate limit as a response reported it: `name` is the operation and its window."""

    name: str
    most: int
    remaining: int
    resets_at: datetime


def read(allowances: Iterable[Allowance], *, now: datetime) -> tuple[RateWindow, ...]:
    """Return the limits that a platform reported, without those that make no sense.

    The last report of a window counts. If its end is not reported, an exhausted limit is retried
    soon, and any other holds for an hour.
    """
    windows = {
        allowance.name: window
        for allowance in allowances
        if (window := _whole(allowance, now)) is not None
    }
    return tuple(windows.values())


def _whole(allowance: Allowance, now: datetime) -> RateWindow | None:
    if allowance.remaining is None:
        return None
    most = allowance.remaining if allowance.most is None else allowance.most
    default_reset = now + (AGAIN if allowance.remaining <= 0 else HOUR)
    resets_at = sensible(allowance.resets_at or default_reset, now)
    return RateWindow(allowance.name, most, allowance.remaining, resets_at) if resets_at else None


def sensible(moment: datetime, received_at: datetime) -> datetime | None:
    """Return the moment, unless it is past or implausibly far away."""
    return moment if received_at < moment <= received_at + LONGEST_WAIT else None


def end_of_wait(seconds: str, received_at: datetime) -> datetime | None:
    """Return the end of a wait, given in seconds by a header; None if it makes no sense."""
    try:
        return sensible(received_at + timedelta(seconds=int(seconds)), received_at)
    except (ValueError, OverflowError):
        return None
