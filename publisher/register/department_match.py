"""Find the department that a file names, or those with a similar spelling."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from difflib import SequenceMatcher

from sqlalchemy.orm import Session

from publisher.models.people import Department
from publisher.people.department_spellings import DepartmentSpellings, fold_spelling

_NEAR = 0.7
_MOST_OFFERED = 3
_MOST_SEARCHED = 200
"""For how many spellings similar ones are searched: each is compared with every name."""


class DepartmentMatch:
    """The departments in force by their spellings; `choices` are those that a person chose."""

    def __init__(
        self, session: Session, *, now: datetime, choices: Mapping[str, int] | None = None
    ) -> None:
        self._spellings = DepartmentSpellings(session, now=now)
        self._choices = {fold_spelling(text): key for text, key in (choices or {}).items()}
        self._near: dict[str, tuple[Department, ...]] = {}

    def find(self, text: str) -> Department | None:
        """Return the department with this code or name, or the one that was chosen for it."""
        chosen_id = self._choices.get(fold_spelling(text), 0)
        return self._spellings.find(text) or self._spellings.by_id.get(chosen_id)

    def near(self, text: str) -> tuple[Department, ...]:
        """Return up to three departments with a similar spelling, the nearest first."""
        key = fold_spelling(text)
        if key not in self._near and len(self._near) < _MOST_SEARCHED:
            scores: dict[int, float] = {}
            for spelling, ids in self._spellings.ids_by_spelling.items():
                score = _likeness(key, spelling)
                scores |= {number: max(score, scores.get(number, 0)) for number in ids}
            nearest = sorted(scores, key=lambda number: -scores[number])[:_MOST_OFFERED]
            self._near[key] = tuple(
                self._spellings.by_id[number] for number in nearest if scores[number] >= _NEAR
            )
        return self._near.get(key, ())


def _likeness(text: str, spelling: str) -> float:
    if min(len(text), len(spelling)) >= 4 and (text in spelling or spelling in text):
        return 0.9
    matcher = SequenceMatcher(None, text, spelling, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= _NEAR else 0
