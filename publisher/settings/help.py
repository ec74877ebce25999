"""Contact of the help desk: telephone, mail and hours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from publisher.settings.reader import matching, setting

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PHONE = r"\+?[0-9][0-9 -]{1,18}[0-9]"
"""The pattern of a telephone number."""

_HOURS = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d{1,2}:\d\d)-(\d{1,2}:\d\d)")


@dataclass(frozen=True)
class Hours:
    """Opening hours from the first to the last weekday (0 is Monday), in city time."""

    first: int
    last: int
    opens: time
    closes: time


def read_hours(text: str) -> Hours:
    """Parse `mon-sat 10:00-18:00`, or a single day; raises `ValueError`."""
    match = _HOURS.fullmatch(text.lower())
    if match is None:
        raise ValueError(text)
    first, last, opens, closes = match.groups()
    hours = Hours(
        WEEKDAYS.index(first), WEEKDAYS.index(last or first), _clock(opens), _clock(closes)
    )
    if hours.opens >= hours.closes:
        raise ValueError(text)
    return hours


def _clock(text: str) -> time:
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


def read_address(text: str) -> str:
    """Parse a mail address, with or without a name before it; raises `ValueError`."""
    name, _, host = text.rpartition("@")
    if not name or not host or any(letter.isspace() for letter in host):
        raise ValueError(text)
    return text


@dataclass(frozen=True)
class HelpDesk:
    """The contact of the help desk; empty fields are not shown."""

    phone: str = setting(matching(PHONE), "write it as 020-5550-0100", name="HELP_PHONE")
    mail: str = setting(read_address, "write it as help@pmc.example", name="HELP_MAIL")
    hours: Hours | None = setting(
        read_hours,
        "write days and hours, such as mon-sat 10:00-18:00",
        lambda _reader: None,
        name="HELP_HOURS",
    )
