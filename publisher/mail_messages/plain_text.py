"""Clean the texts of mails as the desk stores texts, where nobody can be asked to mend them."""

from __future__ import annotations

import re
from typing import Final

from publisher.i18n.text_cleaning import TextProblem, clean

_LOST: Final = "?"
"""Stands for a letter that the mail itself had lost: visible, so that a reader sees the gap."""

_BLANK_LINES: Final = re.compile(r"\n{3,}")


def cleaned(text: str) -> str:
    """Return the text in NFC with plain newlines, without what the desk refuses in texts."""
    cleaning = clean(text.replace("\x00", ""))
    if cleaning.ok:
        return cleaning.text
    letters = list(cleaning.text)
    for problem in cleaning.problems:
        letters[problem.index] = _LOST if problem.code is TextProblem.SURROGATE else ""
    return clean("".join(letters)).text


def paragraphs(text: str) -> str:
    """Return the cleaned text without blanks at the ends of lines, and at most one empty line."""
    lines = [line.rstrip() for line in cleaned(text).split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def one_line(text: str, most: int) -> str:
    """Return the cleaned text on one line of at most this many characters."""
    return " ".join(cleaned(text[: most * 4]).split())[:most].strip()
