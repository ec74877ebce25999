"""Parse the dates and times that people type or pick, in the city's time zone."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from enum import StrEnum
from itertools import pairwise

from publisher.i18n.languages import ENGLISH, HINDI, MARATHI, PART_STARTS, latin_digits
from publisher.working_time import from_local

FIRST_YEAR = 2000
LAST_YEAR = 2099
LONGEST = 40

_ISO_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})")
_INDIAN_DAY = re.compile(
    r"(?P<day>\d{1,2})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})"
)
_CLOCK = re.compile(
    r"(?P<before>[^\d:]*?)\s*(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2})(?::\d{2}(?:\.\d+)?)?)?"
    r"\s*(?P<after>[^\d:]*)"
)


class WhenProblem(StrEnum):
    """The error of a typed date or time; the first word is the field."""

    DATE_MISSING = "date_missing"
    DATE_UNREADABLE = "date_unreadable"
    DATE_DOES_NOT_EXIST = "date_does_not_exist"
    DATE_OUT_OF_RANGE = "date_out_of_range"
    TIME_MISSING = "time_missing"
    TIME_UNREADABLE = "time_unreadable"
    TIME_DOES_NOT_EXIST = "time_does_not_exist"

    @property
    def field(self) -> str:
        """`date` or `time`: the field of the form that shows the error."""
        return self.value.partition("_")[0]


class BadWhen(Exception):
    """A date or time cannot be parsed: `code` is the reason, `text` the input."""

    def __init__(self, code: WhenProblem, text: str) -> None:
        super().__init__(code.value)
        self.code = code
        self.text = text


def parse_when(date_text: str, time_text: str) -> datetime:
    """Return the UTC moment of a typed local date and time. Raises BadWhen."""
    return from_local(parse_day(date_text), parse_time(time_text))


def parse_day(text: str) -> date:
    """Parse a day such as `2026-11-27`, `27/11/2026`, `27-11-26` or `२७.११.२०२६`.

    Raises BadWhen.
    """
    latin_text = latin_digits(text).strip()
    if not latin_text:
        raise BadWhen(WhenProblem.DATE_MISSING, text)
    match = _ISO_DAY.fullmatch(latin_text) or _INDIAN_DAY.fullmatch(latin_text)
    if match is None:
        raise BadWhen(WhenProblem.DATE_UNREADABLE, text)
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += FIRST_YEAR
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadWhen(WhenProblem.DATE_OUT_OF_RANGE, text)
    try:
        return date(year, int(match["month"]), int(match["day"]))
    except ValueError as error:
        raise BadWhen(WhenProblem.DATE_DOES_NOT_EXIST, text) from error


def parse_time(text: str) -> time:
    """Parse a time such as `18:00`, `6:00 pm`, `6 pm`, `सायं. ६:००` or `सायंकाळी ६`. Raises BadWhen.

    An hour alone is accepted only with its part of the day.
    """
    latin_text = latin_digits(text).strip().lower()
    if not latin_text:
        raise BadWhen(WhenProblem.TIME_MISSING, text)
    match = _CLOCK.fullmatch(latin_text) if len(latin_text) <= LONGEST else None
    if match is None:
        raise BadWhen(WhenProblem.TIME_UNREADABLE, text)
    word = f"{match['before']} {match['after']}".replace("बजे", "").replace("वाजता", "").strip()
    if (word and word not in _HOURS) or not (word or match["minute"]):
        raise BadWhen(WhenProblem.TIME_UNREADABLE, text)
    hour = _hour(int(match["hour"]), _HOURS.get(word))
    minute = int(match["minute"] or 0)
    if hour is None or minute > 59:
        raise BadWhen(WhenProblem.TIME_DOES_NOT_EXIST, text)
    return time(hour, minute)


def _hour(hour_number: int, hours: frozenset[int] | None) -> int | None:
    """Return the hour from 0 to 23 that is among those of a part of the day; None if none is."""
    if hour_number > 23:
        return None
    if hours is None:
        return hour_number
    meant = [hour_number % 12, hour_number % 12 + 12] if hour_number <= 12 else [hour_number]
    return next((hour for hour in meant if hour in hours), None)


def _part_hours() -> dict[str, frozenset[int]]:
    """Return every name of a part of the day, with the hours that it may mean."""
    evening = range(PART_STARTS[4], PART_STARTS[5])
    hours_by_name: dict[str, set[int]] = {
        "a.m.": set(range(12)),
        "p.m.": set(range(12, 24)),
        "सायंकाळी": set(evening),
        "संध्याकाळी": set(evening),
    }
    for rules in (MARATHI, ENGLISH, HINDI):
        for names in (rules.parts, rules.short_parts):
            for name, (starts, ends) in zip(names, pairwise((*PART_STARTS, 24)), strict=True):
                for spelling in (name, name.removesuffix(".")):
                    hours_by_name.setdefault(spelling, set()).update(range(starts, ends))
    # People call the small hours night, too.
    for name in ("रात्री", "रा.", "रा", "रात", "मध्यरात्री", "आधी रात"):
        hours_by_name[name].update(range(4))
    return {name: frozenset(hours) for name, hours in hours_by_name.items()}


_HOURS = _part_hours()
