"""The limits that answers told, made whole where a platform leaves something unsaid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher.platforms.base.types import Allowance
from publisher.platforms.http.responses import sensible

PUBLISH = "publish"
HOUR = timedelta(hours=1)
AGAIN = timedelta(minutes=5)
"""When to ask anew where a bucket is full and nothing says until when."""


@dataclass(frozen=True)
class RateWindow:
    """One limit as an answer told it: `name` is the operation and its window."""

    name: str
    most: int
    remaining: int
    resets_at: datetime


def read(allowances: Iterable[Allowance], *, now: datetime) -> tuple[RateWindow, ...]:
    """The limits that a platform told of; what makes no sense is left out.

    The last that tells of a window counts. Where none says when it ends, a full one is asked about
    again soon, and another one holds for an hour.
    """
    found = {one.name: window for one in allowances if (window := _whole(one, now)) is not None}
    return tuple(found.values())


def _whole(told: Allowance, now: datetime) -> RateWindow | None:
    if told.remaining is None:
        return None
    most = told.remaining if told.most is None else told.most
    unsaid = now + (AGAIN if told.remaining <= 0 else HOUR)
    resets_at = sensible(told.resets_at or unsaid, now)
    return RateWindow(told.name, most, told.remaining, resets_at) if resets_at else None
