"""Find what a text mentions that a post may need: dates to come, times, places and helplines.

What is found is a proposal with its position in the text, never a fact: a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from publisher.content_checks.localities import localities_in
from publisher.content_checks.telephone_numbers import numbers_in
from publisher.i18n import dates
from publisher.i18n.dates_in_text import WrittenDate, dates_in
from publisher.i18n.languages import digits
from publisher.i18n.times_in_text import WrittenTime, times_in
from publisher.working_time import local_day

LANGUAGES = ("mr", "en", "hi")
_UNTIL = {"mr": "ते", "en": "to", "hi": "से"}


class MentionKind(StrEnum):
    """What may be mentioned."""

    DATE = "date"
    TIME = "time"
    PLACE = "place"
    HELPLINE = "helpline"


@dataclass(frozen=True)
class Mention:
    """Something that a text mentions, from `start` to `end` in code points.

    `value` is the same for each way of writing it, `texts` has it in each language. `last_day` is
    the last day of a date.
    """

    kind: MentionKind
    start: int
    end: int
    value: str
    texts: Mapping[str, str] = field(hash=False)
    last_day: date | None = None


def mentions_in(text: str, *, now: datetime) -> list[Mention]:
    """Return what a text mentions, in order; no two of them overlap, and dates have not passed."""
    today = local_day(now)
    written_dates = _as_ranges(dates_in(text, today=today))
    # A date that has passed is no mention, but its figures are no telephone number either.
    covered = {at for written in written_dates for at in range(written.start, written.end)}
    mentions = [_date(written, now) for written in written_dates if written.last >= today]
    for mention in (*_helplines(text), *_times(text), *_places(text)):
        span = range(mention.start, mention.end)
        if covered.isdisjoint(span):
            covered.update(span)
            mentions.append(mention)
    return sorted(mentions, key=lambda mention: mention.start)


def _as_ranges(written_dates: Iterable[WrittenDate]) -> list[WrittenDate]:
    """Return the dates, those that are the first and the last day of a range as one."""
    ranges: list[WrittenDate] = []
    for written in written_dates:
        before = ranges[-1] if ranges else None
        if before is not None and before.day < before.last == written.last:
            ranges[-1] = replace(before, end=written.end)
        else:
            ranges.append(written)
    return ranges


def _date(written: WrittenDate, now: datetime) -> Mention:
    days = list(dict.fromkeys((written.day, written.last)))
    texts = {
        language: _range(language, [dates.plain_day(day, language, now=now) for day in days])
        for language in LANGUAGES
    }
    value = "/".join(day.isoformat() for day in days)
    return Mention(MentionKind.DATE, written.start, written.end, value, texts, written.last)


def _times(text: str) -> Iterator[Mention]:
    for written in times_in(text):
        yield _time(written)


def _time(written: WrittenTime) -> Mention:
    times = [clock for clock in (written.at, written.until) if clock is not None]
    texts = {
        language: _range(language, [dates.time_of_day(clock, language) for clock in times])
        for language in LANGUAGES
    }
    value = "/".join(f"{clock:%H:%M}" for clock in times)
    return Mention(MentionKind.TIME, written.start, written.end, value, texts)


def _range(language: str, texts: list[str]) -> str:
    # Platforms keep no-break spaces, but their counts and searches do not expect them.
    return f" {_UNTIL[language]} ".join(texts).replace("\u00a0", " ")


def _places(text: str) -> Iterator[Mention]:
    for written in localities_in(text):
        locality = written.locality
        names = {
            "mr": locality.name_mr,
            "en": locality.name_en,
            "hi": locality.name_hi or locality.name_mr,
        }
        yield Mention(MentionKind.PLACE, written.start, written.end, locality.name_en, names)


def _helplines(text: str) -> Iterator[Mention]:
    for written in numbers_in(text):
        texts = {language: digits(written.number, language) for language in LANGUAGES}
        yield Mention(MentionKind.HELPLINE, written.start, written.end, written.number, texts)
