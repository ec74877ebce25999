"""Parse the days and times of day that people type or pick."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from itertools import pairwise

from publisher.i18n.languages import ENGLISH, HINDI, MARATHI, PART_STARTS, latin_digits

FIRST_YEAR = 2000
LAST_YEAR = 2099
LONGEST = 80

_ISO_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})")
_INDIAN_DAY = re.compile(
    r"(?P<day>\d{1,2})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})"
)
# "9", "9:30", "9.30", "0930", with words before and after.
_CLOCK = re.compile(
    r"(?P<before>[^\d:]*?) ?"
    r"(?P<hour>\d{1,2})(?: ?[:.] ?(?P<minute>\d{2})(?::\d{2}(?:\.\d+)?)?|(?P<joined>\d\d))?"
    r" ?(?P<after>[^\d:]*)"
)
LAST_ASKED_HOUR = 7
"""From 1 to this hour, a time without its part of the day may mean the morning or the evening."""


class WhenProblem(StrEnum):
    """The error of a typed date or time."""

    DATE_MISSING = "date_missing"
    DATE_UNREADABLE = "date_unreadable"
    DATE_DOES_NOT_EXIST = "date_does_not_exist"
    DATE_OUT_OF_RANGE = "date_out_of_range"
    #: The weekday that was typed is not that of the date.
    DATE_OTHER_WEEKDAY = "date_other_weekday"
    TIME_MISSING = "time_missing"
    TIME_UNREADABLE = "time_unreadable"
    TIME_DOES_NOT_EXIST = "time_does_not_exist"
    #: It may mean two times of day, `first` and `second`; the person is asked which.
    TIME_AMBIGUOUS = "time_ambiguous"
    MOMENT_UNREADABLE = "moment_unreadable"


class BadWhen(Exception):
    """A date or time cannot be parsed: `code` is the reason, `text` the input.

    `values` are what the error message names: dates and moments.
    """

    def __init__(self, code: WhenProblem, text: str, **values: object) -> None:
        super().__init__(code.value)
        self.code = code
        self.text = text
        self.values = values


@dataclass(frozen=True, slots=True)
class TypedClock:
    """A typed time of day: the hours that it may mean, and the word for the part of the day."""

    hours: tuple[int, ...]
    minute: int
    word: str

    @property
    def times(self) -> tuple[time, ...]:
        """The one or two times that are meant, the earlier one first."""
        return tuple(time(hour, self.minute) for hour in self.hours)


def plain_text(text: str) -> str:
    """Return typed text in lower case, with Latin digits and single spaces for commas."""
    letters = unicodedata.normalize("NFC", latin_digits(text)).casefold()
    return " ".join(re.sub(r"[,()\u00a0]", " ", letters).split())


def names_pattern(names: Iterable[str]) -> str:
    """Return a pattern of these names, in which a longer one comes before its prefixes."""
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


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
    return calendar_day(match["year"], match["month"], match["day"], text)


def calendar_day(year_digits: str, month: str, day: str, text: str) -> date:
    """Return the day of these digits; the year may have only two. Raises BadWhen."""
    year = int(year_digits) + (FIRST_YEAR if len(year_digits) == 2 else 0)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadWhen(WhenProblem.DATE_OUT_OF_RANGE, text)
    try:
        return date(year, int(month), int(day))
    except ValueError as error:
        raise BadWhen(WhenProblem.DATE_DOES_NOT_EXIST, text) from error


def parse_time(text: str) -> time:
    """Parse a time such as `18:00`, `9`, `0930`, `6 pm`, `सायं. ६:००` or `सायंकाळी ६`.

    Raises BadWhen, with both times in `first` and `second` if the part of the day is missing.
    """
    times = parse_clock(text).times
    if len(times) > 1:
        raise BadWhen(WhenProblem.TIME_AMBIGUOUS, text, first=times[0], second=times[1])
    return times[0]


def parse_clock(text: str) -> TypedClock:
    """Parse a time of day as `parse_time` does, but return both times if two are meant."""
    plain = plain_text(text[: LONGEST + 1])
    if not plain:
        raise BadWhen(WhenProblem.TIME_MISSING, text)
    match = _CLOCK.fullmatch(plain) if len(text) <= LONGEST else None
    if match is None:
        raise BadWhen(WhenProblem.TIME_UNREADABLE, text)
    around = f"{match['before']} {match['after']}".split()
    word = " ".join(word for word in around if word not in FILLERS)
    if word and word not in _HOURS:
        raise BadWhen(WhenProblem.TIME_UNREADABLE, text)
    hours = _possible_hours(match["hour"], _HOURS.get(word))
    minute = int(match["minute"] or match["joined"] or 0)
    if not hours or minute > 59:
        raise BadWhen(WhenProblem.TIME_DOES_NOT_EXIST, text)
    return TypedClock(hours, minute, word)


def _possible_hours(hour_digits: str, part_hours: frozenset[int] | None) -> tuple[int, ...]:
    """Return the hours from 0 to 23 that may be meant, within a part of the day if it is known."""
    hour = int(hour_digits)
    if hour > 23:
        return ()
    if part_hours is not None:
        meant = (hour % 12, hour % 12 + 12) if hour <= 12 else (hour,)
        return tuple(each for each in meant if each in part_hours)
    # "06:00" is a time of 24 hours; "6:00" may be either.
    is_short = len(hour_digits) == 1 and 1 <= hour <= LAST_ASKED_HOUR
    return (hour, hour + 12) if is_short else (hour,)


FILLERS = frozenset(
    (
        *("at", "on", "in", "the", "of", "o'clock", "hrs", "बजे", "को", "वाजता", "वाजता.", "वा"),
        *("वा.", "रोजी", "दि", "दि.", "दिनांक", "येत्या"),
    )
)
"""Words next to a date or time that change nothing."""

MIDNIGHT_WORDS = frozenset({"मध्यरात्री", "मध्यरात्र", "म.रा.", "म.रा", "आधी रात", "midnight"})
NIGHT_WORDS = frozenset({"रात्री", "रात्र", "रा.", "रा", "रात", "night", *MIDNIGHT_WORDS})
"""Names of a night. It begins on one day of the calendar and ends on the next."""

# What people say, apart from the words that we write; each part of the day is wider than ours.
_SPOKEN: Mapping[str, range] = {
    "a.m.": range(12),
    "p.m.": range(12, 24),
    "morning": range(12),
    "noon": range(12, 13),
    "afternoon": range(12, 18),
    "evening": range(16, 22),
    **dict.fromkeys(("पहाटे", "पहाट", "तड़के", "प."), range(1, 6)),
    **dict.fromkeys(("सकाळी", "सकाळ", "सुबह", "स."), range(4, 12)),
    **dict.fromkeys(("दुपारी", "दुपार", "दोपहर", "दु."), range(12, 17)),
    **dict.fromkeys(("सायंकाळी", "सायंकाळ", "संध्याकाळी", "संध्याकाळ", "संध्या."), range(16, 21)),
    **dict.fromkeys(("सायं.", "साय.", "शाम"), range(16, 21)),
}


def _part_hours() -> dict[str, frozenset[int]]:
    """Return every name of a part of the day, with the hours that it may mean."""
    hours_by_name: dict[str, set[int]] = {}

    def add(name: str, hours: range) -> None:
        plain = plain_text(name)
        for spelling in (plain, plain.removesuffix(".")):
            hours_by_name.setdefault(spelling, set()).update(hours)

    for name, hours in _SPOKEN.items():
        add(name, hours)
    for rules in (MARATHI, ENGLISH, HINDI):
        for names in (rules.parts, rules.short_parts):
            for name, (starts, ends) in zip(names, pairwise((*PART_STARTS, 24)), strict=True):
                add(name, range(starts, ends))
    for name in NIGHT_WORDS:  # people call the small hours night, too
        add(name, range(4))
    for name in NIGHT_WORDS - MIDNIGHT_WORDS:
        add(name, range(19, 24))
    return {name: frozenset(hours) for name, hours in hours_by_name.items()}


_HOURS = _part_hours()
PART_NAMES = frozenset(_HOURS)
"""Every name of a part of the day, in lower case."""


def existing_day(year: int, month: int, day: int) -> date | None:
    """Return this day; None if it does not exist."""
    try:
        return date(year, month, day)
    except ValueError:
        return None
