"""The register of departments in the database: loaded once, searched in every spelling."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.models.departments import DepartmentChange
from publisher.models.people import Department
from publisher.people import register_data
from publisher.people.register_data import NAMED_NOBODY_ON, RegisterRow
from publisher.working_time import day_bounds, local_day

NAMED_NOBODY = "named_nobody"


def load_register(session: Session, *, now: datetime) -> int:
    """Add the departments of the shipped register that are missing; gives how many were added.

    What is there stays as it is: it may have been renamed since. For those that the circular's
    annex lists, its fact is recorded as of 14 July 2021.
    """
    known = set(session.scalars(select(Department.code)))
    missing = [row for row in register_data.load() if row.code not in known]
    for row in missing:
        _add(session, row, now)
    return len(missing)


def _add(session: Session, row: RegisterRow, now: datetime) -> None:
    department = Department(
        code=row.code,
        name_mr=row.name_mr,
        name_en=row.name_en,
        name_hi=row.name_hi,
        kind=row.kind,
        annex_no=row.annex_no,
        name_mr_transcribed=row.name_mr_transcribed or "",
    )
    session.add(department)
    if row.named_nobody:
        on = day_bounds(NAMED_NOBODY_ON)[0]
        values = {"annex_no": row.annex_no}
        transitions.record(session, department, NAMED_NOBODY, actor=CLOCK, now=on, values=values)
    transitions.record(session, department, "load", actor=CLOCK, now=now)


def departments_in_force(session: Session, *, now: datetime) -> list[Department]:
    """Every department in force on the city's day, by its Marathi name."""
    found = session.scalars(select(Department).order_by(Department.name_mr))
    return [one for one in found if is_in_force(one, now=now)]


def is_in_force(department: Department, *, now: datetime) -> bool:
    """Whether the department stands on the city's day; `until_on` is its last one."""
    today = local_day(now)
    from_on, until_on = department.from_on or today, department.until_on or today
    return from_on <= today <= until_on


def find_departments(session: Session, words: str) -> list[Department]:
    """The departments in whose code, names or annex spelling every one of the words occurs.

    The names that it bore once count as well. One whose code is exactly what was typed comes
    first.
    """
    sought = _folded(words).split()
    if not sought:
        return []
    former = _former_spellings(session)
    found = [
        department
        for department in session.scalars(select(Department).order_by(Department.name_mr))
        if all(word in _spellings(department, former) for word in sought)
    ]
    return sorted(found, key=lambda department: department.code != words.strip().lower())


def _former_spellings(session: Session) -> Mapping[int, str]:
    found: defaultdict[int, str] = defaultdict(str)
    query = select(DepartmentChange).where(DepartmentChange.done_at.is_not(None))
    for one in session.scalars(query):
        found[one.department_id] += f" {one.former_mr} {one.former_en} {one.former_hi}"
    return found


def _spellings(department: Department, former: Mapping[int, str]) -> str:
    names = ("code", "name_mr", "name_en", "name_hi", "name_mr_transcribed")
    now_called = " ".join(getattr(department, name) for name in names)
    return _folded(f"{now_called} {former.get(department.id, '')}")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
