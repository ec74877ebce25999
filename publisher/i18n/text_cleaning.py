"""Clean texts for storage: composed, with plain newlines, without deceptive characters.

A text is visible if it has more than joiners, direction marks and blanks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_NEWLINES = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_BYTE_ORDER_MARK = "\ufeff"
_SURROGATES = range(0xD800, 0xE000)
_REPLACED = 0xFFFD
"""The replacement that a browser has sent in place of a lone surrogate."""

_NONCHARACTERS = range(0xFDD0, 0xFDF0)
_BIDI = frozenset([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

# Not looked at one by one: printable ASCII, and scripts in which no character is refused.
_RARE = re.compile("[^ -~\u00a0-\u1fff]")

_DEVANAGARI, _LATIN = re.compile("[\u0900-\u097f]"), re.compile("[A-Za-z]")
_NO_WORDS = re.compile(r"@|://|^[(\"“]*(?:#|www\.)")
_MOSTLY = 0.8


_LEADING_HANDLES = re.compile(r"(?:@[^\s@]+\s+)+")


class TextProblem(StrEnum):
    """The kinds of refused characters."""

    CONTROL = "control_character"
    BIDI = "bidirectional_override"
    SURROGATE = "lone_surrogate"
    NONCHARACTER = "noncharacter"


@dataclass(frozen=True, slots=True)
class CleaningResult:
    """A refused character of the cleaned text: index from 0, line and column from 1."""

    code: TextProblem
    index: int
    line: int
    column: int
    character: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The text in NFC with `\\n` for every newline, and what must be refused in it."""

    text: str
    problems: tuple[CleaningResult, ...]

    @property
    def ok(self) -> bool:
        """True if the text may be stored."""
        return not self.problems


def clean(text: str) -> Cleaned:
    """Compose and normalise a text, and list every character that is refused.

    A tab becomes a space and a leading byte order mark is removed; nothing else is lost.
    """
    plain = _NEWLINES.sub("\n", text.removeprefix(_BYTE_ORDER_MARK)).replace("\t", " ")
    composed = unicodedata.normalize("NFC", plain)
    return Cleaned(composed, tuple(_problems(composed)))


def _problems(text: str) -> Iterator[CleaningResult]:
    line, line_start = 1, 0
    for match in _RARE.finditer(text):
        index, character = match.start(), match.group()
        if character == "\n":
            line, line_start = line + 1, index + 1
        elif code := _code_point_problem(ord(character)):
            yield CleaningResult(
                code, index, line, index - line_start + 1, f"U+{ord(character):04X}"
            )


def _code_point_problem(point: int) -> TextProblem | None:
    if point < 0x20 or 0x7F <= point < 0xA0:
        return TextProblem.CONTROL
    if point in _BIDI:
        return TextProblem.BIDI
    if point in _SURROGATES or point == _REPLACED:
        return TextProblem.SURROGATE
    # The last two code points of each plane are not characters; platforms refuse the mark, too.
    if point in _NONCHARACTERS or point & 0xFFFE == 0xFFFE or point == ord(_BYTE_ORDER_MARK):
        return TextProblem.NONCHARACTER
    return None


def detect_language(text: str) -> str | None:
    """Return `mr`, `en` or `mixed` by the script of the letters; None if there are no letters.

    URLs, handles and hashtags are ignored. Hindi, in the same script, counts as `mr`.
    """
    word_text = "".join(word for word in text.split() if not _NO_WORDS.search(word))
    # Vowel signs are not letters.
    devanagari = sum(map(str.isalpha, _DEVANAGARI.findall(word_text)))
    latin = len(_LATIN.findall(word_text))
    if not devanagari + latin:
        return None
    share = devanagari / (devanagari + latin)
    if share >= _MOSTLY:
        return "mr"
    return "en" if share <= 1 - _MOSTLY else "mixed"


_SILENT = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS = frozenset([*range(0xFE00, 0xFE10), *range(0x180B, 0x1810), *range(0xE0100, 0xE01F0)])


def is_visible(text: str) -> bool:
    """Return True if at least one character of the text can be seen."""
    return any(not _is_silent(letter) for letter in text)


def _is_silent(letter: str) -> bool:
    return (
        unicodedata.category(letter) in _SILENT
        or letter in _BLANK_LETTERS
        or ord(letter) in _SELECTORS
    )


def strip_leading_handles(text: str) -> str:
    """Return a comment without the handles it replies to, which would fill a subject or a list."""
    return text[match.end() :] if (match := _LEADING_HANDLES.match(text)) else text
