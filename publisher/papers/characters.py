"""Make texts printable: glyphs of the papers' font, names of symbols, breaks within words."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import emoji
import regex

FONTS: Final = Path(__file__).parent / "fonts"
"""The build writes its files."""

_HYPHEN: Final = "\u2010"
_BREAK: Final = "\u200b"
_WORD: Final = re.compile(r"\S{3,}")


class CannotShape(Exception):
    """The font has no glyph for `characters`; `text` is the value in which they are."""

    def __init__(self, characters: str, text: str) -> None:
        super().__init__(characters)
        self.characters = characters
        self.text = text


def printable(text: str) -> str:
    """Return a text with characters of the font only. Raises `CannotShape`.

    A symbol without a glyph, such as an emoji, becomes its English name: `[loudspeaker]`. Other
    spaces become spaces, and characters that only set the writing direction are removed.
    """
    text = re.sub(r"\r\n?", "\n", text).replace(_BREAK, "")
    if _advances().keys() >= set(text):
        return text
    named = emoji.replace_emoji(text, lambda _symbol, names: _name_in_brackets(str(names["en"])))
    printed = "".join(char if char in _advances() else _replacement(char) for char in named)
    if missing := dict.fromkeys(char for char in printed if char not in _advances()):
        raise CannotShape("".join(missing), text)
    return printed


def add_breaks(text: str, width: float) -> str:
    """Return a printable text with zero-width spaces in each word that may be wider than `width`.

    The width is in ems. A conjunct stays whole, because breaks come only after graphemes.
    """

    def broken(word: re.Match[str]) -> str:
        advance = sum(_advances()[char] for char in word[0])
        return word[0] if advance <= width else _BREAK.join(regex.findall(r"\X", word[0]))

    return _WORD.sub(broken, text)


@cache
def _advances() -> Mapping[str, float]:
    """Return the width of each character of the font, in ems; a conjunct is narrower than its sum.

    These are the widths of the bold font, which is wider.
    """
    advances: dict[str, float] = json.loads((FONTS / "advances.json").read_text("utf-8"))
    return {"\n": 0.0} | advances


def _replacement(char: str) -> str:
    """Return the replacement of a character without a glyph; a letter has none and is returned."""
    if char in "\u00a0\u202f":
        return "\u00a0"
    if char == "\u2011":
        return _HYPHEN
    category = unicodedata.category(char)
    if category in ("Zs", "Zl", "Zp", "Cc"):
        return " "
    if category == "Cf" or regex.fullmatch(r"\p{VS}", char):
        return ""
    if category.startswith("S"):
        return _name_in_brackets(unicodedata.name(char, "symbol").lower())
    return char


def _name_in_brackets(name: str) -> str:
    return f"[{name.strip(':').replace('_', ' ')}]"
