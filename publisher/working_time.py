"""Working hours of the city's offices, in Asia/Kolkata, with Maharashtra's public holidays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Kolkata")
OPENS = time(10, 0)
CLOSES = time(18, 0)
ONE_DAY = timedelta(days=1)
SATURDAY = 5


def local(at: datetime) -> datetime:
    """Return an aware moment in the city's time zone; raises `ValueError` for a naive one."""
    if at.tzinfo is None:
        raise ValueError("a moment without its zone")
    return at.astimezone(ZONE)


def local_day(at: datetime) -> date:
    """Return the calendar day of an aware moment in the city's time zone."""
    return local(at).date()


def from_local(day: date, clock: time) -> datetime:
    """Return the UTC moment of a day and time in the city's time zone."""
    return datetime.combine(day, clock.replace(tzinfo=None), tzinfo=ZONE).astimezone(UTC)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the first UTC moment of the city's day, and the first moment after it."""
    return from_local(day, time(0)), from_local(day + ONE_DAY, time(0))


@lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """Return Maharashtra's public holidays of a year, from the package `holidays`.

    Outside 2001 to 2035 the package warns, and returns only those with a fixed date.
    """
    import holidays  # late: it takes a sixth of a second, and many processes do not need it

    return frozenset(holidays.country_holidays("IN", subdiv="MH", years=year))


def next_time(now: datetime, times: Iterable[datetime | None]) -> datetime | None:
    """Return the first of these times that is still ahead; None if none is."""
    return min((at for at in times if at is not None and at > now), default=None)


def is_working_day(day: date) -> bool:
    """Return True for Monday to Friday, except public holidays."""
    return day.weekday() < SATURDAY and day not in public_holidays(day.year)


def is_working(at: datetime) -> bool:
    """Return True from 10:00 until before 18:00 on a working day."""
    local_time = local(at)
    return OPENS <= local_time.time() < CLOSES and is_working_day(local_time.date())


def next_working_moment(at: datetime) -> datetime:
    """Return `at` itself if it is in working hours, else the next opening; UTC."""
    if is_working(at):
        return at.astimezone(UTC)
    local_time = local(at)
    day = local_time.date()
    if local_time.time() < OPENS and is_working_day(day):
        return from_local(day, OPENS)
    return from_local(_next_day(day), OPENS)


def add_working_days(at: datetime, days: int) -> datetime:
    """Return the same time of day, `days` working days after the next working moment; UTC.

    For zero days it is the next working moment itself. Raises `ValueError` for negative days.
    """
    if days < 0:
        raise ValueError("working days are counted forwards")
    start = local(next_working_moment(at))
    day = start.date()
    for _ in range(days):
        day = _next_day(day)
    return from_local(day, start.time())


def add_working_hours(at: datetime, hours: float) -> datetime:
    """Return the moment at which `hours` of working time have passed since `at`; UTC.

    An end exactly at closing time is not moved to the next morning. Raises `ValueError` for
    negative hours.
    """
    if hours < 0:
        raise ValueError("working hours are counted forwards")
    remaining = timedelta(hours=hours)
    moment = next_working_moment(at)
    while remaining > (until_closing := from_local(local_day(moment), CLOSES) - moment):
        remaining -= until_closing
        moment = from_local(_next_day(local_day(moment)), OPENS)
    return moment + remaining


def add_open_days(at: datetime, span: timedelta) -> datetime:
    """Return when `span` has passed, without the days on which offices are closed; UTC.

    On a working day all 24 hours count.
    """
    moment, remaining = at.astimezone(UTC), span
    while True:
        day_end = day_bounds(local_day(moment))[1]
        if is_working_day(local_day(moment)):
            if moment + remaining <= day_end:
                return moment + remaining
            remaining -= day_end - moment
        moment = day_end


def subtract_working_hours(at: datetime, hours: float) -> datetime:
    """Return the last moment from which `hours` of working time are left until `at`; UTC.

    Raises `ValueError` for negative hours.
    """
    if hours < 0:
        raise ValueError("working hours are counted backwards")
    remaining = timedelta(hours=hours)
    day = preceding_working_day(at)
    moment = min(at.astimezone(UTC), from_local(day, CLOSES))
    while remaining > (since_opening := moment - from_local(day, OPENS)):
        remaining -= since_opening
        day = preceding_working_day(from_local(day, OPENS))
        moment = from_local(day, CLOSES)
    return moment - remaining


def count_working_hours(start: datetime, end: datetime) -> float:
    """Return the hours of working time from `start` to `end`; 0 if the end is not later."""
    span, moment = timedelta(0), next_working_moment(start)
    while moment < end:
        day = local_day(moment)
        span += min(end, from_local(day, CLOSES)) - moment
        moment = from_local(_next_day(day), OPENS)
    return span / timedelta(hours=1)


def preceding_working_day(due_at: datetime) -> date:
    """Return the last working day that opens before `due_at`, usually the same day."""
    local_time = local(due_at)
    day = local_time.date()
    if local_time.time() <= OPENS:
        day -= ONE_DAY
    while not is_working_day(day):
        day -= ONE_DAY
    return day


def _next_day(day: date) -> date:
    day += ONE_DAY
    while not is_working_day(day):
        day += ONE_DAY
    return day
