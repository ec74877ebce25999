"""Settings of scheduling and of the delivery to platforms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from publisher.settings.reader import (
    NAME,
    PREFIX,
    Parser,
    Reader,
    WrongSetting,
    matching,
    positive,
    setting,
    whole,
)

_SECONDS = "write seconds, such as "


def read_seconds(text: str) -> tuple[float, ...]:
    """Parse positive numbers of seconds, separated by commas; raises `ValueError`."""
    return tuple(positive()(part) for part in text.split(","))


def span(unit: timedelta, most: int) -> Parser[timedelta]:
    """Return a parser of a number of this unit, from 0 to `most`, which raises `ValueError`."""
    return lambda text: whole(0, most)(text) * unit


@dataclass(frozen=True)
class DeliverySettings:
    """Limits of the delivery to platforms. Durations are in seconds.

    `connections` is the number of concurrent tries of one clock. Only one of the clocks with the
    same `clock_name` runs at a time ("": nothing is known about the others).
    """

    lease: float = setting(positive(), f"{_SECONDS}120", "120")
    send_deadline: float = setting(positive(), f"{_SECONDS}45", "45")
    looks: tuple[float, ...] = setting(read_seconds, f"{_SECONDS}20,60,300,900", "20,60,300,900")
    connections: int = setting(whole(1, 256), "write how many, such as 16", "16")
    clock_name: str = setting(matching(NAME), "write a name, such as clock-1")


def read_delivery(reader: Reader) -> DeliverySettings:
    """Return the settings of publishing; raises `WrongSetting`."""
    delivery = reader.read_group(DeliverySettings)
    if delivery.send_deadline >= delivery.lease / 2:
        raise WrongSetting("SEND_DEADLINE", f"has to be shorter than half of {PREFIX}LEASE")
    return delivery


@dataclass(frozen=True)
class SchedulingSettings:
    """How long *Publish now* can be stopped, and how far apart a post's languages are suggested.

    `undo` is how long declining, merging, cancelling, transferring and closing can be undone.
    """

    take_back: timedelta = setting(span(timedelta(seconds=1), 600), f"{_SECONDS}30", "30")
    undo: timedelta = setting(span(timedelta(seconds=1), 600), f"{_SECONDS}30", "30")
    language_stagger: timedelta = setting(
        span(timedelta(minutes=1), 720), "write minutes, such as 15", "15"
    )
