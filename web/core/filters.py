"""Filters that say times and numbers in the language of the page.

Where a page of a list ends, in an address: the moment and the id of its last row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from flask import Flask
from jinja2 import pass_context
from jinja2.runtime import Context

from publisher.i18n import dates
from publisher.i18n.languages import digits, numbered
from publisher.reports.types import Cursor
from web.forms import key_of

Locale = Callable[[], str]
Ago = tuple[str, int]


def ago(at: datetime, now: datetime) -> Ago:
    """Return how long ago something was, as ("minutes" | "hours" | "days", number)."""
    span = max(now - at, timedelta(0))
    if span >= timedelta(days=1):
        return "days", span.days
    if span >= timedelta(hours=1):
        return "hours", span.seconds // 3600
    return "minutes", max(span.seconds // 60, 1)


def register(app: Flask, locale: Locale) -> None:
    """Register the filters; `locale` gives the language of the request in hand.

    when, when_short, plain_when, stamp, day, full_date, clock_time: a moment in words.
    remaining: "(1 hour 20 minutes left)". ago: its unit and number. digits, numbered: figures.
    """
    app.jinja_env.filters.update(_moments(locale))
    app.jinja_env.filters.update(_figures(locale))


def _moments(locale: Locale) -> dict[str, Callable[..., str]]:
    def when(at: datetime, now: datetime) -> str:
        return dates.moment(at, locale(), now=now)

    def when_short(at: datetime, now: datetime) -> str:
        return dates.short_moment(at, locale(), now=now)

    def plain_when(at: datetime, now: datetime) -> str:
        return dates.plain_moment(at, locale(), now=now)

    def stamp(at: datetime, now: datetime) -> str:
        return dates.stamp(at, locale(), now=now)

    def day(at: date, now: datetime) -> str:
        return dates.day(at, locale(), now=now)

    def day_heading(at: date, now: datetime) -> str:
        return dates.day_heading(at, locale(), now=now)

    def remaining(at: datetime, now: datetime) -> str:
        return dates.remaining(at, locale(), now=now)

    named = (when, when_short, plain_when, stamp, day, day_heading, remaining)
    return {given.__name__: given for given in named}


def _figures(locale: Locale) -> dict[str, Callable[..., object]]:
    @pass_context  # else Jinja folds `4|digits` once, in the language of whoever came first
    def in_digits(_context: Context, value: object) -> str:
        return digits(str(value), locale())

    def in_number(value: int) -> str:
        return numbered(value, locale())

    def full_date(at: date) -> str:
        return dates.full_date(at, locale())

    def clock_time(at: datetime) -> str:
        return dates.clock_time(at, locale())

    return {
        "digits": in_digits,
        "numbered": in_number,
        "full_date": full_date,
        "clock_time": clock_time,
        "ago": ago,
    }


def place_to(place: Cursor | None) -> str:
    """The place as it stands in an address; empty where nothing follows."""
    return f"{place[0].isoformat()}_{place[1]}" if place is not None else ""


def place_from(typed: str) -> Cursor | None:
    """The place out of an address; None where it is none."""
    moment, _, key = typed.rpartition("_")
    try:
        at = datetime.fromisoformat(moment.replace(" ", "+"))
        return (at.astimezone(UTC), key_of(key)) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
