"""Settings of scheduling and of the delivery to platforms."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta

from publisher.settings.reader import PREFIX, Reader, WrongSetting

_NAME = re.compile(r"[A-Za-z0-9._@-]{0,50}")
TAKE_BACK = timedelta(seconds=30)
LANGUAGE_STAGGER = timedelta(minutes=15)
LONGEST_TAKE_BACK = timedelta(minutes=10)
LONGEST_STAGGER = timedelta(hours=12)
LOOKS: tuple[float, ...] = (20.0, 60.0, 300.0, 900.0)


@dataclass(frozen=True)
class DeliverySettings:
    """Limits of the delivery to platforms. Durations are in seconds.

    `connections` is the number of concurrent tries of one clock. Of the clocks with one
    `clock_name` only one runs at a time ("": nothing is known about the others).
    """

    lease: float
    send_deadline: float
    looks: tuple[float, ...]
    connections: int
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


def read_delivery(reader: Reader) -> DeliverySettings:
    """Return the settings of publishing; raises `WrongSetting`."""
    lease = reader.read("LEASE", 120.0, read_second, "write seconds, such as 120")
    deadline = reader.read("SEND_DEADLINE", 45.0, read_second, "write seconds, such as 45")
    if deadline >= lease / 2:
        raise WrongSetting("SEND_DEADLINE", f"has to be shorter than half of {PREFIX}LEASE")
    return DeliverySettings(
        lease=lease,
        send_deadline=deadline,
        looks=reader.read("LOOKS", LOOKS, read_seconds, "write seconds, such as 20,60,300,900"),
        connections=reader.read("CONNECTIONS", 16, read_some, "write how many, such as 16"),
        clock_name=reader.read("CLOCK_NAME", "", read_name, "write a name, such as clock-1"),
    )


@dataclass(frozen=True)
class SchedulingSettings:
    """How long *Publish now* can be stopped, and how far apart a post's languages are suggested.

    `undo` is how long declining, merging, cancelling, transferring and closing can be undone.
    """

    take_back: timedelta
    undo: timedelta
    language_stagger: timedelta


def read_take_back(text: str) -> timedelta:
    """Parse a number of seconds, from 0 to 600; raises `ValueError`."""
    return _up_to(timedelta(seconds=int(text)), LONGEST_TAKE_BACK)


def read_stagger(text: str) -> timedelta:
    """Parse a number of minutes, from 0 to 720; raises `ValueError`."""
    return _up_to(timedelta(minutes=int(text)), LONGEST_STAGGER)


def _up_to(span: timedelta, longest: timedelta) -> timedelta:
    if not timedelta() <= span <= longest:
        raise ValueError(span)
    return span
