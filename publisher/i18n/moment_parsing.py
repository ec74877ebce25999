"""Understand moments and days as people type them: `9`, `उद्या 10`, `Friday 6 pm`, `२७/११`.

All three languages are understood, whatever the language of the page. If two meanings are possible,
nothing is guessed: `BadWhen` names both. What was left out (a day, a year) is completed towards the
future, or towards the past where the field asks for what has happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from babel.dates import get_day_names, get_month_names

from publisher.i18n.date_parsing import (
    FILLERS,
    LONGEST,
    MIDNIGHT_WORDS,
    NIGHT_WORDS,
    BadWhen,
    TypedClock,
    WhenProblem,
    calendar_day,
    existing_day,
    names_pattern,
    parse_clock,
    plain_text,
)
from publisher.i18n.languages import LANGUAGES, language_rules
from publisher.working_time import ONE_DAY, day_bounds, from_local, local_day

_WIDTHS: tuple[Literal["wide", "abbreviated"], ...] = ("wide", "abbreviated")
NIGHT_ENDS = 4
"""The first hour that is no longer called night."""


class WholeDay(StrEnum):
    """What a day without a time means."""

    ASKED = "asked"
    BEGINS = "begins"
    ENDS = "ends"
    LAST_MINUTE = "last_minute"


@dataclass(frozen=True, slots=True)
class Understood:
    """The moment that was typed. `is_assumed`: what was left out could be completed differently."""

    at: datetime
    is_assumed: bool
    is_past: bool


@dataclass(frozen=True, slots=True)
class UnderstoodDay:
    """The day that was typed, with `is_assumed` and `is_past` as in `Understood`."""

    day: date
    is_assumed: bool
    is_past: bool


@dataclass(frozen=True, slots=True)
class _TypedDay:
    """A day in the text. `is_dated` if it has a date, `repeats` the days until it comes again."""

    day: date
    is_dated: bool = False
    is_assumed: bool = False
    repeats: int = 0


def parse_moment(
    text: str, *, now: datetime, looks_back: bool = False, whole_day: WholeDay = WholeDay.ASKED
) -> Understood:
    """Return the moment that `text` means at `now`. Raises BadWhen.

    `looks_back` completes what was left out towards the past.
    """
    if from_now := _relative_moment(text, now, looks_back=looks_back):
        return Understood(from_now, is_assumed=False, is_past=from_now <= now)
    typed_day, rest = _split(text, now, looks_back=looks_back)
    if not rest:
        if typed_day is None or whole_day is WholeDay.ASKED:
            raise BadWhen(WhenProblem.TIME_MISSING, text)
        at = _moment_in_day(typed_day.day, whole_day)
        return Understood(at, typed_day.is_assumed, at <= now)
    try:
        clock = parse_clock(rest)
    except BadWhen as problem:
        is_unreadable = problem.code is WhenProblem.TIME_UNREADABLE
        code = WhenProblem.MOMENT_UNREADABLE if is_unreadable else problem.code
        raise BadWhen(code, text) from problem
    if typed_day is None:
        moments = [_nearest(from_local(local_day(now), at), now, looks_back) for at in clock.times]
    else:
        moments = _possible_moments(typed_day, clock, now, looks_back=looks_back)
    if len(moments) > 1:
        first, second = sorted(moments)
        raise BadWhen(WhenProblem.TIME_AMBIGUOUS, text, first=first, second=second)
    is_assumed = typed_day.is_assumed if typed_day else local_day(moments[0]) != local_day(now)
    return Understood(moments[0], is_assumed, moments[0] <= now)


def parse_typed_day(text: str, *, now: datetime, looks_back: bool = False) -> UnderstoodDay:
    """Return the day that `text` means at `now`; a number alone is a day of a month.

    Raises BadWhen.
    """
    typed_day, rest = _split(text, now, looks_back=looks_back)
    if typed_day is None and re.fullmatch(r"\d{1,2}", rest):
        typed_day, rest = _split(f"दि. {rest}", now, looks_back=looks_back)
    if typed_day is None or rest:
        raise BadWhen(WhenProblem.DATE_UNREADABLE, text)
    return UnderstoodDay(typed_day.day, typed_day.is_assumed, typed_day.day < local_day(now))


def _relative_moment(text: str, now: datetime, *, looks_back: bool) -> datetime | None:
    """Return the whole minute of "now" or "in 1 hour"; None if the text has neither.

    Now is the next minute, or the current one if the field asks for the past.
    """
    match = _FROM_NOW.fullmatch(plain_text(text)) if len(text) <= LONGEST else None
    if match is None:
        return None
    number = _SPOKEN_NUMBERS.get(match["number"] or "") or float(match["number"] or 0)
    ahead = timedelta(minutes=number) if match["minutes"] else timedelta(hours=number)
    at = now + ahead
    minute = at.replace(second=0, microsecond=0)
    return minute if looks_back or (ahead and minute > now) else minute + timedelta(minutes=1)


def _moment_in_day(day: date, whole_day: WholeDay) -> datetime:
    begins, ends = day_bounds(day)
    if whole_day is WholeDay.BEGINS:
        return begins
    return ends if whole_day is WholeDay.ENDS else ends - timedelta(minutes=1)


def _nearest(at: datetime, now: datetime, looks_back: bool, days: int = 1) -> datetime:
    """Return `at`, moved `days` ahead (or back) if it is on the wrong side of `now`."""
    if looks_back:
        return at - days * ONE_DAY if at > now else at
    return at + days * ONE_DAY if at <= now else at


def _possible_moments(
    typed_day: _TypedDay, clock: TypedClock, now: datetime, *, looks_back: bool
) -> list[datetime]:
    """Return the moments that the time may mean on this day, the earlier one first."""
    moments = [from_local(typed_day.day, at) for at in clock.times]
    if typed_day.repeats:
        moments = [_nearest(at, now, looks_back, typed_day.repeats) for at in moments]
    # "Today, one at night" is the coming night to every reader, and so the next date. Only a date
    # with "midnight" is written as we write it ourselves.
    is_ours = typed_day.is_dated and clock.word in MIDNIGHT_WORDS
    if clock.word in NIGHT_WORDS and clock.hours[0] < NIGHT_ENDS and not is_ours:
        moments.append(moments[0] + ONE_DAY)
    return moments


def _split(text: str, now: datetime, *, looks_back: bool) -> tuple[_TypedDay | None, str]:
    """Return the day in the text, and the rest, which is the time of day. Raises BadWhen."""
    if len(text) > LONGEST:
        raise BadWhen(WhenProblem.MOMENT_UNREADABLE, text)
    today, rest = local_day(now), f" {plain_text(text)} "
    dated, rest = _take_date(rest, today, text, looks_back=looks_back)
    near_word, rest = _take_word(rest, _NEAR_PATTERN)
    weekday_word, rest = _take_word(rest, _WEEKDAY_PATTERN)
    typed_day = dated
    if near_word:
        typed_day = _near_day(near_word, today, dated, text, looks_back=looks_back)
    if weekday_word:
        weekday = _WEEKDAYS[weekday_word] % 7
        typed_day = typed_day or _day_of_weekday(weekday, today, looks_back=looks_back)
        if typed_day.day.weekday() != weekday:
            raise BadWhen(WhenProblem.DATE_OTHER_WEEKDAY, text, day=typed_day.day)
    return typed_day, " ".join(word for word in rest.split() if word not in FILLERS)


def _near_day(
    word: str, today: date, dated: _TypedDay | None, text: str, *, looks_back: bool
) -> _TypedDay:
    """Return the day of a word such as "tomorrow"; a date next to it has to be the same day."""
    days = [today + offset * ONE_DAY for offset in _NEAR_DAYS[word]]
    if dated is None:
        return _TypedDay(days[0] if looks_back else days[-1])
    if dated.day not in days:
        raise BadWhen(WhenProblem.MOMENT_UNREADABLE, text)
    return dated


def _day_of_weekday(weekday: int, today: date, *, looks_back: bool) -> _TypedDay:
    """Return the next (or last) such day; today is assumed if it is one."""
    ahead = (weekday - today.weekday()) % 7
    days = -(-ahead % 7) if looks_back else ahead
    return _TypedDay(today + days * ONE_DAY, is_assumed=not ahead, repeats=7)


def _take_date(
    rest: str, today: date, text: str, *, looks_back: bool
) -> tuple[_TypedDay | None, str]:
    """Take a date out of the text; without its year or month it is the next (or last) such day."""
    for pattern in _DATES:
        match = pattern.search(rest)
        if match is None:
            continue
        parts = match.groupdict()
        rest = f"{rest[: match.start()]} {rest[match.end() :]}"
        month = parts.get("month") or str(_MONTHS.get(parts.get("name") or "", ""))
        if year := parts.get("year"):
            return _TypedDay(calendar_day(year, month, parts["day"], text), is_dated=True), rest
        return _complete_day(parts["day"], month, today, text, looks_back=looks_back), rest
    return None, rest


def _complete_day(
    day_digits: str, month: str, today: date, text: str, *, looks_back: bool
) -> _TypedDay:
    """Return the nearest day with this number, in this month if one is given. Raises BadWhen."""
    step = -1 if looks_back else 1
    if month:
        months = [(today.year + step * n, int(month)) for n in range(2)]
    else:
        first = today.year * 12 + today.month - 1
        months = [((first + step * n) // 12, (first + step * n) % 12 + 1) for n in range(3)]
    days = [day for year, number in months if (day := existing_day(year, number, int(day_digits)))]
    nearest = next((day for day in days if (day <= today if looks_back else day >= today)), None)
    if nearest is None:
        raise BadWhen(WhenProblem.DATE_DOES_NOT_EXIST, text)
    is_assumed = months[0] != (nearest.year, nearest.month)
    return _TypedDay(nearest, is_dated=True, is_assumed=is_assumed)


def _take_word(rest: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    """Take the first matching word out of the text; return it, or empty, and the rest."""
    match = pattern.search(rest)
    if match is None:
        return "", rest
    return match[1], f"{rest[: match.start()]} {rest[match.end() :]}"


def _names(names: Iterable[Iterable[str]], first: int) -> dict[str, int]:
    """Return each spelling of the names with its number; all lists have the same order."""
    numbers: dict[str, int] = {}
    for language_names in names:
        for number, name in enumerate(language_names, start=first):
            plain = plain_text(name)
            for spelling in (plain, plain.removesuffix(".")):
                numbers.setdefault(spelling, number)
    return numbers


def _word_pattern(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<=\s)({names_pattern(names)})(?=\s)")


_MONTHS = _names(
    [
        *(get_month_names(width, locale=code).values() for code in LANGUAGES for width in _WIDTHS),
        *(language_rules(code).short_months for code in LANGUAGES),
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sept", "oct", "nov", "dec"],
    ],
    first=1,
)
_WEEKDAYS = _names(
    [
        *(get_day_names(width, locale=code).values() for code in LANGUAGES for width in _WIDTHS),
        ["रविवारी", "सोमवारी", "मंगळवारी", "बुधवारी", "गुरुवारी", "शुक्रवारी", "शनिवारी"],
        ["इतवार", "सोम", "मंगल", "बुध", "बृहस्पतिवार", "शुक्र", "शनि"],
        ["sun", "mon", "tues", "wed", "thurs", "fri", "sat"],
    ],
    first=-1,
)
_NEAR_DAYS = {
    **dict.fromkeys(("today", "aaj", "आज"), (0,)),
    **dict.fromkeys(("tomorrow", "udya", "उद्या"), (1,)),
    **dict.fromkeys(("yesterday", "काल"), (-1,)),
    # Hindi has one word for both neighbours of today, and Marathi and Hindi one for the days
    # beyond them.
    **dict.fromkeys(("kal", "कल"), (-1, 1)),
    **dict.fromkeys(("parva", "parso", "परवा", "परसों"), (-2, 2)),
    "day after tomorrow": (2,),
    "day before yesterday": (-2,),
}
_NEAR_PATTERN, _WEEKDAY_PATTERN = _word_pattern(_NEAR_DAYS), _word_pattern(_WEEKDAYS)
_SPOKEN_NUMBERS = {
    plain_text(word): number
    for spellings, number in (
        (("half an", "अर्ध्या", "अर्धा", "आधे", "आधा"), 0.5),
        (("a", "an", "one", "एका", "एक"), 1),
        (("one and a half", "दीड", "डेढ़"), 1.5),
        (("two", "दोन", "दो"), 2),
        (("three", "तीन"), 3),
    )
    for word in spellings
}
_FROM_NOW = re.compile(
    r"now|right now|आता|आत्ता|अभी|अब|"
    rf"(?:in |after )?(?P<number>\d{{1,3}}|{names_pattern(_SPOKEN_NUMBERS)}) ?(?:"
    r"(?P<hours>hours?|hrs?|तासाने|तासांनी|तासात|तासांत|घंटे|घंटा|घंटों)|"
    r"(?P<minutes>minutes?|mins?|मिनिटांनी|मिनिटाने|मिनिटांत|मिनिटात|मिनट|मिनटों))"
    r"(?: (?:later|from now|में|बाद|के बाद))?"
)
_DAY, _YEAR = r"(?<!\d)(?P<day>\d{1,2})", r"(?P<year>20\d\d)(?!\d)"
# A vowel sign is not a letter to `\b`, so the pattern says what follows the name.
_MONTH_NAME = rf"(?P<name>{names_pattern(_MONTHS)})\.?(?=[\s\d])"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?!\d)t?",
        rf"{_DAY}(?P<sep>[-/. ])(?P<month>\d{{1,2}})(?P=sep)(?P<year>\d{{4}})(?!\d)",
        rf"{_DAY}(?P<sep>[-/.])(?P<month>\d{{1,2}})(?P=sep)(?P<year>\d\d)(?!\d)",
        rf"{_DAY} ?(?:st|nd|rd|th)? ?{_MONTH_NAME}(?: {_YEAR})?",
        rf"(?<=\s){_MONTH_NAME} {_DAY}(?:st|nd|rd|th)?(?!\d|[:.]\d)(?: {_YEAR})?",
        rf"{_DAY}[-/](?P<month>0?[1-9]|1[0-2])(?![\d:.])",
        r"दि\.? ?(?P<day>\d{1,2})(?![\d:.])",
    )
)
