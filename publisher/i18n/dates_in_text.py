"""Find dates in running text, in Marathi, English and Hindi, with their weekday.

The names of months and weekdays include people's spellings, not only ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from publisher.i18n.date_parsing import FIRST_YEAR, LAST_YEAR, existing_day, names_pattern
from publisher.i18n.languages import ENGLISH, HINDI, MARATHI, latin_digits

# Spellings in addition to those of `languages`, where short Marathi and Hindi names have a dot.
_MORE_MONTHS: tuple[tuple[str, ...], ...] = (
    ("January", "जनवरी", "जानेवारि"),
    ("February", "फरवरी", "फेब्रूवारी"),
    ("March", "मार्च"),
    ("April", "एप्रील"),
    ("May", "मई"),
    ("June", "जुन"),
    ("July", "जुलाई", "जूलै"),
    ("August", "ऑगष्ट", "आगस्ट", "अगस्त"),
    ("September", "Sept", "सप्टेम्बर", "सितम्बर"),
    ("October", "ऑक्टोंबर", "ओक्टोबर", "अक्तूबर"),
    ("November", "नोव्हेम्बर", "नोवेंबर", "नवम्बर"),
    ("December", "डिसेम्बर", "दिसम्बर"),
)
_MORE_WEEKDAYS: tuple[tuple[str, ...], ...] = (
    (),
    ("Tues", "मंगळ", "मंगल"),
    (),
    ("Thur", "Thurs", "गुरूवार", "बृहस्पतिवार"),
    (),
    (),
    ("इतवार",),
)


def _numbers(
    rows: Iterable[tuple[str, ...]],
    more: Iterable[tuple[str, ...]],
    *,
    first: int,
    never_small: tuple[str, ...],
) -> dict[str, int]:
    """Return the number of each name, counted from `first`.

    `rows` has the names in order, `more` the other spellings of each. English names are added in
    lower and upper case, except for those that are other words in lower case.
    """
    names = {name.rstrip("."): number for row in rows for number, name in enumerate(row, first)}
    for number, spellings in enumerate(more, first):
        names |= dict.fromkeys(spellings, number)
    small = {name.lower(): at for name, at in names.items() if name.lower() not in never_small}
    return {**names, **small, **{name.upper(): at for name, at in names.items()}}


_RULES = (MARATHI, ENGLISH, HINDI)
MONTHS = _numbers(
    (names for rules in _RULES for names in (rules.months, rules.short_months)),
    _MORE_MONTHS,
    first=1,
    never_small=("may", "march", "mar", "dec"),
)
"""The number of a month, from 1, by each of its names."""

WEEKDAYS = _numbers(
    (names for rules in _RULES for names in (rules.weekdays, rules.short_weekdays)),
    _MORE_WEEKDAYS,
    first=0,
    never_small=("sun", "sat", "wed", "mon"),
)
"""The number of a weekday, from 0 for Monday, by each of its names."""


@dataclass(frozen=True)
class WrittenDate:
    """A date in a text, from `start` to `end` in code points; a range ends with `last`.

    `weekday` is the one written next to it, 0 for Monday; None if there is none. `has_year` says
    whether the year is written, or was chosen as the nearest one.
    """

    start: int
    end: int
    day: date
    last: date
    weekday: int | None = None
    has_year: bool = True


# A vowel sign belongs to its letter, so `\b` does not end a Devanagari word.
_WORD_ENDS = r"(?![A-Za-z\u0900-\u0963\u0970-\u097f])"
_WORD_BEGINS = r"(?<![A-Za-z\u0900-\u0963\u0970-\u097f])"  # "७ वाजून १५ मिनिटांनी" names no June
_SUFFIXES = "ला|रोजी|पर्यंत|पासून|मध्ये|च्या|चा|ची|चे|चं|स|तक|से|को|का|की|के|में"  # नोव्हेंबरपर्यंत, नवंबर को


_MONTH = rf"(?:{names_pattern(MONTHS)})\.?(?:{_SUFFIXES})?{_WORD_ENDS}"
_WEEKDAY = rf"(?:{names_pattern(WEEKDAYS)})\.?(?:ी|ला|च्या)?{_WORD_ENDS}"
_NUMBER = r"(?<![\d./:-])\d{1,2}"
_ORDINAL = r"(?:st|nd|rd|th)?"
_YEAR = r"(?P<{0}>(?:19|20)\d\d)(?!\d)"
_JOINED = r"\s{0,2}(?:-|–|—|ते|व|आणि|से|और|to|and|&|,)\s{0,2}"

_NAMED = re.compile(
    rf"(?P<day>{_NUMBER}){_ORDINAL}(?:{_JOINED}(?P<until>\d{{1,2}}){_ORDINAL})?"
    rf"[\s\u00a0]{{0,2}}(?:of\s)?(?P<month>{_MONTH})(?:,?[\s\u00a0]{{0,2}}{_YEAR.format('year')})?"
    rf"|{_WORD_BEGINS}(?P<month_first>{_MONTH})\s(?P<day_second>\d{{1,2}})(?!\d){_ORDINAL}"
    rf"(?:,?\s{_YEAR.format('year_last')})?"
)
_FIGURES = re.compile(
    r"(?<![\w./:-])(?:"
    r"(?P<iso_year>(?:19|20)\d\d)-(?P<iso_month>\d\d)-(?P<iso_day>\d\d)"
    r"|(?P<day>\d{1,2})(?P<mark>[./-])(?P<month>\d{1,2})(?P=mark)(?P<year>(?:19|20)\d\d|\d\d)"
    r"|(?P<bare_day>\d{1,2})(?P<bare_mark>[./])(?P<bare_month>\d{1,2})"
    r")(?![\d/-]|\.\d)"
)
# `24/7` and `9.30` are not dates: without a year, a word has to say that it is one.
_SAYS_DATE = re.compile(
    rf"(?:दि\.|दि|दिनांक|दिनाँक|तारीख|[Dd]ate|[Dd]t\.|{_WEEKDAY},?)[:\s\u00a0]{{0,3}}$"
)
_BEFORE = re.compile(
    rf"(?P<weekday>{_WEEKDAY})[,(]?[\s\u00a0]{{0,2}}(?:the\s)?(?:दि\.|दि|दिनांक)?[\s\u00a0]{{0,2}}$"
)
_AFTER = re.compile(rf"[,]?[\s\u00a0]{{0,2}}(?:रोजी\s)?\(?(?P<weekday>{_WEEKDAY})\)?")
_GOES_ON = re.compile(
    r",?[\s\u00a0]{0,2}(?:(?:रोजी|को|पासून)\s)?(?:ते|से|to|till|until|-|–|—)[\s\u00a0]{0,2}"
    r"(?:(?:दि\.|दि|दिनांक|the)[\s\u00a0]{0,2})?"
)
_LOOK_BACK = 30


def find_dates(text: str, *, today: date) -> list[WrittenDate]:
    """Return the dates in a text, in order; a day without a year is the one nearest to `today`.

    Impossible dates (30 February) are left out, as is a month without a day.
    """
    plain = latin_digits(text)
    dates = sorted(
        [*_dates_with_month_names(plain, today), *_figures(plain, today)],
        key=lambda written_date: written_date.start,
    )
    return [
        _extend_to_range_end(plain, written_date, after)
        for written_date, after in pairwise([*dates, None])
        if written_date
    ]


def _extend_to_range_end(
    text: str, written_date: WrittenDate, after: WrittenDate | None
) -> WrittenDate:
    """Return the date, extended to the next one if the text joins them into a range."""
    if (
        after is None
        or after.last < written_date.day
        or not _GOES_ON.fullmatch(text, written_date.end, after.start)
    ):
        return written_date
    return replace(written_date, last=after.last)


def _dates_with_month_names(text: str, today: date) -> Iterator[WrittenDate]:
    for match in _NAMED.finditer(text):
        name = match["month"] or match["month_first"]
        month = MONTHS.get(_stem(name))
        if month is None:
            continue
        day = int(match["day"] or match["day_second"])
        year = match["year"] or match["year_last"]
        until = int(match["until"] or day)
        yield from _resolve_dates(text, match, (day, until), month, year, today)


def _stem(name: str) -> str:
    """Return the month's name as in the table, without a dot and without suffixes."""
    bare = name.rstrip(".")
    names = (
        known_name
        for known_name in MONTHS
        if bare == known_name or (bare.startswith(known_name) and not known_name.isascii())
    )
    return max(names, key=len, default="")


def _figures(text: str, today: date) -> Iterator[WrittenDate]:
    for match in _FIGURES.finditer(text):
        if match["iso_year"]:
            day, month, year = match["iso_day"], match["iso_month"], match["iso_year"]
        elif match["day"]:
            day, month, year = match["day"], match["month"], match["year"]
        elif _is_bare_date(text, match):
            day, month, year = match["bare_day"], match["bare_month"], None
        else:
            continue
        yield from _resolve_dates(text, match, (int(day), int(day)), int(month), year, today)


def _is_bare_date(text: str, match: re.Match[str]) -> bool:
    """Return True for a date of day and month only: `25/11` in full figures, or after "दि."."""
    in_full = match["bare_mark"] == "/" and len(match["bare_day"] + match["bare_month"]) == 4
    before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
    return in_full or _SAYS_DATE.search(before) is not None


def _resolve_dates(
    text: str,
    match: re.Match[str],
    days: tuple[int, int],
    month: int,
    year: str | None,
    today: date,
) -> Iterator[WrittenDate]:
    first, last = (_day(number, month, year, today) for number in days)
    if first is None or last is None:
        return
    start, end, weekday = _include_weekday(text, match.start(), match.end())
    yield WrittenDate(start, end, first, max(first, last), weekday, year is not None)


def _day(day: int, month: int, year: str | None, today: date) -> date | None:
    """Return the day in its year, or in the year nearest to today; None if it does not exist.

    A two-digit year is in this century.
    """
    if year is not None:
        number = int(year) + (FIRST_YEAR if len(year) == 2 else 0)
        return existing_day(number, month, day) if number <= LAST_YEAR else None
    candidates = (existing_day(today.year + step, month, day) for step in (0, 1, -1))
    days = [candidate for candidate in candidates if candidate is not None]
    return min(days, key=lambda candidate: abs(candidate - today), default=None)


def _include_weekday(text: str, start: int, end: int) -> tuple[int, int, int | None]:
    """Return the span extended by the weekday directly before or after it, and the weekday."""
    begin = max(0, start - _LOOK_BACK)
    before = _BEFORE.search(text, begin, start)
    if before is not None:
        return before.start(), end, _weekday(before["weekday"])
    after = _AFTER.match(text, end)
    if after is not None:
        return start, after.end(), _weekday(after["weekday"])
    return start, end, None


def _weekday(name: str) -> int | None:
    bare = name.rstrip(".")
    names = [known_name for known_name in WEEKDAYS if bare.startswith(known_name)]
    return WEEKDAYS[max(names, key=len)] if names else None
