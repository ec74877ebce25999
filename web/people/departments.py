"""Pages of the departments with their officers and heads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from flask import Blueprint, render_template, request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK, Action, Role, Scope, may, scope_of
from publisher.models.departments import DepartmentChangeKind
from publisher.models.history import Event
from publisher.models.people import Appointment, Department
from publisher.operations.departments import close
from publisher.people import department_orders, responsibility, shared_addresses
from publisher.people.departments import departments_in_force, find_departments, is_in_force
from publisher.people.permissions import may_record
from publisher.validation import NotFound
from publisher.working_time import local_day
from web.core.auth import actor, reads
from web.core.context import ctx
from web.core.permissions import for_roles

routes = Blueprint("departments", __name__)
READERS = (Role.ADMIN, Role.CELL_LEAD, Role.CELL, Role.OVERSIGHT, Role.AUDITOR)
NAMED_NOBODY = "named_nobody"
ENDINGS = (DepartmentChangeKind.MERGED, DepartmentChangeKind.CLOSED)


@routes.get("/departments")
@for_roles(*READERS)
@reads
def index(session: Session) -> str:
    """List the departments in force, or those found, with officers and heads."""
    query = request.args.get("q", "").strip()
    departments = (
        find_departments(session, query) if query else departments_in_force(session, now=ctx.now())
    )
    visible = [department for department in departments if _is_visible(department)]
    officers = _holders(session, Role.OFFICER)
    return render_template(
        "people/departments.html",
        departments=visible,
        query=query,
        officers=officers,
        heads=_holders(session, Role.HEAD),
        named_nobody=_named_nobody(session),
        former_names=department_orders.former_names(
            session, [department.id for department in visible]
        ),
        ended_ids={
            department.id for department in visible if not is_in_force(department, now=ctx.now())
        },
        may_change=may(actor(), Action.RECORD_DEPARTMENT, None),
        without_officer_count=sum(1 for department in visible if department.id not in officers),
    )


def _is_visible(department: Department) -> bool:
    if actor().role is not Role.OVERSIGHT:
        return True
    return department.id in actor().line or department.id == actor().department_id


def _holders(session: Session, role: Role) -> Mapping[int, list[Appointment]]:
    by_department: defaultdict[int, list[Appointment]] = defaultdict(list)
    for appointment in responsibility.holders(session, role, now=ctx.now()):
        by_department[appointment.department_id].append(appointment)
    return dict(by_department)


def _named_nobody(session: Session) -> frozenset[int]:
    """Return the ids of departments that the circular reported as having named nobody."""
    query = select(Event.subject_id).where(
        Event.subject == Department.__tablename__, Event.verb == NAMED_NOBODY
    )
    return frozenset(session.scalars(query))


@routes.get("/departments/<code>")
@for_roles(*READERS)
@reads
def show(session: Session, code: str) -> str:
    """Show a department with its people."""
    department = session.scalars(
        select(Department).where(func.lower(Department.code) == code.lower())
    ).one_or_none()
    if department is None or not _is_visible(department):
        raise NotFound(code)
    holders = {
        role: responsibility.holders(session, role, now=ctx.now(), department_id=department.id)
        for role in (Role.OFFICER, Role.HEAD, Role.MEMBER)
    }
    return render_template(
        "people/department.html",
        department=department,
        appointments=[appointment for role in holders for appointment in holders[role]],
        has_officer=bool(holders[Role.OFFICER]),
        has_head=bool(holders[Role.HEAD]),
        named_nobody=department.id in _named_nobody(session),
        may_record=scope_of(actor(), Action.RECORD_OFFICER) is Scope.ANY,
        may_share=may_record(actor(), Role.OFFICER, department.id),
        addresses=shared_addresses.addresses_of(session, department_id=department.id),
        may_see_items=scope_of(actor(), Action.SEE_SUBMISSION) is not None,
        may_change=may(actor(), Action.RECORD_DEPARTMENT, department.id),
        **_history_context(session, department),
    )


def _history_context(session: Session, department: Department) -> dict[str, object]:
    """Return the department's history, former names, and the items that delay its end."""
    now = ctx.now()
    history = department_orders.history(session, department_id=department.id)
    ending = next((change for change in history if change.waits and change.kind in ENDINGS), None)
    hindering = ending is not None and ending.in_force_on <= local_day(now)
    return {
        "history": history,
        "former_names": department_orders.former_names(session, [department.id]).get(
            department.id, []
        ),
        "is_ended": not is_in_force(department, now=now),
        "open_items": close.hindering(session, ending, actor=CLOCK, now=now)
        if ending is not None and hindering
        else [],
    }
