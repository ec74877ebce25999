"""Find times of day in running text, in Marathi, English and Hindi."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from publisher.i18n.date_parsing import PART_NAMES, BadWhen, names_pattern, parse_clock
from publisher.i18n.languages import latin_digits

_PART = names_pattern(PART_NAMES)
_OCLOCK = r"(?:वाजेपर्यंत|वाजल्या(?=पासून)|वाजता|वाजे|वा(?![\u0900-\u0963])\.?|बजे|hrs\b\.?|o'clock)"
_NOON = r"(?:a\.?m\b\.?|p\.?m\b\.?|noon\b)"
_SPACE = r"[\s\u00a0]{0,2}"


def _pattern_of_one(which: str) -> str:
    """Return the pattern of a time of day; `which` begins the names of its groups."""
    return (
        rf"(?:(?P<{which}before>{_PART}){_SPACE}(?:ठीक{_SPACE})?)?"
        rf"(?P<{which}hour>\d{{1,2}})(?:[:.](?P<{which}minute>[0-5]\d))?(?![\d/:-]|\.\d|\s?वाजून)"
        rf"(?:{_SPACE}(?P<{which}after>{_NOON}|{_OCLOCK}))?"
    )


_JOINED = (
    rf"{_SPACE}(?:पासून{_SPACE})?"
    rf"(?:(?<=पासून)|(?<=पासून )|-|–|—|ते|से|to|till|until|(?(between)and|(?!))){_SPACE}"
)
_TIMES = re.compile(
    rf"(?<![\w\u0900-\u097f./:-])(?P<between>between\s)?{_pattern_of_one('')}"
    rf"(?:{_JOINED}{_pattern_of_one('last_')})?",
    re.IGNORECASE,
)
_IS_OCLOCK = re.compile(_OCLOCK, re.IGNORECASE)


@dataclass(frozen=True)
class WrittenTime:
    """A time of day in a text, from `start` to `end` in code points; a range ends with `until`."""

    start: int
    end: int
    at: time
    until: time | None = None


def find_times(text: str) -> list[WrittenTime]:
    """Return the times of day in a text, in order.

    Bare numbers, and times that may be in the morning or in the evening, are left out.
    """
    written_times = []
    for match in _TIMES.finditer(latin_digits(text)):
        first_times = _times(match, "", fallback=match["last_after"])
        if len(first_times) == 1 and _is_time_of_day(match):
            (first,) = first_times
            until = _range_end(match, first)
            written_times.append(WrittenTime(match.start(), match.end(), first, until))
    return written_times


def _range_end(match: re.Match[str], first: time) -> time | None:
    """Return the end of a range; only its own part of the day lets it end after midnight."""
    last_times = _times(match, "last_")
    if match["last_before"] and len(last_times) == 1:
        return last_times[0]
    # "10:30 to 5", "सायंकाळी ६ ते ८": the end comes after the beginning.
    in_the_evening = [last.replace(hour=last.hour + 12) for last in last_times if last.hour < 12]
    return min((last for last in (*last_times, *in_the_evening) if last > first), default=None)


def _is_time_of_day(match: re.Match[str]) -> bool:
    """Return True if a word says that these numbers are times of day."""
    return any(match[name] for name in ("before", "after", "last_before", "last_after"))


def _times(match: re.Match[str], which: str, *, fallback: str | None = None) -> tuple[time, ...]:
    """Return what the first or the last time of a range may mean."""
    hour, minute = match[f"{which}hour"], match[f"{which}minute"] or "00"
    if hour is None:
        return ()
    part = (match[f"{which}before"] or match[f"{which}after"] or fallback or "").rstrip(".")
    if part.casefold() == "hrs":  # of 24 hours
        hour = hour.zfill(2)
    try:
        return parse_clock(f"{'' if _IS_OCLOCK.fullmatch(part) else part} {hour}:{minute}").times
    except BadWhen:
        return ()
