"""Numbers as each language writes them: digits, grouping, plurals, and the "No." before them."""

from __future__ import annotations

import re

from publisher.words.tongues import tongue

_LATIN = "0123456789"
_DEVANAGARI = "०१२३४५६७८९"
_TO_DEVANAGARI = str.maketrans(_LATIN, _DEVANAGARI)
_TO_LATIN = str.maketrans(_DEVANAGARI, _LATIN)
_WITHOUT_LATIN_LETTERS = re.compile(r"(?<!\S)[^\sA-Za-z]+(?!\S)")


def digits(text: str, locale: str) -> str:
    """The text with the digits of its language: Devanagari in Marathi, else as it stands.

    Words that hold Latin letters keep theirs: `PMC/2026/000123`, addresses, handles.
    """
    if not tongue(locale).devanagari_digits:
        return text
    return _WITHOUT_LATIN_LETTERS.sub(lambda word: word[0].translate(_TO_DEVANAGARI), text)


def latin_digits(text: str) -> str:
    """The text with every Devanagari digit as 0 to 9, for reading what people type."""
    return text.translate(_TO_LATIN)


def number(value: int, locale: str) -> str:
    """A whole number grouped the Indian way, `12,34,567`, in the language's digits."""
    figures = str(abs(value))
    head, tail = figures[:-3], figures[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    grouped = ",".join([*reversed(pairs), tail])
    return digits(f"-{grouped}" if value < 0 else grouped, locale)


def numbered(value: int, locale: str) -> str:
    """`क्र. ३` or `No. 3`, which no line break parts."""
    return tongue(locale).numbered.format(number=digits(str(value), locale))


def plural(value: int, one: str, other: str, locale: str) -> str:
    """The form that goes with `value`: in Hindi nought takes the singular too."""
    singular = value == 1 or (value == 0 and tongue(locale).zero_is_singular)
    return one if singular else other


def counted(value: int, one: str, other: str, locale: str) -> str:
    """The number and the noun in the form that goes with it: `३ मिनिटे`, `1 hour`."""
    return f"{number(value, locale)} {plural(value, one, other, locale)}"
