"""Closing and merging departments, at once or on a later day by the worker.

If its work is still open on that day, the department stays until it is settled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import CLOCK, Action, Actor, require
from publisher.database.session import Database
from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.models.people import Department
from publisher.operations.departments.merge import move_open_work
from publisher.operations.departments.open_items import (
    OpenItem,
    hinders_closing,
    hinders_merging,
    lock_work,
)
from publisher.people import appointment_transfer, department_changes, department_orders
from publisher.people.department_orders import BadDepartment, DepartmentOrder
from publisher.people.departments import is_in_force

ONE_DAY = timedelta(days=1)


class StillOpen(NotAllowed):
    """The department has open work, or work that cannot be moved; `open_items` lists it."""

    code = "still_open"

    def __init__(self, open_items: Sequence[OpenItem]) -> None:
        super().__init__(count=len(open_items))
        self.open_items = tuple(open_items)


def close(
    session: Session, *, actor: Actor, now: datetime, department: Department, order: DepartmentOrder
) -> DepartmentChange:
    """Close a department from the order's day; its people's appointments end with it.

    Raises `WrongRole`, `BadDepartment`, or `StillOpen` with everything to be settled first.
    """
    _check_may_end(session, department, order, actor=actor, now=now)
    open_items = hinders_closing(session, department, actor=actor, now=now)
    if open_items:
        raise StillOpen(open_items)
    change = department_changes.record_ending(
        session, department, None, order, actor=actor, now=now
    )
    if order.has_come(now):
        _close_now(session, change, actor=actor, now=now)
    return change


def merge(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    department: Department,
    into: Department,
    order: DepartmentOrder,
) -> DepartmentChange:
    """Merge a department into another from the order's day, with its people and open work.

    Raises `WrongRole`, `BadDepartment`, or `StillOpen` with everything that cannot move.
    """
    _check_may_end(session, department, order, actor=actor, now=now)
    if into.id == department.id:
        raise BadDepartment("other_id", "itself")
    ends = department_orders.pending_ending(session, department_id=into.id) is not None
    if ends or not is_in_force(into, now=now):
        raise BadDepartment("other_id", "unknown")
    open_items = hinders_merging(session, department, into, actor=actor, now=now)
    if open_items:
        raise StillOpen(open_items)
    change = department_changes.record_ending(
        session, department, into, order, actor=actor, now=now
    )
    if order.has_come(now):
        _merge_now(session, change, actor=actor, now=now)
    return change


def _check_may_end(
    session: Session, department: Department, order: DepartmentOrder, *, actor: Actor, now: datetime
) -> None:
    require(actor, Action.RECORD_DEPARTMENT, department.id, now=now)
    lock_work(session, department.id)
    session.refresh(department, with_for_update=True)  # writers of its work take its lock later
    if not is_in_force(department, now=now):
        raise BadDepartment("in_force_on", "ended")
    if department_orders.pending_ending(session, department_id=department.id) is not None:
        raise BadDepartment("in_force_on", "ends_already")
    if department.from_on is not None and order.in_force_on <= department.from_on:
        raise BadDepartment("in_force_on", "before_beginning")


def _close_now(session: Session, change: DepartmentChange, *, actor: Actor, now: datetime) -> None:
    department = change.department
    leaving = appointment_transfer.list_standing(session, department_id=department.id, now=now)
    appointment_transfer.end_appointments(session, leaving, actor=actor, now=now)
    department.until_on = change.in_force_on - ONE_DAY
    department_changes.finish(session, change, actor=actor, now=now)


def _merge_now(session: Session, change: DepartmentChange, *, actor: Actor, now: datetime) -> None:
    if change.other is None:
        raise BadDepartment("other_id", "unknown")
    move_open_work(session, change, change.other, actor=actor, now=now)
    change.department.until_on = change.in_force_on - ONE_DAY
    department_changes.finish(session, change, actor=actor, now=now)


def tick_departments(database: Database, *, now: Callable[[], datetime]) -> int:
    """Carry out the changes that are due, and return how many took effect.

    A hindered change stays and is tried again at the next tick.
    """
    with database.reading() as session:
        due = department_orders.due_changes(session, now=now())
    return sum(_try_change(database, change_id, now=now()) for change_id in due)


def _try_change(database: Database, change_id: int, *, now: datetime) -> bool:
    with database.transaction() as session:
        change = session.get_one(DepartmentChange, change_id, with_for_update=True)
        if not change.waits or _is_hindered(session, change, now=now):
            return False
        act = {
            DepartmentChangeKind.CLOSED: _close_now,
            DepartmentChangeKind.MERGED: _merge_now,
        }.get(change.kind, department_changes.carry_out)
        act(session, change, actor=CLOCK, now=now)
        return True


def _is_hindered(session: Session, change: DepartmentChange, *, now: datetime) -> bool:
    lock_work(session, change.department_id)
    return bool(hindering(session, change, actor=CLOCK, now=now))


def hindering(
    session: Session, change: DepartmentChange, *, actor: Actor, now: datetime
) -> list[OpenItem]:
    """Return the open work that hinders a recorded change; other kinds of changes have none."""
    if change.kind is DepartmentChangeKind.CLOSED:
        return hinders_closing(session, change.department, actor=actor, now=now)
    if change.kind is DepartmentChangeKind.MERGED and change.other is not None:
        return hinders_merging(session, change.department, change.other, actor=actor, now=now)
    return []
