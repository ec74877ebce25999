"""Search for words within texts, limited to a range of the newest rows.

No index serves a search within texts, so each search covers at most `SPAN` rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from publisher.i18n import text_cleaning
from publisher.i18n.languages import latin_digits
from publisher.models.submissions import Submission
from publisher.reports.sql_conditions import Condition
from publisher.reports.types import Cursor

Text = InstrumentedAttribute[str]
MOST_WORDS = 8
_NUMBER = re.compile(r"([A-Z]{1,20})/(\d{4})/(\d{1,6})")


def search_words(search_text: str) -> list[str]:
    """Return the words to search for, at most eight; none if the text is invalid."""
    cleaned = text_cleaning.clean(search_text)
    return cleaned.text.split()[:MOST_WORDS] if cleaned.ok else []


def whole_number(search_text: str) -> str | None:
    """Return the complete acknowledgement number in Latin digits, or None."""
    match = _NUMBER.fullmatch(latin_digits(search_text).strip().upper())
    return f"{match[1]}/{match[2]}/{int(match[3]):06d}" if match is not None else None


def contains_word(column: Text, word: str) -> Condition:
    """The column contains the word, ignoring case."""
    # Devanagari has no case, and lower-casing every text would cost more than the search itself.
    if word.lower() == word.upper():
        return column.contains(word, autoescape=True)
    return column.icontains(word, autoescape=True)


def submission_contains(search_text: str) -> list[Condition]:
    """The submission contains every word in its title, a text or a number."""
    if not text_cleaning.clean(search_text).ok:
        return [false()]
    return [_holds(word) for word in search_words(search_text)]


def _holds(word: str) -> Condition:
    submission = Submission
    columns = (
        submission.title,
        submission.text_mr,
        submission.text_en,
        submission.text_hi,
        submission.outward_number,
        submission.inward_number,
    )
    number = contains_word(submission.number, latin_digits(word))
    return or_(*(contains_word(column, word) for column in columns), number)


SPAN = 5_000
"""How many of the newest visible rows are searched at once."""


@dataclass(frozen=True)
class SubmissionRange:
    """The range of submissions to search: from `begins`, before `ends`; None is unbounded."""

    begins: Cursor | None = None
    ends: Cursor | None = None

    def conditions(self, search_text: str) -> list[Condition]:
        """Return the conditions of the range; a complete number is found outside it too."""
        among = [*_earlier_rows(self.ends), *_later_rows(self.begins)]
        number = whole_number(search_text)
        if number is None or not among:
            return among
        return [or_(and_(*among), Submission.number == number)]


def newest_submissions(
    session: Session, sight: Sequence[Condition], back: Cursor | None, *, span: int = SPAN
) -> SubmissionRange:
    """Return the range of the newest `span` visible submissions, before `back` if set."""
    query = (
        select(Submission.received_at, Submission.id)
        .where(*sight, *_earlier_rows(back))
        .order_by(Submission.received_at.desc(), Submission.id.desc())
        .offset(span - 1)
        .limit(2)
    )
    last = session.execute(query).all()
    return SubmissionRange((last[0][0], last[0][1]) if len(last) > 1 else None, back)


def _earlier_rows(cursor: Cursor | None) -> list[Condition]:
    """Return the condition for rows received earlier."""
    # The separate comparison of `received_at` lets the planner start the index at the cursor.
    if cursor is None:
        return []
    at, key = cursor
    return [Submission.received_at <= at, or_(Submission.received_at < at, Submission.id < key)]


def _later_rows(cursor: Cursor | None) -> list[Condition]:
    """Return the condition for rows received then or later."""
    if cursor is None:
        return []
    at, key = cursor
    return [Submission.received_at >= at, or_(Submission.received_at > at, Submission.id >= key)]


Key = InstrumentedAttribute[int]


@dataclass(frozen=True)
class IdRange:
    """The range of ids to search: from `begins`, before `ends`; None is unbounded."""

    begins: int | None
    ends: int | None

    def conditions(self, key: Key) -> list[Condition]:
        """Return the conditions of the range."""
        conditions = [] if self.begins is None else [key >= self.begins]
        return conditions if self.ends is None else [*conditions, key < self.ends]


def newest_ids(
    session: Session, key: Key, sight: list[Condition], before: int | None, span: int
) -> IdRange:
    """Return the range of the newest `span` visible rows; `begins` is None if all fit."""
    older = [] if before is None else [key < before]
    query = select(key).where(*sight, *older).order_by(key.desc()).offset(span).limit(1)
    beyond = session.scalar(query)
    return IdRange(None if beyond is None else beyond + 1, before)
