"""Among which of a long list a word is looked for: the newest, and older ones when asked on.

No index helps with a part of a text, and what it costs has to have an end.

A word within a text, as SQL: cheap where its script knows no capitals.
How far back is looked at once: a stretch of the newest rows, and where the next one ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from publisher.i18n import text_cleaning
from publisher.i18n.languages import latin_digits
from publisher.intake.queries import MOST_WORDS
from publisher.models.submissions import Submission
from publisher.reports.sql_conditions import Condition
from publisher.reports.types import Place

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


SPAN = 5_000
"""Among how many of a kind in sight, the newest first, a word is looked for at once."""


@dataclass(frozen=True)
class Newest:
    """Which submissions are looked through: from `begins` on, before `ends`; None for all."""

    begins: Place | None = None
    ends: Place | None = None

    def holds(self, words: str) -> list[Condition]:
        """The row of `submissions` lies among them, or bears the number typed as a whole."""
        among = [*_before(self.ends), *_from(self.begins)]
        number = whole_number(words)
        if number is None or not among:
            return among
        return [or_(and_(*among), Submission.number == number)]


def newest_of(
    session: Session, sight: Sequence[Condition], back: Place | None, *, span: int = SPAN
) -> Newest:
    """The newest so many of those in sight, before the place `back` where it is given."""
    query = (
        select(Submission.received_at, Submission.id)
        .where(*sight, *_before(back))
        .order_by(Submission.received_at.desc(), Submission.id.desc())
        .offset(span - 1)
        .limit(2)
    )
    last = session.execute(query).all()
    return Newest((last[0][0], last[0][1]) if len(last) > 1 else None, back)


def _before(place: Place | None) -> list[Condition]:
    """Came earlier. The moment is asked for by itself first: an index is read from there on."""
    if place is None:
        return []
    at, key = place
    return [Submission.received_at <= at, or_(Submission.received_at < at, Submission.id < key)]


def _from(place: Place | None) -> list[Condition]:
    """Came then or later."""
    if place is None:
        return []
    at, key = place
    return [Submission.received_at >= at, or_(Submission.received_at > at, Submission.id >= key)]


Key = InstrumentedAttribute[int]


@dataclass(frozen=True)
class Stretch:
    """Which rows of a kind are looked through: from `begins` on, before `ends`; None for all."""

    begins: int | None
    ends: int | None

    def of(self, key: Key) -> list[Condition]:
        """The row lies in it."""
        found = [] if self.begins is None else [key >= self.begins]
        return found if self.ends is None else [*found, key < self.ends]


def stretch_of(
    session: Session, key: Key, sight: list[Condition], before: int | None, span: int
) -> Stretch:
    """The newest so many in sight; it begins nowhere where there are no more than these."""
    ahead = [] if before is None else [key < before]
    query = select(key).where(*sight, *ahead).order_by(key.desc()).offset(span).limit(1)
    beyond = session.scalar(query)
    return Stretch(None if beyond is None else beyond + 1, before)
