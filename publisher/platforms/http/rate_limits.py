"""Rate limits from responses, completed if a platform leaves something out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher.platforms.base.types import Allowance
from publisher.platforms.http.responses import sensible

PUBLISH = "publish"
HOUR = timedelta(hours=1)
AGAIN = timedelta(minutes=5)
"""The time until the next attempt if a limit is exhausted and its end is not reported."""


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
