"""Working time of the city's offices, in Asia/Kolkata, with Maharashtra's public holidays."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

ZONE = ZoneInfo("Asia/Kolkata")
OPENS = time(10, 0)
CLOSES = time(18, 0)
ONE_DAY = timedelta(days=1)
SATURDAY = 5


def local(at: datetime) -> datetime:
    """The aware moment `at` on the city's wall clock; a naive one raises ValueError."""
    if at.tzinfo is None:
        raise ValueError("a moment without its zone")
    return at.astimezone(ZONE)


def local_day(at: datetime) -> date:
    """The city's calendar day of an aware moment."""
    return local(at).date()


def from_local(day: date, clock: time) -> datetime:
    """The UTC moment of a time on the city's wall clock."""
    return datetime.combine(day, clock.replace(tzinfo=None), tzinfo=ZONE).astimezone(UTC)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """First UTC moment of the city's day, and the first one after it."""
    return from_local(day, time(0)), from_local(day + ONE_DAY, time(0))


@lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """Maharashtra's public holidays of a year, as the package `holidays` knows them.

    Beyond its years (2001 to 2035) it warns, and gives only those whose date never changes.
    """
    return frozenset(holidays.country_holidays("IN", subdiv="MH", years=year))


def is_working_day(day: date, *, closed: Collection[date] = ()) -> bool:
    """Monday to Friday, no public holiday, and not among the extra days `closed`."""
    if day.weekday() >= SATURDAY or day in closed:
        return False
    return day not in public_holidays(day.year)


def is_working(at: datetime, *, closed: Collection[date] = ()) -> bool:
    """Whether offices are open: from 10:00, up to but without 18:00, on a working day."""
    here = local(at)
    return OPENS <= here.time() < CLOSES and is_working_day(here.date(), closed=closed)


def next_working_moment(at: datetime, *, closed: Collection[date] = ()) -> datetime:
    """`at` itself in office hours, else the next opening; UTC."""
    if is_working(at, closed=closed):
        return at.astimezone(UTC)
    here = local(at)
    day = here.date()
    if here.time() < OPENS and is_working_day(day, closed=closed):
        return from_local(day, OPENS)
    return from_local(_next_day(day, closed), OPENS)


def add_working_days(at: datetime, days: int, *, closed: Collection[date] = ()) -> datetime:
    """The same hour, `days` working days after the next working moment; UTC.

    Zero days give the next working moment itself. Negative ones raise ValueError.
    """
    if days < 0:
        raise ValueError("working days are counted forwards")
    start = local(next_working_moment(at, closed=closed))
    day = start.date()
    for _ in range(days):
        day = _next_day(day, closed)
    return from_local(day, start.time())


def add_working_hours(at: datetime, hours: float, *, closed: Collection[date] = ()) -> datetime:
    """The moment at which `hours` of office time have passed since `at`; UTC.

    What ends exactly at closing time is due then, not on the next morning.
    """
    if hours < 0:
        raise ValueError("working hours are counted forwards")
    left = timedelta(hours=hours)
    moment = next_working_moment(at, closed=closed)
    while left > (room := from_local(local_day(moment), CLOSES) - moment):
        left -= room
        moment = from_local(_next_day(local_day(moment), closed), OPENS)
    return moment + left


def deadline(
    received_at: datetime, working_days: int = 3, *, closed: Collection[date] = ()
) -> datetime:
    """When something received then is due: the same hour after that many working days; UTC."""
    return add_working_days(received_at, working_days, closed=closed)


def last_working_day_before(due_at: datetime, *, closed: Collection[date] = ()) -> date:
    """The last day with office hours before `due_at`: mostly the very day it is due."""
    here = local(due_at)
    day = here.date()
    if here.time() <= OPENS:
        day -= ONE_DAY
    while not is_working_day(day, closed=closed):
        day -= ONE_DAY
    return day


def _next_day(day: date, closed: Collection[date]) -> date:
    day += ONE_DAY
    while not is_working_day(day, closed=closed):
        day += ONE_DAY
    return day
