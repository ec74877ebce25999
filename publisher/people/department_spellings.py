"""Find the department that somebody wrote, by its code or by a present or former name."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from publisher.i18n.languages import latin_digits
from publisher.models.people import Department
from publisher.people.department_orders import former_names
from publisher.people.departments import departments_in_force


class DepartmentSpellings:
    """The departments in force at `now`, by id and by each of their spellings."""

    def __init__(self, session: Session, *, now: datetime) -> None:
        departments = departments_in_force(session, now=now)
        self.by_id = {department.id: department for department in departments}
        self.ids_by_spelling: defaultdict[str, set[int]] = defaultdict(set)
        former = former_names(session, self.by_id)
        for department in departments:
            renamings = former.get(department.id, [])
            self._add(
                department, [name for row in renamings for name in (row.former_mr, row.former_en)]
            )

    def _add(self, department: Department, former: Sequence[str]) -> None:
        names = ("code", "name_mr", "name_en", "name_hi", "name_mr_transcribed")
        for text in (*(getattr(department, name) for name in names), *former):
            if key := fold_spelling(text):
                self.ids_by_spelling[key].add(department.id)

    def find(self, text: str) -> Department | None:
        """Return the department with this code or name; None if none or several have it."""
        ids = self.ids_by_spelling.get(fold_spelling(text), set())
        return self.by_id[next(iter(ids))] if len(ids) == 1 else None


def fold_spelling(text: str) -> str:
    """Return a spelling without case, blanks, dots and joiners, which identify no department."""
    letters = unicodedata.normalize("NFC", latin_digits(text)).casefold()
    return "".join(letter for letter in letters if unicodedata.category(letter)[0] not in "ZPSC")
