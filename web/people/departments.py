"""The register of departments: who has named officers, and how each one's items stand."""

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
from publisher.people import department_orders, responsibility
from publisher.people.departments import departments_in_force, find_departments, is_in_force
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
    """Every department in force, with its officers and its head."""
    words = request.args.get("q", "").strip()
    found = (
        find_departments(session, words) if words else departments_in_force(session, now=ctx.now())
    )
    shown = [one for one in found if _in_sight(one)]
    officers = _holders(session, Role.OFFICER)
    return render_template(
        "people/departments.html",
        departments=shown,
        words=words,
        officers=officers,
        heads=_holders(session, Role.HEAD),
        named_nobody=_named_nobody(session),
        former=department_orders.former_names(session, [one.id for one in shown]),
        ended={one.id for one in shown if not is_in_force(one, now=ctx.now())},
        may_change=may(actor(), Action.RECORD_DEPARTMENT, None),
        without=sum(1 for one in shown if one.id not in officers),
    )


def _in_sight(department: Department) -> bool:
    if actor().role is not Role.OVERSIGHT:
        return True
    return department.id in actor().line or department.id == actor().department_id


def _holders(session: Session, role: Role) -> Mapping[int, list[Appointment]]:
    found: defaultdict[int, list[Appointment]] = defaultdict(list)
    for one in responsibility.holders(session, role, now=ctx.now()):
        found[one.department_id].append(one)
    return dict(found)


def _named_nobody(session: Session) -> frozenset[int]:
    """The departments of which the circular says that they had named nobody."""
    query = select(Event.subject_id).where(
        Event.subject == Department.__tablename__, Event.verb == NAMED_NOBODY
    )
    return frozenset(session.scalars(query))


@routes.get("/departments/<code>")
@for_roles(*READERS)
@reads
def show(session: Session, code: str) -> str:
    """One department with its people."""
    department = session.scalars(
        select(Department).where(func.lower(Department.code) == code.lower())
    ).one_or_none()
    if department is None or not _in_sight(department):
        raise NotFound(code)
    held = {
        role: responsibility.holders(session, role, now=ctx.now(), department_id=department.id)
        for role in (Role.OFFICER, Role.HEAD, Role.MEMBER)
    }
    return render_template(
        "people/department.html",
        department=department,
        people=[one for role in held for one in held[role]],
        has_officer=bool(held[Role.OFFICER]),
        has_head=bool(held[Role.HEAD]),
        named_nobody=department.id in _named_nobody(session),
        may_record=scope_of(actor(), Action.RECORD_OFFICER) is Scope.ANY,
        may_see_items=scope_of(actor(), Action.SEE_SUBMISSION) is not None,
        may_change=may(actor(), Action.RECORD_DEPARTMENT, department.id),
        **_what_became_of(session, department),
    )


def _what_became_of(session: Session, department: Department) -> dict[str, object]:
    """Its history by orders, its former names, and what keeps it from ending on its day."""
    now = ctx.now()
    history = department_orders.history(session, department_id=department.id)
    ending = next((one for one in history if one.waits and one.kind in ENDINGS), None)
    hindering = ending is not None and ending.in_force_on <= local_day(now)
    return {
        "history": history,
        "former": department_orders.former_names(session, [department.id]).get(department.id, []),
        "ended": not is_in_force(department, now=now),
        "hindering": close.hindering(session, ending, actor=CLOCK, now=now)
        if ending is not None and hindering
        else [],
    }
