"""What became of a department, what waits for its day, and what each was formerly called."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.working_time import local_day


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
