"""Clean the texts of mails as the desk stores texts, since nobody can be asked to correct them."""

from __future__ import annotations

import re
from typing import Final

import regex

from publisher.i18n.text_cleaning import TextProblem, clean

_LOST: Final = "?"
"""Replaces a letter that the mail itself had lost: visible, so that a reader sees the gap."""

_MARKS: Final = regex.compile(r"(\p{M}{20})\p{M}+")
"""No real letter has so many marks; sorting a million marks takes hours."""

_BLANK_LINES: Final = re.compile(r"\n{3,}")


def clean_text(text: str) -> str:
    """Return the text in NFC with plain newlines, without what the desk refuses in texts."""
    text = _MARKS.sub(r"\1", text)
    letters = clean("".join(sorted(set(text))))
    refused = {
        ord(letters.text[problem.index]): (_LOST if problem.code is TextProblem.SURROGATE else None)
        for problem in letters.problems
    }
    return clean(text.translate(refused)).text


def paragraphs(text: str) -> str:
    """Return the cleaned text without blanks at the ends of lines, and at most one empty line."""
    lines = [line.rstrip() for line in clean_text(text).split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def one_line(text: str, most: int) -> str:
    """Return the cleaned text on one line of at most this many characters."""
    return " ".join(clean_text(text[: most * 4]).split())[:most].strip()
