"""How far back is looked at once: a stretch of the newest rows, and where the next one ends."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from publisher.office.reporting.conditions import Condition

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
