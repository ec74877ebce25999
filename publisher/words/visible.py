"""Whether a text shows anything at all: joiners, marks of direction and odd blanks do not."""

from __future__ import annotations

import unicodedata

_SILENT = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS = range(0xFE00, 0xFE10)


def is_visible(text: str) -> bool:
    """Whether at least one character of the text can be seen."""
    return any(not _is_silent(letter) for letter in text)


def _is_silent(letter: str) -> bool:
    return (
        unicodedata.category(letter) in _SILENT
        or letter in _BLANK_LETTERS
        or ord(letter) in _SELECTORS
    )
