"""Find the department that a file names: by its code or a name, else what is spelled nearly so."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import SequenceMatcher

from sqlalchemy.orm import Session

from publisher.i18n.languages import latin_digits
from publisher.models.people import Department
from publisher.people.department_orders import former_names
from publisher.people.departments import departments_in_force

_NEAR = 0.7
_MOST_OFFERED = 3
_MOST_SEARCHED = 200
"""For how many spellings near ones are searched: each is compared with every name."""


class DepartmentMatch:
    """The departments in force by their spellings; `choices` are those that a person chose."""

    def __init__(
        self, session: Session, *, now: datetime, choices: Mapping[str, int] | None = None
    ) -> None:
        departments = departments_in_force(session, now=now)
        self._by_id = {department.id: department for department in departments}
        self._by_text: dict[str, set[int]] = {}
        former = former_names(session, self._by_id)
        for department in departments:
            renamings = former.get(department.id, [])
            names = [name for row in renamings for name in (row.former_mr, row.former_en)]
            self._add(department, names)
        self._choices = {folded(text): key for text, key in (choices or {}).items()}
        self._near: dict[str, tuple[Department, ...]] = {}

    def _add(self, department: Department, former: Sequence[str]) -> None:
        names = ("code", "name_mr", "name_en", "name_hi", "name_mr_transcribed")
        for text in (*(getattr(department, name) for name in names), *former):
            if key := folded(text):
                self._by_text.setdefault(key, set()).add(department.id)

    def find(self, text: str) -> Department | None:
        """Return the department with this code or name, or the one that was chosen for it."""
        key = folded(text)
        ids = self._by_text.get(key, set())
        if len(ids) != 1:
            return self._by_id.get(self._choices.get(key, 0))
        return self._by_id[next(iter(ids))]

    def near(self, text: str) -> tuple[Department, ...]:
        """Return up to three departments that are spelled nearly so, the nearest first."""
        key = folded(text)
        if key not in self._near and len(self._near) < _MOST_SEARCHED:
            scores: dict[int, float] = {}
            for spelling, ids in self._by_text.items():
                score = _likeness(key, spelling)
                scores |= {number: max(score, scores.get(number, 0)) for number in ids}
            nearest = sorted(scores, key=lambda number: -scores[number])[:_MOST_OFFERED]
            self._near[key] = tuple(
                self._by_id[number] for number in nearest if scores[number] >= _NEAR
            )
        return self._near.get(key, ())


def _likeness(text: str, spelling: str) -> float:
    if min(len(text), len(spelling)) >= 4 and (text in spelling or spelling in text):
        return 0.9
    matcher = SequenceMatcher(None, text, spelling, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= _NEAR else 0


def folded(text: str) -> str:
    """Return a spelling without case, blanks, dots and joiners, which tell no departments apart."""
    letters = unicodedata.normalize("NFC", latin_digits(text)).casefold()
    return "".join(letter for letter in letters if unicodedata.category(letter)[0] not in "ZPSC")
