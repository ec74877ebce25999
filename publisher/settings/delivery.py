"""Settings of the delivery to platforms."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta

_NAME = re.compile(r"[A-Za-z0-9._@-]{0,50}")
LOOKS: tuple[float, ...] = (20.0, 60.0, 300.0, 900.0)


@dataclass(frozen=True)
class DeliverySettings:
    """Limits of the delivery to platforms. Durations are in seconds.

    `connections` is the number of concurrent tries of one clock; a post older than
    `weekly_looks_after` is checked weekly instead of daily (None: always daily). Of the clocks with
    one `clock_name` only one runs at a time ("": nothing is known about the others).
    """

    lease: float
    send_deadline: float
    looks: tuple[float, ...]
    connections: int
    weekly_looks_after: timedelta | None
    clock_name: str = ""


def read_second(text: str) -> float:
    """Parse a positive number of seconds; raises `ValueError`."""
    seconds = float(text)
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError(text)
    return seconds


def read_seconds(text: str) -> tuple[float, ...]:
    """Parse positive numbers of seconds, separated by commas; raises `ValueError`."""
    return tuple(read_second(part) for part in text.split(","))


def read_days(text: str) -> timedelta | None:
    """Parse a positive number of days; "never" means None. Raises `ValueError`."""
    if text == "never":
        return None
    if not 1 <= int(text) <= 36_500:
        raise ValueError(text)
    return timedelta(days=int(text))


def read_name(text: str) -> str:
    """Parse the name of a clock: up to 50 letters, digits, dots, dashes; raises `ValueError`."""
    if not _NAME.fullmatch(text):
        raise ValueError(text)
    return text


def read_some(text: str) -> int:
    """Parse a number from 1 to 256; raises `ValueError`."""
    if not 1 <= int(text) <= 256:
        raise ValueError(text)
    return int(text)
