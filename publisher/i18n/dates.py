"""Format dates and times as an officer writes them, in local time: Marathi, English and Hindi.

A `when` is an aware moment or a plain calendar day; `now` is always an aware moment.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, time, timedelta

from publisher.i18n.languages import (
    NBSP,
    PART_STARTS,
    LanguageRules,
    digits,
    format_count,
    language_rules,
)
from publisher.working_time import ONE_DAY, local, local_day

_ONE_HOUR = timedelta(hours=1)
_ONE_MINUTE = timedelta(minutes=1)


def full_date(when: date, locale: str) -> str:
    """Return `बुधवार, दि. २५ नोव्हेंबर २०२६`, always with the year."""
    local_date = _local_day(when)
    rules = language_rules(locale)
    return digits(
        f"{rules.weekdays[local_date.weekday()]}, {_date_in_words(local_date, rules, year=True)}",
        locale,
    )


def day(when: date, locale: str, *, now: datetime) -> str:
    """Return `शुक्रवार, दि. २७ नोव्हेंबर`, with the year if it is not the present one."""
    weekday = language_rules(locale).weekdays[_local_day(when).weekday()]
    return f"{weekday}, {plain_day(when, locale, now=now)}"


def plain_day(when: date, locale: str, *, now: datetime) -> str:
    """Return `दि. २३ नोव्हेंबर`, with the year if it is not the present one."""
    local_date = _local_day(when)
    year = local_date.year != local_day(now).year
    return digits(_date_in_words(local_date, language_rules(locale), year=year), locale)


def day_heading(when: date, locale: str, *, now: datetime) -> str:
    """Return `आज, बुधवार, दि. २५ नोव्हेंबर`, for a heading; days further off have no first word."""
    day_name = _near(_local_day(when), local_day(now), language_rules(locale))
    day_text = day(when, locale, now=now)
    return f"{day_name.capitalize()}, {day_text}" if day_name else day_text


def near_day(when: date, locale: str, *, now: datetime) -> str:
    """Return `आज`, `उद्या` or `काल`; empty for any other day."""
    return _near(_local_day(when), local_day(now), language_rules(locale)) or ""


def short_day(when: date, locale: str) -> str:
    """Return `१ डिसें.`, for narrow columns."""
    local_date = _local_day(when)
    return digits(
        f"{local_date.day}{NBSP}{language_rules(locale).short_months[local_date.month - 1]}", locale
    )


def clock_time(at: datetime, locale: str, *, short: bool = False, has_seconds: bool = False) -> str:
    """Return `सकाळी ९:००`, short `स. ९:००`, with seconds `सकाळी ९:००:३०`; `9:00 am` in English."""
    return time_of_day(local(at).time(), locale, short=short, has_seconds=has_seconds)


def time_of_day(
    clock_value: time, locale: str, *, short: bool = False, has_seconds: bool = False
) -> str:
    """Return a local time as `clock_time` formats it."""
    rules = language_rules(locale)
    part = bisect_right(PART_STARTS, clock_value.hour) - 1
    name = (rules.short_parts if short else rules.parts)[part]
    clock = f"{(clock_value.hour - 1) % 12 + 1}:{clock_value.minute:02}"
    if has_seconds:
        clock += f":{clock_value.second:02}"
    return rules.clock.format(part=name, clock=digits(clock, locale))


def moment(at: datetime, locale: str, *, now: datetime) -> str:
    """Return `आज सायं. ६:००`, `काल सायं. ७:१०`, or `शुक्रवार, दि. २७ नोव्हेंबर, सायं. ५:३०`.

    It is used in the middle of a sentence: English has `today 6:00 pm`.
    """
    day_name = _near(local_day(at), local_day(now), language_rules(locale))
    if day_name is None:
        return f"{day(at, locale, now=now)}, {clock_time(at, locale)}"
    if language_rules(locale).names_date_too and local_day(at) != local_day(now):
        day_name = f"{day_name} ({plain_day(at, locale, now=now)})"
    return f"{day_name} {clock_time(at, locale)}"


def plain_moment(at: datetime, locale: str, *, now: datetime) -> str:
    """Return `दि. २३ नोव्हेंबर, सकाळी ९:००`, without weekday and without words such as "today"."""
    return f"{plain_day(at, locale, now=now)}, {clock_time(at, locale)}"


def editable_day(when: date, locale: str) -> str:
    """Return `२७ नोव्हेंबर २०२६`, which can be typed back in a field."""
    local_date = _local_day(when)
    month_name = language_rules(locale).months[local_date.month - 1]
    return digits(f"{local_date.day} {month_name} {local_date.year}", locale)


def editable_moment(at: datetime, locale: str) -> str:
    """Return `२७ नोव्हेंबर २०२६, सायं. ६:००`, which can be typed back in a field."""
    return f"{editable_day(at, locale)}, {clock_time(at, locale)}".replace(NBSP, " ")


def short_moment(at: datetime, locale: str, *, now: datetime) -> str:
    """Return `आज दुपारी ३:३०`, or `शुक्र. दि. २७, स. १०:००`; month and year only if they differ."""
    if near_day(at, locale, now=now):
        return moment(at, locale, now=now)
    return short_date_and_time(at, locale, now=now)


def short_date_and_time(at: datetime, locale: str, *, now: datetime) -> str:
    """Return `शुक्र. दि. २७, स. १०:००` or `Fri 27 Nov, 10:00 am`, also for today.

    It is for texts that may be read on another day.
    """
    local_date, today = local_day(at), local_day(now)
    rules = language_rules(locale)
    date_part = rules.day.format(day=local_date.day)
    is_this_month = (local_date.year, local_date.month) == (today.year, today.month)
    # A bare "27" is not a date in a language that has no word before it.
    if not is_this_month or rules.day == "{day}":
        date_part += f"{NBSP}{rules.short_months[local_date.month - 1]}"
    if local_date.year != today.year:
        date_part += f" {local_date.year}"
    weekday = rules.short_weekdays[local_date.weekday()]
    return f"{weekday} {digits(date_part, locale)}, {clock_time(at, locale, short=True)}"


def stamp(at: datetime, locale: str, *, now: datetime) -> str:
    """Return a past moment for a narrow column: `स. ९:४०`, `काल`, `सोम.`, `२३ ऑक्टो.`."""
    local_date, today = local_day(at), local_day(now)
    rules = language_rules(locale)
    if local_date == today:
        return clock_time(at, locale, short=True)
    if local_date == today - ONE_DAY:
        return rules.yesterday.capitalize()
    if today - 7 * ONE_DAY < local_date < today:
        return rules.short_weekdays[local_date.weekday()]
    year = "" if local_date.year == today.year else digits(f" {local_date.year}", locale)
    return short_day(local_date, locale) + year


def month(when: date, locale: str) -> str:
    """Return `नोव्हेंबर २०२६`."""
    local_date = _local_day(when)
    return digits(
        f"{language_rules(locale).months[local_date.month - 1]} {local_date.year}", locale
    )


def weekdays(locale: str) -> tuple[str, ...]:
    """Return the seven names from Monday on, for the head of a calendar."""
    return language_rules(locale).weekdays


def duration(span: timedelta, locale: str) -> str:
    """Return `१ तास २० मिनिटे`: the two largest units, rounded down; below an hour minutes only."""
    rules = language_rules(locale)
    days, rest = divmod(span, ONE_DAY)
    hours, rest = divmod(rest, _ONE_HOUR)
    minutes = rest // _ONE_MINUTE
    if days:
        units = [(days, rules.days), (hours, rules.hours)]
    else:
        units = [(hours, rules.hours), (minutes, rules.minutes)]
    parts = [
        format_count(value, unit.singular, unit.plural, locale) for value, unit in units if value
    ]
    return " ".join(parts) or format_count(0, rules.minutes.singular, rules.minutes.plural, locale)


def remaining(due_at: datetime, locale: str, *, now: datetime) -> str:
    """Return `(१ तास २० मिनिटे शिल्लक)`; empty if it is due."""
    span = due_at - now
    if span <= timedelta(0):
        return ""
    if span < _ONE_MINUTE:
        return language_rules(locale).nearly_over
    return language_rules(locale).time_left.format(span=duration(span, locale))


def _local_day(when: date) -> date:
    return local_day(when) if isinstance(when, datetime) else when


def _date_in_words(local_date: date, rules: LanguageRules, *, year: bool) -> str:
    day_text = f"{rules.day.format(day=local_date.day)}{NBSP}{rules.months[local_date.month - 1]}"
    return f"{day_text} {local_date.year}" if year else day_text


def _near(local_date: date, today: date, rules: LanguageRules) -> str | None:
    """Return the word for today, tomorrow or yesterday; None for any other day."""
    names = {0: rules.today, 1: rules.tomorrow, -1: rules.yesterday}
    return names.get((local_date - today).days)
