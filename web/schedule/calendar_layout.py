"""The calendar laid out: which part is asked for, and the rows and cells of its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any

from flask import url_for

from publisher.i18n import dates
from publisher.reports.calendar_month import CalendarDay, Item, next_month, previous_month
from publisher.working_time import ONE_DAY, local
from web.core.context import ctx
from web.core.i18n import page_language

MOST_IN_CELL = 4
BANDS: tuple[tuple[int, int], ...] = (
    (0, 6),
    (6, 8),
    (8, 10),
    (10, 12),
    (12, 14),
    (14, 16),
    (16, 18),
    (18, 20),
    (20, 22),
    (22, 24),
)
"""The rows of a week: from an hour of the day up to another."""


class CalendarView(StrEnum):
    """How the calendar is laid out."""

    MONTH = "month"
    WEEK = "week"
    LIST = "list"


@dataclass(frozen=True)
class CalendarQuery:
    """What of the calendar is asked for."""

    view: CalendarView
    first: date
    days: int
    month: date
    account: int | None
    department: int | None
    state: str

    def href(self, view: str, first: date) -> str:
        """The address of another part, with the same choices."""
        in_month = view == CalendarView.MONTH
        asked: dict[str, Any] = {
            "view": None if in_month else str(view),
            "month": f"{first:%Y-%m}" if in_month else None,
            "from": None if in_month else first.isoformat(),
            "account": self.account,
            "department": self.department,
            "state": self.state or None,
        }
        return url_for("calendar.index", **asked)


@dataclass(frozen=True)
class Cell:
    """A day of a table: how it is called there, and what stands in it."""

    of: CalendarDay
    label: str
    classes: str
    shown: tuple[Item, ...]
    more: int


@dataclass(frozen=True)
class Band:
    """A row of the week: its first and last moment of a day as clocks show it, and its cells."""

    begins: time
    label: str
    cells: tuple[Cell, ...]


def title(choice: CalendarQuery) -> str:
    """The month, or the first day and the last."""
    rules, now = page_language(), ctx.now()
    if choice.view is CalendarView.MONTH:
        return dates.month(choice.month, rules)
    last = choice.first + (choice.days - 1) * ONE_DAY
    first = dates.plain_day(choice.first, rules, now=now)
    return f"{first} – {dates.plain_day(last, rules, now=now)}"


def ways(choice: CalendarQuery, today: date) -> list[tuple[str, str, str]]:
    """Earlier, today, later: what it is called (empty where words are enough) and where it is."""
    if choice.view is CalendarView.MONTH:
        earlier, later = previous_month(choice.month), next_month(choice.month)
        names = [dates.month(one, page_language()) for one in (earlier, later)]
    else:
        span = choice.days * ONE_DAY
        earlier, later, names = choice.first - span, choice.first + span, ["", ""]
    return [
        ("earlier", names[0], choice.href(choice.view, earlier)),
        ("today", "", choice.href(choice.view, today)),
        ("later", names[1], choice.href(choice.view, later)),
    ]


def place(choice: CalendarQuery, today: date) -> date:
    """Where another view begins: today, where that is in sight, else at the same place."""
    if choice.first <= today < choice.first + choice.days * ONE_DAY:
        return today
    return choice.month if choice.view is CalendarView.MONTH else choice.first


def listed(days: Sequence[CalendarDay], choice: CalendarQuery, today: date) -> list[CalendarDay]:
    """The days of the list: in a month only its own, from today on, that have anything."""
    if choice.view is not CalendarView.MONTH:
        return list(days)
    own = [one for one in days if one.day.replace(day=1) == choice.month]
    return [one for one in own if one.day == today or (one.items and one.day >= _since(own, today))]


def _since(own: Sequence[CalendarDay], today: date) -> date:
    return today if any(one.day == today for one in own) else date.min


def weeks(days: Sequence[CalendarDay], choice: CalendarQuery, today: date) -> list[list[Cell]]:
    """The rows of a month."""
    if choice.view is not CalendarView.MONTH:
        return []
    cells = [_cell(one, choice, today) for one in days]
    return [cells[at : at + 7] for at in range(0, len(cells), 7)]


def _cell(one: CalendarDay, choice: CalendarQuery, today: date, most: int = MOST_IN_CELL) -> Cell:
    is_other = choice.view is CalendarView.MONTH and one.day.replace(day=1) != choice.month
    marks = (
        ("today", one.day == today),
        ("past-day", one.day < today),
        ("other-month", is_other),
    )
    is_named = one.day.day == 1 and is_other
    shown = one.items[: most if len(one.items) <= most else most - 1]
    return Cell(
        of=one,
        label=dates.short_day(one.day, page_language()) if is_named else str(one.day.day),
        classes=" ".join(name for name, holds in marks if holds),
        shown=shown,
        more=len(one.items) - len(shown),
    )


def bands(days: Sequence[CalendarDay], choice: CalendarQuery, today: date) -> list[Band]:
    """The rows of a week, in each of them seven days."""
    if choice.view is not CalendarView.WEEK:
        return []
    return [
        Band(
            begins=time(begins),
            label=_hours(today, begins, ends),
            cells=tuple(
                _cell(_part(one, begins, ends), choice, today, most=len(one.items)) for one in days
            ),
        )
        for begins, ends in BANDS
    ]


def _part(one: CalendarDay, begins: int, ends: int) -> CalendarDay:
    return CalendarDay(
        one.day, tuple(item for item in one.items if begins <= local(item.at).hour < ends)
    )


def _hours(day: date, begins: int, ends: int) -> str:
    """Between which hours, by the city's clock."""
    first, last = (
        dates.clock_time(dates.from_local(day, time(hour % 24)), page_language(), short=True)
        for hour in (begins, ends)
    )
    return f"{first} – {last}"
