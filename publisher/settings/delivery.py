"""How the press reaches the platforms, and the accounts that `nagarvani init` connects."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta

LOOKS: tuple[float, ...] = (20.0, 60.0, 300.0, 900.0)


@dataclass(frozen=True)
class DeliverySettings:
    """How the press reaches the platforms. Durations are in seconds.

    `connections` is how many tries one clock makes at the same time; `weekly_looks_after` how old
    what is out becomes before it is read back weekly instead of daily (None: never).
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
    """The app's keys, and the accounts that `nagarvani init` connects; empty where not given."""

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
    """A version of the Graph interface, such as v26.0."""
    if not re.fullmatch(r"v\d{1,3}\.\d", text):
        raise ValueError(text)
    return text


def read_second(text: str) -> float:
    """Seconds, more than none."""
    seconds = float(text)
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError(text)
    return seconds


def read_seconds(text: str) -> tuple[float, ...]:
    """Several of them, with commas between."""
    return tuple(read_second(part) for part in text.split(","))


def read_days(text: str) -> timedelta | None:
    """Days, at least one; none: never."""
    if text == "never":
        return None
    if not 1 <= int(text) <= 36_500:
        raise ValueError(text)
    return timedelta(days=int(text))


def read_some(text: str) -> int:
    """How many, from 1 to 256."""
    if not 1 <= int(text) <= 256:
        raise ValueError(text)
    return int(text)
