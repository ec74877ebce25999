"""Add, rename and move departments, each by an order in force from a day on.

A change in the future waits as a row; the clock's tick carries it out on its day.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.errors import WrongState
from approvals.policy import Action, Actor, ActorKind, require
from publisher import transitions
from publisher.database.noted_changes import note_changed
from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.models.people import Department
from publisher.people.department_orders import (
    DEPARTMENT_KINDS,
    BadDepartment,
    DepartmentNames,
    DepartmentOrder,
    check_new_names,
    free_code,
    read_names,
    superior_id,
)
from publisher.people.permissions import require_right

_NOT_IN_A_CODE = re.compile(r"[^a-z0-9]+")


def add(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    names: DepartmentNames,
    kind: str,
    order: DepartmentOrder,
    code: str = "",
    reports_to_id: int | None = None,
) -> Department:
    """Add a department, in force from the order's day on. Raises `WrongRole`, `BadDepartment`."""
    require(actor, Action.RECORD_DEPARTMENT, None, now=now)
    clean_names = read_names(names)
    if kind not in DEPARTMENT_KINDS:
        raise BadDepartment("kind", "unknown")
    check_new_names(session, clean_names, except_for=None, now=now)
    department = Department(
        code=free_code(
            session, code or _NOT_IN_A_CODE.sub("-", clean_names.en.lower()).strip("-")[:60]
        ),
        name_mr=clean_names.mr,
        name_en=clean_names.en,
        name_hi=clean_names.hi,
        kind=kind,
        reports_to_id=superior_id(session, reports_to_id, now=now),
        from_on=order.in_force_on,
    )
    session.add(department)
    session.flush()
    _add_change(
        session,
        department,
        DepartmentChangeKind.ADDED,
        order,
        actor=actor,
        now=now,
        verb="add_department",
        other_id=department.reports_to_id,
        done_at=now,
    )
    return department


def rename(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    department: Department,
    names: DepartmentNames,
    order: DepartmentOrder,
) -> DepartmentChange:
    """Rename a department from the order's day on; searches still find it by the old name.

    Raises `WrongRole`, `BadDepartment`.
    """
    require(actor, Action.RECORD_DEPARTMENT, department.id, now=now)
    clean_names = read_names(names)
    if clean_names == DepartmentNames(department.name_mr, department.name_en, department.name_hi):
        raise BadDepartment("name_mr", "same")
    check_new_names(session, clean_names, except_for=department, now=now)
    kind = DepartmentChangeKind.RENAMED
    change = _add_change(session, department, kind, order, actor=actor, now=now)
    change.name_mr, change.name_en, change.name_hi = clean_names.mr, clean_names.en, clean_names.hi
    if order.has_come(now):
        carry_out(session, change, actor=actor, now=now)
    return change


def place(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    department: Department,
    reports_to_id: int | None,
    order: DepartmentOrder,
) -> DepartmentChange:
    """Let a department report to another, or to none. Raises `WrongRole`, `BadDepartment`."""
    require_right(actor, Action.RECORD_DEPARTMENT, department.id, now=now)
    above = superior_id(session, reports_to_id, now=now)
    if above == department.reports_to_id:
        raise BadDepartment("other_id", "same")
    _check_no_cycle(session, department.id, above)
    kind = DepartmentChangeKind.PLACED
    change = _add_change(session, department, kind, order, actor=actor, now=now, other_id=above)
    if order.has_come(now):
        carry_out(session, change, actor=actor, now=now)
    return change


def _check_no_cycle(session: Session, department_id: int, above: int | None) -> None:
    """Check that the department does not report to itself, directly or indirectly."""
    rows = session.execute(select(Department.id, Department.reports_to_id))
    parents: dict[int, int | None] = {row.id: row.reports_to_id for row in rows}
    visited: set[int] = set()
    while above is not None and above not in visited:
        if above == department_id:
            raise BadDepartment("other_id", "ring")
        visited.add(above)
        above = parents.get(above)


def _add_change(
    session: Session,
    department: Department,
    kind: DepartmentChangeKind,
    order: DepartmentOrder,
    *,
    actor: Actor,
    now: datetime,
    verb: str = "record_department_change",
    other_id: int | None = None,
    done_at: datetime | None = None,
) -> DepartmentChange:
    change = DepartmentChange(
        department=department,
        kind=kind,
        in_force_on=order.in_force_on,
        order_number=order.number,
        other_id=other_id,
        recorded_at=now,
        recorded_by_id=actor.person_id,
        done_at=done_at,
    )
    session.add(change)
    _record_event(session, change, verb, actor=actor, now=now)
    return change


def record_ending(
    session: Session,
    department: Department,
    other: Department | None,
    order: DepartmentOrder,
    *,
    actor: Actor,
    now: datetime,
) -> DepartmentChange:
    """Record that a department will be merged into another, or closed (None).

    It is not ended yet.
    """
    kind = DepartmentChangeKind.CLOSED if other is None else DepartmentChangeKind.MERGED
    other_id = other.id if other is not None else None
    return _add_change(session, department, kind, order, actor=actor, now=now, other_id=other_id)


def carry_out(session: Session, change: DepartmentChange, *, actor: Actor, now: datetime) -> None:
    """Carry out a recorded change of name or superior."""
    department = change.department
    change.former_mr, change.former_en = department.name_mr, department.name_en
    change.former_hi = department.name_hi
    if change.kind is DepartmentChangeKind.RENAMED:
        department.name_mr, department.name_en = change.name_mr, change.name_en
        department.name_hi = change.name_hi
    else:
        _check_no_cycle(session, department.id, change.other_id)
        department.reports_to_id = change.other_id
    finish(session, change, actor=actor, now=now)


def finish(session: Session, change: DepartmentChange, *, actor: Actor, now: datetime) -> None:
    """Record that a change has taken effect."""
    change.done_at = now
    verbs = {
        DepartmentChangeKind.RENAMED: "rename_department",
        DepartmentChangeKind.PLACED: "place_department",
        DepartmentChangeKind.MERGED: "merge_department",
        DepartmentChangeKind.CLOSED: "close_department",
    }
    _record_event(session, change, verbs[change.kind], actor=actor, now=now)


def _record_event(
    session: Session, change: DepartmentChange, verb: str, *, actor: Actor, now: datetime
) -> None:
    session.flush()
    values = {
        "change": change.id,
        "kind": change.kind.value,
        "in_force_on": change.in_force_on.isoformat(),
        "order_number": change.order_number,
        "other": change.other_id,
    }
    is_by_person = actor.kind is not ActorKind.CLOCK
    table = DepartmentChange.__tablename__
    note_changed(session, table, change.id, now=now, is_by_person=is_by_person)
    transitions.record(session, change.department, verb, actor=actor, now=now, values=values)


def cancel_change(
    session: Session, *, actor: Actor, change: DepartmentChange, now: datetime
) -> None:
    """Cancel a change whose day has not come. Raises `WrongRole`, `WrongState`."""
    require(actor, Action.RECORD_DEPARTMENT, change.department_id, now=now)
    session.refresh(change, with_for_update=True)
    if not change.waits:
        raise WrongState(state="done", to="dropped")
    change.dropped_at = now
    _record_event(session, change, "drop_department_change", actor=actor, now=now)
