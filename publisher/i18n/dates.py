"""Dates and times as an officer writes them, by the city's clock, in Marathi, English and Hindi.

A `when` is an aware moment or a plain calendar day; `now` is always an aware moment.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta

from publisher.i18n.languages import (
    NBSP,
    PART_STARTS,
    LanguageRules,
    counted,
    digits,
    language_rules,
)
from publisher.working_time import ONE_DAY, day_bounds, from_local, local, local_day

__all__ = [
    "clock_time",
    "day",
    "day_bounds",
    "day_heading",
    "duration",
    "from_local",
    "full_date",
    "local_day",
    "moment",
    "month",
    "plain_day",
    "plain_moment",
    "remaining",
    "short_day",
    "short_moment",
    "stamp",
    "weekdays",
]

_ONE_HOUR = timedelta(hours=1)
_ONE_MINUTE = timedelta(minutes=1)


def full_date(when: date, locale: str) -> str:
    """`बुधवार, दि. २५ नोव्हेंबर २०२६`, always with its year."""
    there = _day_of(when)
    words = language_rules(locale)
    return digits(f"{words.weekdays[there.weekday()]}, {_named(there, words, year=True)}", locale)


def day(when: date, locale: str, *, now: datetime) -> str:
    """`शुक्रवार, दि. २७ नोव्हेंबर`, with the year where it is not this one."""
    weekday = language_rules(locale).weekdays[_day_of(when).weekday()]
    return f"{weekday}, {plain_day(when, locale, now=now)}"


def plain_day(when: date, locale: str, *, now: datetime) -> str:
    """`दि. २३ नोव्हेंबर`, with the year where it is not this one."""
    there = _day_of(when)
    year = there.year != local_day(now).year
    return digits(_named(there, language_rules(locale), year=year), locale)


def day_heading(when: date, locale: str, *, now: datetime) -> str:
    """`आज, बुधवार, दि. २५ नोव्हेंबर`; without the first word for days further off."""
    near = _near(_day_of(when), local_day(now), language_rules(locale))
    written = day(when, locale, now=now)
    return f"{near}, {written}" if near else written


def short_day(when: date, locale: str) -> str:
    """`१ डिसें.`, for narrow places."""
    there = _day_of(when)
    return digits(
        f"{there.day}{NBSP}{language_rules(locale).short_months[there.month - 1]}", locale
    )


def clock_time(at: datetime, locale: str, *, short: bool = False) -> str:
    """`सकाळी ९:००`, short `स. ९:००`; `9:00 am` in English."""
    here = local(at)
    words = language_rules(locale)
    part = bisect_right(PART_STARTS, here.hour) - 1
    name = (words.short_parts if short else words.parts)[part]
    clock = f"{(here.hour - 1) % 12 + 1}:{here.minute:02}"
    return words.clock.format(part=name, clock=digits(clock, locale))


def moment(at: datetime, locale: str, *, now: datetime) -> str:
    """`आज सायं. ६:००`, `काल सायं. ७:१०`, else `शुक्रवार, दि. २७ नोव्हेंबर, सायं. ५:३०`."""
    near = _near(local_day(at), local_day(now), language_rules(locale))
    if near is None:
        return f"{day(at, locale, now=now)}, {clock_time(at, locale)}"
    if language_rules(locale).names_date_too and local_day(at) != local_day(now):
        near = f"{near} ({plain_day(at, locale, now=now)})"
    return f"{near} {clock_time(at, locale)}"


def plain_moment(at: datetime, locale: str, *, now: datetime) -> str:
    """`दि. २३ नोव्हेंबर, सकाळी ९:००`: neither weekday nor today or yesterday."""
    return f"{plain_day(at, locale, now=now)}, {clock_time(at, locale)}"


def short_moment(at: datetime, locale: str, *, now: datetime) -> str:
    """`आज दुपारी ३:३०`, else `शुक्र. दि. २७, स. १०:००`; month and year where they differ."""
    there, today = local_day(at), local_day(now)
    words = language_rules(locale)
    if _near(there, today, words):
        return moment(at, locale, now=now)
    date_part = words.day.format(day=there.day)
    if (there.year, there.month) != (today.year, today.month):
        date_part += f"{NBSP}{words.short_months[there.month - 1]}"
    if there.year != today.year:
        date_part += f" {there.year}"
    weekday = words.short_weekdays[there.weekday()]
    return f"{weekday} {digits(date_part, locale)}, {clock_time(at, locale, short=True)}"


def stamp(at: datetime, locale: str, *, now: datetime) -> str:
    """When something came, for a list's narrow column: `स. ९:४०`, `काल`, `सोम.`, `२३ ऑक्टो.`."""
    there, today = local_day(at), local_day(now)
    words = language_rules(locale)
    if there == today:
        return clock_time(at, locale, short=True)
    if there == today - ONE_DAY:
        return words.yesterday
    if today - 7 * ONE_DAY < there < today:
        return words.short_weekdays[there.weekday()]
    year = "" if there.year == today.year else digits(f" {there.year}", locale)
    return short_day(there, locale) + year


def month(when: date, locale: str) -> str:
    """`नोव्हेंबर २०२६`."""
    there = _day_of(when)
    return digits(f"{language_rules(locale).months[there.month - 1]} {there.year}", locale)


def weekdays(locale: str) -> tuple[str, ...]:
    """The seven names from Monday on, for the head of a calendar."""
    return language_rules(locale).weekdays


def duration(span: timedelta, locale: str) -> str:
    """`१ तास २० मिनिटे`: the two largest units, rounded down; below an hour minutes only."""
    words = language_rules(locale)
    days, rest = divmod(span, ONE_DAY)
    hours, rest = divmod(rest, _ONE_HOUR)
    minutes = rest // _ONE_MINUTE
    if days:
        units = [(days, words.days), (hours, words.hours)]
    else:
        units = [(hours, words.hours), (minutes, words.minutes)]
    written = [counted(value, unit.one, unit.other, locale) for value, unit in units if value]
    return " ".join(written) or counted(0, words.minutes.one, words.minutes.other, locale)


def remaining(due_at: datetime, locale: str, *, now: datetime) -> str:
    """`(१ तास २० मिनिटे शिल्लक)`; empty once it is due."""
    span = due_at - now
    if span <= timedelta(0):
        return ""
    if span < _ONE_MINUTE:
        return language_rules(locale).nearly_over
    return language_rules(locale).left.format(span=duration(span, locale))


def _day_of(when: date) -> date:
    return local_day(when) if isinstance(when, datetime) else when


def _named(there: date, words: LanguageRules, *, year: bool) -> str:
    written = f"{words.day.format(day=there.day)} {words.months[there.month - 1]}"
    return f"{written} {there.year}" if year else written


def _near(there: date, today: date, words: LanguageRules) -> str | None:
    """Today, tomorrow or yesterday by name; None for any other day."""
    names = {0: words.today, 1: words.tomorrow, -1: words.yesterday}
    return names.get((there - today).days)
