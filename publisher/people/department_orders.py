"""Input about departments: their names, and the orders of their changes.

The module also reads a department's history, its pending changes and its former names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from publisher.auth.contact_details import BadInput, read_line
from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.models.people import Department
from publisher.people.departments import is_in_force
from publisher.working_time import local_day

DEPARTMENT_KINDS: Final = ("department", "ward-office", "zone", "office")
LONGEST_NAME: Final = 200
FIRST_DAY: Final = date(1950, 1, 1)
LAST_DAY: Final = date(2099, 12, 31)
_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class BadDepartment(BadInput):
    """Input about a department was refused."""


_line = partial(read_line, refusal=BadDepartment)


@dataclass(frozen=True)
class DepartmentOrder:
    """The number of the order, and the day from which it is in force."""

    number: str
    in_force_on: date

    def has_come(self, now: datetime) -> bool:
        """Return True if the order's day has come, by the city's date."""
        return self.in_force_on <= local_day(now)


@dataclass(frozen=True)
class DepartmentNames:
    """A department's name in three languages; the Hindi one is optional."""

    mr: str
    en: str
    hi: str = ""


def read_order(number: str, in_force_on: date | None) -> DepartmentOrder:
    """Return the order in its stored form. Raises `BadDepartment`."""
    line = _line("order_number", number, longest=80, needed=True)
    if in_force_on is None:
        raise BadDepartment("in_force_on", "missing")
    if not FIRST_DAY <= in_force_on <= LAST_DAY:
        raise BadDepartment("in_force_on", "out_of_range")
    return DepartmentOrder(line, in_force_on)


def read_names(names: DepartmentNames) -> DepartmentNames:
    """Return the names in their stored form. Raises `BadDepartment`."""
    return DepartmentNames(
        _line("name_mr", names.mr, longest=LONGEST_NAME, needed=True),
        _line("name_en", names.en, longest=LONGEST_NAME, needed=True),
        _line("name_hi", names.hi, longest=LONGEST_NAME),
    )


def free_code(session: Session, code: str) -> str:
    """Return the code if no department has it. Raises `BadDepartment`."""
    if not _CODE.fullmatch(code) or len(code) > 60:
        raise BadDepartment("code", "unreadable")
    if session.scalar(select(Department.id).where(Department.code == code)) is not None:
        raise BadDepartment("code", "taken")
    return code


def check_new_names(
    session: Session, names: DepartmentNames, *, except_for: Department | None, now: datetime
) -> None:
    """Check that no other department in force has one of the names. Raises `BadDepartment`."""
    for field, column, name in (
        ("name_mr", Department.name_mr, names.mr),
        ("name_en", Department.name_en, names.en),
    ):
        for other in session.scalars(select(Department).where(column == name)):
            if (except_for is None or other.id != except_for.id) and is_in_force(other, now=now):
                raise BadDepartment(field, "taken")


def superior_id(session: Session, department_id: int | None, *, now: datetime) -> int | None:
    """Return the id of a department in force, or None for no id. Raises `BadDepartment`."""
    if not department_id:
        return None
    superior = session.get(Department, department_id)
    if superior is None or not is_in_force(superior, now=now):
        raise BadDepartment("other_id", "unknown")
    return superior.id


def history(session: Session, *, department_id: int) -> list[DepartmentChange]:
    """Return a department's changes, the newest first, without cancelled ones."""
    query = (
        select(DepartmentChange)
        .where(
            DepartmentChange.department_id == department_id, DepartmentChange.dropped_at.is_(None)
        )
        .options(joinedload(DepartmentChange.other), joinedload(DepartmentChange.recorded_by))
        .order_by(DepartmentChange.in_force_on.desc(), DepartmentChange.id.desc())
    )
    return list(session.scalars(query))


def pending_ending(session: Session, *, department_id: int) -> DepartmentChange | None:
    """Return the department's pending merger or closure; None if there is none."""
    ends = (DepartmentChangeKind.MERGED, DepartmentChangeKind.CLOSED)
    query = select(DepartmentChange).where(
        DepartmentChange.department_id == department_id,
        DepartmentChange.kind.in_(ends),
        DepartmentChange.done_at.is_(None),
        DepartmentChange.dropped_at.is_(None),
    )
    return session.scalars(query.limit(1)).first()


def due_changes(session: Session, *, now: datetime) -> list[int]:
    """Return the ids of the changes whose day has come, in the order in which they take effect."""
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
    """Return the renamings of each department, the newest first."""
    query = (
        select(DepartmentChange)
        .where(
            DepartmentChange.department_id.in_(list(ids)),
            DepartmentChange.kind == DepartmentChangeKind.RENAMED,
            DepartmentChange.done_at.is_not(None),
        )
        .order_by(DepartmentChange.in_force_on.desc(), DepartmentChange.id.desc())
    )
    renamings: dict[int, list[DepartmentChange]] = {}
    for change in session.scalars(query):
        renamings.setdefault(change.department_id, []).append(change)
    return renamings
