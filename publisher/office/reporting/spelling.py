"""A word within a text, as SQL: cheap where its script knows no capitals."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, false, or_
from sqlalchemy.orm import InstrumentedAttribute

from publisher.i18n import text_cleaning
from publisher.i18n.languages import latin_digits
from publisher.intake.queries import MOST_WORDS
from publisher.models.content.submissions import Submission

Condition = ColumnElement[bool]
Text = InstrumentedAttribute[str]
_NUMBER = re.compile(r"([A-Z]{1,20})/(\d{4})/(\d{1,6})")


def words_of(typed: str) -> list[str]:
    """The words to look for, the first eight; none where they cannot be read."""
    cleaned = text_cleaning.clean(typed)
    return cleaned.text.split()[:MOST_WORDS] if cleaned.ok else []


def whole_number(typed: str) -> str | None:
    """The acknowledgement number that was typed as a whole, in Devanagari or Latin digits."""
    found = _NUMBER.fullmatch(latin_digits(typed).strip().upper())
    return f"{found[1]}/{found[2]}/{int(found[3]):06d}" if found is not None else None


def stands_in(column: Text, word: str) -> Condition:
    """The word is part of the text, in capitals or not.

    Devanagari has no capitals, and turning every text into small letters costs more than looking.
    """
    if word.lower() == word.upper():
        return column.contains(word, autoescape=True)
    return column.icontains(word, autoescape=True)


def submission_holds(typed: str) -> list[Condition]:
    """The submission holds every one of the words in its title, a text or a number."""
    if not text_cleaning.clean(typed).ok:
        return [false()]
    return [_holds(word) for word in words_of(typed)]


def _holds(word: str) -> Condition:
    one = Submission
    columns = (
        one.title,
        one.text_mr,
        one.text_en,
        one.text_hi,
        one.outward_number,
        one.inward_number,
    )
    number = stands_in(one.number, latin_digits(word))
    return or_(*(stands_in(each, word) for each in columns), number)
