"""The rules of Marathi, English and Hindi for dates, times and numbers.

Numbers have their digits, grouping, plurals, and the "No." before them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from babel.dates import get_month_names

NBSP = "\u00a0"

LANGUAGES: Mapping[str, str] = {"mr": "मराठी", "en": "English", "hi": "हिन्दी"}
"""The languages of pages and mails, each with its own name for itself; this is their only list.

If a language has no catalogue, rules or mail, English is used instead.
"""
DEFAULT_LANGUAGE = "mr"

# The hours at which the parts of a day begin: midnight, before dawn, morning, afternoon, evening,
# night. "आज रात्री १:००" is the coming night to every reader, so the small hours have their own
# words.
PART_STARTS = (0, 1, 6, 12, 16, 20)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of time in the singular and the plural."""

    singular: str
    plural: str


@dataclass(frozen=True, slots=True)
class LanguageRules:
    """One language's words and patterns; weekdays begin with Monday."""

    weekdays: tuple[str, ...]
    short_weekdays: tuple[str, ...]
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    parts: tuple[str, ...]
    short_parts: tuple[str, ...]
    today: str
    tomorrow: str
    yesterday: str
    day: str
    clock: str
    numbered: str
    days: Unit
    hours: Unit
    minutes: Unit
    time_left: str
    nearly_over: str
    devanagari_digits: bool = False
    # One word may mean yesterday and tomorrow; then the date is added to it.
    names_date_too: bool = False
    zero_is_singular: bool = False


def _months(locale: str, width: Literal["wide", "abbreviated"] = "wide") -> tuple[str, ...]:
    return tuple(get_month_names(width, locale=locale).values())


MARATHI = LanguageRules(
    weekdays=("सोमवार", "मंगळवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार"),
    short_weekdays=("सोम.", "मंगळ.", "बुध.", "गुरु.", "शुक्र.", "शनि.", "रवि."),
    months=_months("mr"),
    short_months=(
        *("जाने.", "फेब्रु.", "मार्च", "एप्रि.", "मे", "जून"),
        *("जुलै", "ऑग.", "सप्टें.", "ऑक्टो.", "नोव्हें.", "डिसें."),
    ),
    parts=("मध्यरात्री", "पहाटे", "सकाळी", "दुपारी", "सायं.", "रात्री"),
    short_parts=("म.रा.", "प.", "स.", "दु.", "सायं.", "रा."),
    today="आज",
    tomorrow="उद्या",
    yesterday="काल",
    day=f"दि.{NBSP}{{day}}",
    clock=f"{{part}}{NBSP}{{clock}}",
    numbered=f"क्र.{NBSP}{{number}}",
    days=Unit("दिवस", "दिवस"),
    hours=Unit("तास", "तास"),
    minutes=Unit("मिनिट", "मिनिटे"),
    time_left="({span} शिल्लक)",
    nearly_over="(एका मिनिटापेक्षा कमी वेळ शिल्लक)",
    devanagari_digits=True,
)

ENGLISH = LanguageRules(
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    short_weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=_months("en"),
    short_months=_months("en", "abbreviated"),
    parts=("am", "am", "am", "pm", "pm", "pm"),
    short_parts=("am", "am", "am", "pm", "pm", "pm"),
    today="today",
    tomorrow="tomorrow",
    yesterday="yesterday",
    day="{day}",
    clock=f"{{clock}}{NBSP}{{part}}",
    numbered=f"No.{NBSP}{{number}}",
    days=Unit("day", "days"),
    hours=Unit("hour", "hours"),
    minutes=Unit("minute", "minutes"),
    time_left="({span} left)",
    nearly_over="(less than a minute left)",
)

HINDI = LanguageRules(
    weekdays=("सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार"),
    short_weekdays=("सोम.", "मंगल.", "बुध.", "गुरु.", "शुक्र.", "शनि.", "रवि."),
    months=_months("hi"),
    short_months=(
        *("जन.", "फ़र.", "मार्च", "अप्रै.", "मई", "जून"),
        *("जुला.", "अग.", "सितं.", "अक्टू.", "नवं.", "दिसं."),
    ),
    parts=("आधी रात", "तड़के", "सुबह", "दोपहर", "शाम", "रात"),
    short_parts=("आधी रात", "तड़के", "सुबह", "दोपहर", "शाम", "रात"),
    today="आज",
    tomorrow="कल",
    yesterday="कल",
    day="{day}",
    clock=f"{{part}}{NBSP}{{clock}}{NBSP}बजे",
    numbered=f"क्र.{NBSP}{{number}}",
    days=Unit("दिन", "दिन"),
    hours=Unit("घंटा", "घंटे"),
    minutes=Unit("मिनट", "मिनट"),
    time_left="({span} शेष)",
    nearly_over="(एक मिनट से कम समय शेष)",
    names_date_too=True,
    zero_is_singular=True,
)

_TONGUES = {"mr": MARATHI, "mixed": MARATHI, "hi": HINDI, "en": ENGLISH}


def language_rules(locale: str) -> LanguageRules:
    """Return the rules of a locale such as `mr`, `hi_IN` or `mixed`; English for any other."""
    return _TONGUES.get(locale.partition("_")[0].partition("-")[0].lower(), ENGLISH)


_LATIN = "0123456789"
_DEVANAGARI = "०१२३४५६७८९"
_TO_DEVANAGARI = str.maketrans(_LATIN, _DEVANAGARI)
_TO_LATIN = str.maketrans(_DEVANAGARI, _LATIN)
_WITHOUT_LATIN_LETTERS = re.compile(r"(?<!\S)[^\sA-Za-z]+(?!\S)")


def digits(text: str, locale: str) -> str:
    """Return the text with its language's digits: Devanagari in Marathi, else unchanged.

    Words with Latin letters keep theirs: `PMC/2026/000123`, addresses, handles.
    """
    if not language_rules(locale).devanagari_digits:
        return text
    return _WITHOUT_LATIN_LETTERS.sub(lambda word: word[0].translate(_TO_DEVANAGARI), text)


def latin_digits(text: str) -> str:
    """Return the text with every Devanagari digit as 0 to 9, for parsing input."""
    return text.translate(_TO_LATIN)


def number(value: int, locale: str) -> str:
    """Return an integer with Indian grouping, `12,34,567`, in the language's digits."""
    figures = str(abs(value))
    head, tail = figures[:-3], figures[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    grouped = ",".join([*reversed(pairs), tail])
    return digits(f"-{grouped}" if value < 0 else grouped, locale)


def format_numbered(value: int, locale: str) -> str:
    """Return `क्र. ३` or `No. 3`, with a no-break space."""
    return language_rules(locale).numbered.format(number=digits(str(value), locale))


def plural(value: int, singular_form: str, other: str, locale: str) -> str:
    """Return the form for `value`: in Hindi zero is singular too."""
    singular = value == 1 or (value == 0 and language_rules(locale).zero_is_singular)
    return singular_form if singular else other


def format_count(value: int, singular_form: str, other: str, locale: str) -> str:
    """Return the number and the noun in its form: `३ मिनिटे`, `1 hour`."""
    return f"{number(value, locale)} {plural(value, singular_form, other, locale)}"
