"""What is given about a department: its names, and the order by which something changes.

What became of a department, what waits for its day, and what each was formerly called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import NotAllowed
from publisher.auth.contact_details import BadPerson, read_line
from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.models.people import Department
from publisher.people.departments import is_in_force
from publisher.working_time import local_day

KINDS: Final = ("department", "ward-office", "zone", "office")
LONGEST_NAME: Final = 200
FIRST_DAY: Final = date(1950, 1, 1)
LAST_DAY: Final = date(2099, 12, 31)
_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class BadDepartment(NotAllowed):
    """What was given about a department cannot be recorded: which field, and why."""

    def __init__(self, field: str, code: str, **values: object) -> None:
        super().__init__(field=field, **values)
        self.field = field
        self.code = code


@dataclass(frozen=True)
class DepartmentOrder:
    """By which order something changes, and from which day on."""

    number: str
    in_force_on: date

    def has_come(self, now: datetime) -> bool:
        """Whether its day has come in the city."""
        return self.in_force_on <= local_day(now)


@dataclass(frozen=True)
class Names:
    """A department's name in three languages; the Hindi one may be left out."""

    mr: str
    en: str
    hi: str = ""


def read_order(number: str, in_force_on: date | None) -> DepartmentOrder:
    """The order as it may be recorded; raises `BadDepartment`."""
    line = _line("order_number", number, longest=80, needed=True)
    if in_force_on is None:
        raise BadDepartment("in_force_on", "missing")
    if not FIRST_DAY <= in_force_on <= LAST_DAY:
        raise BadDepartment("in_force_on", "out_of_range")
    return DepartmentOrder(line, in_force_on)


def _line(field: str, typed: str, *, longest: int, needed: bool = False) -> str:
    try:
        return read_line(field, typed, longest=longest, needed=needed)
    except BadPerson as problem:
        raise BadDepartment(problem.field, problem.code, **_but_field(problem.values)) from problem


def _but_field(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != "field"}


def read_names(names: Names) -> Names:
    """The names as they may be stored; raises `BadDepartment`."""
    return Names(
        _line("name_mr", names.mr, longest=LONGEST_NAME, needed=True),
        _line("name_en", names.en, longest=LONGEST_NAME, needed=True),
        _line("name_hi", names.hi, longest=LONGEST_NAME),
    )


def free_code(session: Session, code: str) -> str:
    """The code, if no department has it; raises `BadDepartment`."""
    if not _CODE.fullmatch(code) or len(code) > 60:
        raise BadDepartment("code", "unreadable")
    if session.scalar(select(Department.id).where(Department.code == code)) is not None:
        raise BadDepartment("code", "taken")
    return code


def check_new_names(
    session: Session, names: Names, *, but: Department | None, now: datetime
) -> None:
    """Two departments in force at once do not bear one name; raises `BadDepartment`."""
    for field, column, name in (
        ("name_mr", Department.name_mr, names.mr),
        ("name_en", Department.name_en, names.en),
    ):
        for other in session.scalars(select(Department).where(column == name)):
            if (but is None or other.id != but.id) and is_in_force(other, now=now):
                raise BadDepartment(field, "taken")


def above_of(session: Session, department_id: int | None, *, now: datetime) -> int | None:
    """The id of a department in force, or None where none is meant; raises `BadDepartment`."""
    if not department_id:
        return None
    above = session.get(Department, department_id)
    if above is None or not is_in_force(above, now=now):
        raise BadDepartment("other_id", "unknown")
    return above.id


def history(session: Session, *, department_id: int) -> list[DepartmentChange]:
    """What became of a department, the newest first; those given up are left out."""
    query = (
        select(DepartmentChange)
        .where(
            DepartmentChange.department_id == department_id, DepartmentChange.dropped_at.is_(None)
        )
        .options(joinedload(DepartmentChange.other), joinedload(DepartmentChange.recorded_by))
        .order_by(DepartmentChange.in_force_on.desc(), DepartmentChange.id.desc())
    )
    return list(session.scalars(query))


def waiting_ending(session: Session, *, department_id: int) -> DepartmentChange | None:
    """The merging or closing of this department that waits, if there is one."""
    ends = (DepartmentChangeKind.MERGED, DepartmentChangeKind.CLOSED)
    query = select(DepartmentChange).where(
        DepartmentChange.department_id == department_id,
        DepartmentChange.kind.in_(ends),
        DepartmentChange.done_at.is_(None),
        DepartmentChange.dropped_at.is_(None),
    )
    return session.scalars(query.limit(1)).first()


def due_changes(session: Session, *, now: datetime) -> list[int]:
    """The ids of the changes whose day has come, in the order in which they take effect."""
    query = (
        select(DepartmentChange.id)
        .where(
            DepartmentChange.done_at.is_(None),
            DepartmentChange.dropped_at.is_(None),
            DepartmentChange.in_force_on <= local_day(now),
        )
        .order_by(DepartmentChange.in_force_on, DepartmentChange.id)
    )
    return list(session.scalars(query))


def former_names(session: Session, ids: Iterable[int]) -> dict[int, list[DepartmentChange]]:
    """The renamings of these departments, the newest first: what each was formerly called."""
    query = (
        select(DepartmentChange)
        .where(
            DepartmentChange.department_id.in_(list(ids)),
            DepartmentChange.kind == DepartmentChangeKind.RENAMED,
            DepartmentChange.done_at.is_not(None),
        )
        .order_by(DepartmentChange.in_force_on.desc(), DepartmentChange.id.desc())
    )
    found: dict[int, list[DepartmentChange]] = {}
    for change in session.scalars(query):
        found.setdefault(change.department_id, []).append(change)
    return found
