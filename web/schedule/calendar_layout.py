"""The layout of the calendar: the requested part, and the rows and cells of its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any

from flask import url_for

from publisher.i18n import dates
from publisher.reports.calendar import Item
from publisher.reports.calendar_month import CalendarDay, next_month, previous_month
from publisher.working_time import ONE_DAY, from_local, local
from web.core.context import ctx
from web.core.i18n import page_language

MOST_IN_CELL = 4
MOST_LISTED = 60
"""The most items on a page of the list."""
BANDS = ((0, 6), *((hour, hour + 2) for hour in range(6, 24, 2)))
"""The rows of a week, as the first hour and the hour at which the row ends."""


class CalendarView(StrEnum):
    """The views of the calendar."""

    MONTH = "month"
    WEEK = "week"
    LIST = "list"


@dataclass(frozen=True)
class CalendarQuery:
    """The requested part of the calendar, with its filters.

    `untimed` is the page of the posts without a time; `skip` items of the first day are left out of
    the list, because an earlier page has shown them.
    """

    view: CalendarView
    first: date
    days: int
    month: date
    account: int | None
    department: int | None
    state: str
    untimed: int = 1
    skip: int = 0

    def href(self, view: str, first: date, *, untimed: int = 1, skip: int = 0) -> str:
        """Return the URL of another part with the same filters."""
        in_month = view == CalendarView.MONTH
        parameters: dict[str, Any] = {
            "view": None if in_month else str(view),
            "month": f"{first:%Y-%m}" if in_month else None,
            "from": None if in_month else first.isoformat(),
            "account": self.account,
            "department": self.department,
            "state": self.state or None,
            "untimed": untimed if untimed > 1 else None,
            "skip": skip or None,
            "_anchor": "untimed" if untimed > 1 else None,
        }
        return url_for("calendar.index", **parameters)


@dataclass(frozen=True)
class Cell:
    """A day, with its label and the items that it shows; `more` are on the page `more_href`."""

    calendar_day: CalendarDay
    label: str
    classes: str
    items: tuple[Item, ...]
    more: int
    more_href: str


@dataclass(frozen=True)
class Band:
    """A row of the week table: its first hour, its label, and a cell for each day."""

    begins: time
    label: str
    cells: tuple[Cell, ...]


def title(choice: CalendarQuery) -> str:
    """Return the title: the month, or the first and the last day."""
    rules, now = page_language(), ctx.now()
    if choice.view is CalendarView.MONTH:
        return dates.month(choice.month, rules)
    last = choice.first + (choice.days - 1) * ONE_DAY
    first = dates.plain_day(choice.first, rules, now=now)
    return f"{first} – {dates.plain_day(last, rules, now=now)}"


def ways(choice: CalendarQuery, today: date) -> list[tuple[str, str, str]]:
    """Return earlier, today and later, each as its key, its label (which may be empty) and URL."""
    if choice.view is CalendarView.MONTH:
        earlier, later = previous_month(choice.month), next_month(choice.month)
        names = [dates.month(month, page_language()) for month in (earlier, later)]
    else:
        span = choice.days * ONE_DAY
        earlier, later, names = choice.first - span, choice.first + span, ["", ""]
    return [
        ("earlier", names[0], choice.href(choice.view, earlier)),
        ("today", "", choice.href(choice.view, today)),
        ("later", names[1], choice.href(choice.view, later)),
    ]


def first_day_of_view(choice: CalendarQuery, today: date) -> date:
    """Return the first day of another view: today if the calendar shows it, else the same day."""
    if choice.first <= today < choice.first + choice.days * ONE_DAY:
        return today
    return choice.month if choice.view is CalendarView.MONTH else choice.first


def page_urls(choice: CalendarQuery, *, has_more: bool) -> dict[str, str]:
    """Return the URLs of the previous and the next page of the posts without a time."""
    pages = {
        "previous_href": choice.untimed - 1,
        "next_href": choice.untimed + 1 if has_more else 0,
    }
    return {
        name: choice.href(choice.view, choice.first, untimed=page)
        for name, page in pages.items()
        if page
    }


def list_days(days: Sequence[CalendarDay], choice: CalendarQuery, today: date) -> list[Cell]:
    """Return the days of the list; for a month only its days with items, from today on.

    Next to a table each day has a few items; the list itself ends after `MOST_LISTED`.
    """
    if choice.view is CalendarView.LIST:
        # Whole days up to `MOST_LISTED` items, but at least a part of the first day.
        cells: list[Cell] = []
        for day in days:
            skip = 0 if cells else choice.skip
            shown_count = sum(len(cell.items) for cell in cells)
            if cells and (shown_count + len(day.items) > MOST_LISTED or cells[-1].more):
                break
            cells.append(_cell(day, choice, today, limit=MOST_LISTED, skip=skip))
        return cells
    if choice.view is CalendarView.WEEK:
        return [_cell(day, choice, today) for day in days]
    days_of_month = [day for day in days if day.day.replace(day=1) == choice.month]
    since = today if any(day.day == today for day in days_of_month) else date.min
    return [
        _cell(day, choice, today)
        for day in days_of_month
        if day.day == today or (day.items and day.day >= since)
    ]


def weeks(days: Sequence[CalendarDay], choice: CalendarQuery, today: date) -> list[list[Cell]]:
    """Return the rows of a month, with seven cells each."""
    if choice.view is not CalendarView.MONTH:
        return []
    cells = [_cell(day, choice, today) for day in days]
    return [cells[at : at + 7] for at in range(0, len(cells), 7)]


def _cell(
    day: CalendarDay,
    choice: CalendarQuery,
    today: date,
    *,
    limit: int = MOST_IN_CELL,
    skip: int = 0,
) -> Cell:
    is_other = choice.view is CalendarView.MONTH and day.day.replace(day=1) != choice.month
    marks = (
        ("today", day.day == today),
        ("past-day", day.day < today),
        ("other-month", is_other),
    )
    is_named = day.day.day == 1 and is_other
    left = day.items[skip:]
    is_list = choice.view is CalendarView.LIST
    items = left[: limit if len(left) <= limit else limit - 1]
    return Cell(
        calendar_day=day,
        label=dates.short_day(day.day, page_language()) if is_named else str(day.day.day),
        classes=" ".join(name for name, holds in marks if holds),
        items=items,
        more=len(left) - len(items),
        more_href=choice.href(CalendarView.LIST, day.day, skip=skip + len(items) if is_list else 0),
    )


def bands(days: Sequence[CalendarDay], choice: CalendarQuery, today: date) -> list[Band]:
    """Return the rows of a week, with seven cells each."""
    if choice.view is not CalendarView.WEEK:
        return []
    return [
        Band(
            begins=time(begins),
            label=_hours(today, begins, ends),
            cells=tuple(_cell(_part(day, begins, ends), choice, today) for day in days),
        )
        for begins, ends in BANDS
    ]


def _part(day: CalendarDay, begins: int, ends: int) -> CalendarDay:
    return CalendarDay(
        day.day, tuple(item for item in day.items if begins <= local(item.at).hour < ends)
    )


def _hours(day: date, begins: int, ends: int) -> str:
    """Return the hours of a row as text, in the city's time zone."""
    first, last = (
        dates.clock_time(from_local(day, time(hour % 24)), page_language(), short=True)
        for hour in (begins, ends)
    )
    return f"{first} – {last}"
