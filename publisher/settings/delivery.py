"""Settings of the platforms, and of the accounts that `nagarvani init` connects."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta

LOOKS: tuple[float, ...] = (20.0, 60.0, 300.0, 900.0)


@dataclass(frozen=True)
class DeliverySettings:
    """Addresses and limits of the delivery to platforms. Durations are in seconds.

    `connections` is the number of concurrent tries of one clock; a post older than
    `weekly_looks_after` is checked weekly instead of daily (None: always daily).
    """

    x_api_url: str
    x_web_url: str
    graph_api_url: str
    graph_api_version: str
    facebook_web_url: str
    lease: float
    send_deadline: float
    looks: tuple[float, ...]
    connections: int
    weekly_looks_after: timedelta | None


@dataclass(frozen=True)
class Access:
    """The app's keys, and the accounts that `nagarvani init` connects; empty if not set."""

    x_handle: str
    x_consumer_key: str
    x_consumer_secret: str
    x_access_token: str
    x_access_token_secret: str
    facebook_page_id: str
    facebook_page_token: str
    facebook_app_id: str
    facebook_app_secret: str


def read_version(text: str) -> str:
    """Parse a version of the Graph API, such as v26.0; raises `ValueError`."""
    if not re.fullmatch(r"v\d{1,3}\.\d", text):
        raise ValueError(text)
    return text


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


def read_some(text: str) -> int:
    """Parse a number from 1 to 256; raises `ValueError`."""
    if not 1 <= int(text) <= 256:
        raise ValueError(text)
    return int(text)
