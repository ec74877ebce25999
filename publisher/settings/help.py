"""Where people get help with this house: telephone, mail, and when somebody answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d{1,2}:\d\d)-(\d{1,2}:\d\d)")


@dataclass(frozen=True)
class Hours:
    """From the first to the last weekday (0 is Monday), from opening to closing, city time."""

    first: int
    last: int
    opens: time
    closes: time


@dataclass(frozen=True)
class HelpDesk:
    """Whom to ask; what is empty is not shown."""

    phone: str
    mail: str
    hours: Hours | None


def read_phone(text: str) -> str:
    """A telephone number as people write it; raises ValueError."""
    if not re.fullmatch(r"\+?\d[\d -]{1,18}\d", text, re.ASCII):
        raise ValueError(text)
    return text


def read_hours(text: str) -> Hours:
    """`mon-sat 10:00-18:00`, or one day alone; raises ValueError."""
    found = _HOURS.fullmatch(text.lower())
    if found is None:
        raise ValueError(text)
    first, last, opens, closes = found.groups()
    hours = Hours(
        WEEKDAYS.index(first), WEEKDAYS.index(last or first), _clock(opens), _clock(closes)
    )
    if hours.opens >= hours.closes:
        raise ValueError(text)
    return hours


def _clock(text: str) -> time:
    hour, minute = text.split(":")
    return time(int(hour), int(minute))
