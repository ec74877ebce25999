"""The register of departments in the database: load it once, and search it in every spelling."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import date, datetime
from functools import cache

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.models.departments import DepartmentChange
from publisher.models.people import Department
from publisher.people import register_data
from publisher.people.register_data import NAMED_NOBODY_ON
from publisher.working_time import day_bounds, local_day

NAMED_NOBODY = "named_nobody"


def load_register(session: Session, *, now: datetime) -> int:
    """Add the departments of the shipped register that are missing; return the number added.

    Existing rows stay, as they may have been renamed since. For those in the circular's annex, that
    fact is recorded as of 14 July 2021.
    """
    codes = set(session.scalars(select(Department.code)))
    missing = [row for row in register_data.load() if row.code not in codes]
    for row in missing:
        department = Department(**asdict(row))
        session.add(department)
        if row.named_nobody:
            on = day_bounds(NAMED_NOBODY_ON)[0]
            values = {"annex_no": row.annex_no}
            transitions.record(
                session, department, NAMED_NOBODY, actor=CLOCK, now=on, values=values
            )
        transitions.record(session, department, "load", actor=CLOCK, now=now)
    return len(missing)


def departments_in_force(session: Session, *, now: datetime) -> list[Department]:
    """Return every department in force on the city's date, by Marathi name."""
    today = local_day(now)
    return [
        department
        for department in session.scalars(_departments_by_name())
        if _covers(department, today)
    ]


@cache
def _departments_by_name() -> Select[Department]:
    return select(Department).order_by(Department.name_mr)


def is_in_force(department: Department, *, now: datetime) -> bool:
    """Return True if the department is in force on the city's date; `until_on` is its last day."""
    return _covers(department, local_day(now))


def _covers(department: Department, day: date) -> bool:
    return (department.from_on or day) <= day <= (department.until_on or day)


def all_in_force(session: Session, department_ids: Collection[int], *, now: datetime) -> bool:
    """Return True if each of these ids is that of a department in force on the city's date."""
    if not department_ids:
        return True
    query = select(Department).where(Department.id.in_(department_ids))
    in_force = {row.id for row in session.scalars(query) if is_in_force(row, now=now)}
    return in_force.issuperset(department_ids)


def find_departments(session: Session, search_text: str) -> list[Department]:
    """Return the departments whose code, names or annex spelling contain every search word.

    Former names count too. A department whose code equals the search text comes first.
    """
    search_words = _fold_name(search_text).split()
    if not search_words:
        return []
    former: defaultdict[int, str] = defaultdict(str)
    query = select(DepartmentChange).where(DepartmentChange.done_at.is_not(None))
    for change in session.scalars(query):
        names = f" {change.former_mr} {change.former_en} {change.former_hi}"
        former[change.department_id] += names
    departments = [
        department
        for department in session.scalars(_departments_by_name())
        if all(word in _spellings(department, former) for word in search_words)
    ]
    return sorted(
        departments, key=lambda department: department.code != search_text.strip().lower()
    )


def _spellings(department: Department, former: Mapping[int, str]) -> str:
    names = ("code", "name_mr", "name_en", "name_hi", "name_mr_transcribed")
    now_called = " ".join(getattr(department, name) for name in names)
    return _fold_name(f"{now_called} {former.get(department.id, '')}")


def _fold_name(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
