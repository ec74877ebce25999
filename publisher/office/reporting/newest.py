"""Among which of a long list a word is looked for: the newest, and older ones when asked on.

No index helps with a part of a text, and what it costs has to have an end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from publisher.models.content.submissions import Submission
from publisher.office.reporting.conditions import Condition
from publisher.office.reporting.spelling import whole_number
from publisher.office.reporting.values import Place

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
