"""Find what a text mentions that a post may need: upcoming dates, times, places and helplines.

What is found is a proposal with its position in the text, never a fact: a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher

from publisher.auth.contact_details import REGION
from publisher.content_checks.localities import find_localities
from publisher.content_checks.placeholder_values import dialling_number
from publisher.content_checks.rules import find_mobiles
from publisher.i18n import dates
from publisher.i18n.dates_in_text import WrittenDate, find_dates
from publisher.i18n.languages import LANGUAGES, digits, latin_digits
from publisher.i18n.times_in_text import WrittenTime, find_times
from publisher.working_time import local_day

_UNTIL = {"mr": "ते", "en": "to", "hi": "से"}

_CALLED = (
    r"हेल्प\s?ला[इई]न|दूरध्वनी|दुरध्वनी|दूरभाष|फोन|फ़ोन|संपर्क|सम्पर्क|डायल|टोल[\s-]?फ्री|नंबर|माहिती|"
    r"जानकारी|तक्रार|शिकायत|मदत|अग्निशमन\s?दल|रुग्णवाहिका|पोलीस|पोलिस|पुलिस|नियंत्रण\s?कक्ष|"
    r"help\s?lines?|toll[\s-]?free|call|dial|phone|telephone|tel|contact|ambulance|fire\s?brigade|"
    r"police|control\s?room"
)
# As in "हेल्पलाइन क्र. १०८", "Call 112", "फोन : २५५०-१०००".
_AFTER_WORD = (
    rf"(?:{_CALLED})[\w\u0900-\u097f]{{0,6}}\.?\s?(?:क्रमांक|क्र|नं|नंबर|no|number|on)?\.?"
    r"\s?[:–—-]?\s?"
)
# As in "१०८ या क्रमांकावर", "112 helpline".
_BEFORE_WORD = (
    rf"\s?(?:\(|या |ह्या |इस )?(?:टोल[\s-]?फ्री )?(?:क्रमांक|नंबर|{_CALLED}|"
    rf"(?:वर|पर) (?:{_CALLED}|कॉल))"
)
_NUMBER = r"(?:1\d{2,4}|1[45]\d{4}|[2-7]\d{3}[\s-]?\d{4})(?![\d/.:-]?\d|\s?%|/-)"
_JOINED = r"\s?(?:,|/|किंवा|अथवा|व|या|और|or|and)\s?"
_LIST = rf"(?P<numbers>{_NUMBER}(?:{_JOINED}{_NUMBER})*)"
_FREE_LIST = r"(?<![\d./:,₹-])" + _LIST
_AFTER_A_WORD = re.compile(_AFTER_WORD + _LIST, re.IGNORECASE)
_BEFORE_A_WORD = re.compile(_FREE_LIST + _BEFORE_WORD, re.IGNORECASE)
_BEFORE_ANOTHER = re.compile(_FREE_LIST + _JOINED, re.IGNORECASE)
_AFTER_ANOTHER = re.compile(_JOINED + _LIST, re.IGNORECASE)
_EACH = re.compile(_NUMBER)
_EXTENSION = re.compile(r"\s*[,;]?\s*(?:ext|x|#)", re.IGNORECASE)
_LATER_CODES = re.compile(r"19\d\d")
"""Short codes of the state (1916, 1930, 1950), which the library does not know."""
_NOT_CALLED = re.compile(r"(?:[/\d-]|₹|rs\.?|रु\.?|रुपये|रक्कम|inr)\s?$", re.IGNORECASE)


class MentionKind(StrEnum):
    """What may be mentioned."""

    DATE = "date"
    TIME = "time"
    PLACE = "place"
    HELPLINE = "helpline"


@dataclass(frozen=True)
class WrittenNumber:
    """A telephone number in a text, from `start` to `end` in code points.

    `number` is what is dialled inside India, in Latin digits.
    """

    start: int
    end: int
    number: str


@dataclass(frozen=True)
class Mention:
    """Something that a text mentions, from `start` to `end` in code points.

    `value` is the same for every spelling; `texts` has it in each language. `last_day` is the last
    day of a date.
    """

    kind: MentionKind
    start: int
    end: int
    value: str
    texts: Mapping[str, str] = field(hash=False)
    last_day: date | None = None


def find_mentions(text: str, *, now: datetime) -> list[Mention]:
    """Return what a text mentions, in order; no two of them overlap, and dates have not passed."""
    today = local_day(now)
    written_dates = _join_ranges(find_dates(text, today=today))
    # A past date is not a mention, but its digits are not a telephone number either.
    covered = {at for written in written_dates for at in range(written.start, written.end)}
    mentions = [_date(written, now) for written in written_dates if written.last >= today]
    for mention in (*_helplines(text), *map(_time, find_times(text)), *_places(text)):
        span = range(mention.start, mention.end)
        if covered.isdisjoint(span):
            covered.update(span)
            mentions.append(mention)
    return sorted(mentions, key=lambda mention: mention.start)


def _join_ranges(written_dates: Iterable[WrittenDate]) -> list[WrittenDate]:
    """Return the dates, with the first and last day of a range joined into one."""
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
    for written in find_localities(text):
        locality = written.locality
        names = {
            "mr": locality.name_mr,
            "en": locality.name_en,
            "hi": locality.name_hi or locality.name_mr,
        }
        yield Mention(MentionKind.PLACE, written.start, written.end, locality.name_en, names)


def _helplines(text: str) -> Iterator[Mention]:
    for written in find_numbers(text):
        texts = {language: digits(written.number, language) for language in LANGUAGES}
        yield Mention(MentionKind.HELPLINE, written.start, written.end, written.number, texts)


def find_numbers(text: str) -> list[WrittenNumber]:
    """Return the telephone numbers in a text, in order.

    A number that is too short for the whole country counts only next to a word such as "helpline",
    or next to another number.
    """
    plain = latin_digits(text)
    whole = list(_whole(plain))
    numbers: list[WrittenNumber] = []
    mobiles = [WrittenNumber(start, end, number) for number, start, end in find_mobiles(plain)]
    for number in (*whole, *mobiles, *_short(plain, whole)):
        if all(other.end <= number.start or number.end <= other.start for other in numbers):
            numbers.append(number)
    return sorted(numbers, key=lambda number: number.start)


def _whole(text: str) -> Iterator[WrittenNumber]:
    for match in PhoneNumberMatcher(text, REGION, leniency=Leniency.VALID):
        written = _EXTENSION.split(match.raw_string)[0]
        number = dialling_number(written)
        if number and not _NOT_CALLED.search(text, max(0, match.start - 10), match.start):
            yield WrittenNumber(match.start, match.start + len(written), number)


def _short(text: str, whole: Sequence[WrittenNumber]) -> Iterator[WrittenNumber]:
    starts = {number.start for number in whole}
    after = (_AFTER_ANOTHER.match(text, number.end) for number in whole)
    before = (match for match in _BEFORE_ANOTHER.finditer(text) if match.end() in starts)
    beside_words = (*_AFTER_A_WORD.finditer(text), *_BEFORE_A_WORD.finditer(text))
    for match in (*beside_words, *before, *filter(None, after)):
        for each in _EACH.finditer(text, *match.span("numbers")):
            number = re.sub(r"\s", "-", each.group())
            if not number.startswith("1") or _is_short_code(number):
                yield WrittenNumber(each.start(), each.end(), number)


def _is_short_code(number: str) -> bool:
    parsed = phonenumbers.parse(number, REGION)
    is_listed = phonenumbers.is_valid_short_number_for_region(parsed, REGION)
    return is_listed or _LATER_CODES.fullmatch(number) is not None
