"""Template filters for times and numbers in the language of the page, and cursors of lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from jinja2 import pass_context
from jinja2.runtime import Context

from publisher.i18n import dates
from publisher.i18n.languages import digits, format_numbered
from publisher.i18n.text_cleaning import strip_leading_handles
from publisher.reports.types import Cursor
from web.core.list_pages import newest_page
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
    """Register the filters; `locale` returns the language of the current request.

    when, when_short, plain_when, stamp, day, full_date, clock_time and clock_seconds return a
    moment in words.
    remaining returns "(1 hour 20 minutes left)", ago a unit and a number, digits and numbered
    a number.
    """

    def with_now(function: Callable[..., str]) -> Callable[[Any, datetime], str]:
        return lambda at, now: function(at, locale(), now=now)

    app.jinja_env.filters.update(
        {
            "when": with_now(dates.moment),
            "when_short": with_now(dates.short_moment),
            "plain_when": with_now(dates.plain_moment),
            "stamp": with_now(dates.stamp),
            "day": with_now(dates.day),
            "day_heading": with_now(dates.day_heading),
            "remaining": with_now(dates.remaining),
            "full_date": lambda at: dates.full_date(at, locale()),
            "clock_time": lambda at: dates.clock_time(at, locale()),
            "clock_seconds": lambda at: dates.clock_time(at, locale(), has_seconds=True),
        }
    )

    @pass_context  # else Jinja folds `4|digits` once, in the first request's language
    def in_digits(_context: Context, value: object) -> str:
        return digits(str(value), locale())

    app.jinja_env.filters.update(
        {
            "digits": in_digits,
            "numbered": lambda value: format_numbered(value, locale()),
            "ago": ago,
            "newest_page": newest_page,
            "strip_leading_handles": strip_leading_handles,
        }
    )


def encode_cursor(cursor: Cursor | None) -> str:
    """Return a cursor (moment and id of a page's last row) for a URL; empty if there is none."""
    return f"{cursor[0].isoformat()}_{cursor[1]}" if cursor is not None else ""


def decode_cursor(text: str) -> Cursor | None:
    """Return the cursor of a URL, or None if it is not valid."""
    iso_moment, _, row_id = text.rpartition("_")
    try:
        at = datetime.fromisoformat(iso_moment.replace(" ", "+"))
        return (at.astimezone(UTC), key_of(row_id)) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
