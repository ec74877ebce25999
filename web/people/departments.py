"""Pages of the departments with their officers and heads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from approvals.policy import CLOCK, Action, Role, Scope, may, scope_of
from publisher.coverage.states import list_officers
from publisher.models.departments import DepartmentChangeKind
from publisher.models.history import Event
from publisher.models.people import Appointment, Department
from publisher.operations.departments import close
from publisher.people import department_orders, responsibility, shared_addresses
from publisher.people.departments import (
    NAMED_NOBODY,
    departments_in_force,
    find_departments,
    is_in_force,
)
from publisher.people.permissions import may_record
from publisher.reports import export
from publisher.validation import NotFound
from publisher.working_time import local_day
from web.core.auth import actor, actor_now, reads, writing
from web.core.context import ctx
from web.core.i18n import N_, _
from web.core.list_pages import page_of_rows
from web.core.permissions import allow_roles
from web.messages.names import department_name, person_name
from web.reports.csv_files import csv_response

routes = Blueprint("departments", __name__)
READERS = (Role.ADMIN, Role.CELL_LEAD, Role.CELL, Role.OVERSIGHT, Role.AUDITOR)
OFFICERS = {"none": 0, "one": 1, "two": 2}
"""The number of officers by its name in the URL."""

HEADINGS = (
    N_("Code"),
    N_("Department"),
    N_("Officers"),
    N_("First officer"),
    N_("Second officer"),
    N_("Head"),
    N_("Reports to"),
    N_("By 14 July 2021"),
)
ENDINGS = (DepartmentChangeKind.MERGED, DepartmentChangeKind.CLOSED)


@routes.get("/departments")
@allow_roles(*READERS)
@reads
def index(session: Session) -> str:
    """List the departments in force, or those found, with officers and heads."""
    register = read_register_choice(session)
    departments = page_of_rows(register.chosen)
    labels = {None: _("All"), 0: _("No officer"), 1: _("One officer"), 2: _("Two officers")}
    names: dict[int | None, str | None] = {
        None: None,
        **{number: name for name, number in OFFICERS.items()},
    }
    return render_template(
        "people/departments.html",
        departments=departments,
        register=register,
        views=[
            {
                "label": labels[number],
                "href": url_for(
                    "departments.index", q=register.query or None, officers=names[number]
                ),
                "count": len(register.with_officers(number)),
                "here": register.number == number,
            }
            for number in labels
        ],
        named_nobody=_ids_without_names(session),
        former_names=department_orders.former_names(
            session, [department.id for department in departments.rows]
        ),
        ended_ids={
            department.id
            for department in departments.rows
            if not is_in_force(department, now=ctx.now())
        },
        may_change=may(actor(), Action.RECORD_DEPARTMENT, None),
    )


@dataclass(frozen=True)
class Register:
    """The visible departments that match the search, with their officers and heads.

    Those that have somebody come first. `number` restricts them to those with that many officers
    (None: all).
    """

    query: str
    number: int | None
    departments: Sequence[Department]
    officers: Mapping[int, Sequence[Appointment]]
    heads: Mapping[int, Sequence[Appointment]]

    @property
    def chosen(self) -> list[Department]:
        """Return the departments with the number of officers that was chosen."""
        return self.with_officers(self.number)

    def with_officers(self, number: int | None) -> list[Department]:
        """Return the departments with that many officers."""
        return [
            department
            for department in self.departments
            if number in (None, len(self.officers.get(department.id, ())))
        ]


def read_register_choice(session: Session) -> Register:
    """Return the register with the choices in the URL."""
    query = request.args.get("q", "").strip()
    departments = (
        find_departments(session, query) if query else departments_in_force(session, now=ctx.now())
    )
    # The officers who count in the coverage: those confirmed or active.
    officers = _group_by_department(list_officers(session, now=ctx.now()))
    heads = _group_by_department(responsibility.holders(session, Role.HEAD, now=ctx.now()))
    visible = [department for department in departments if _is_visible(department)]
    if not query:  # results keep the order of the search
        visible.sort(key=lambda department: not {department.id} & {*officers, *heads})
    return Register(query, OFFICERS.get(request.args.get("officers", "")), visible, officers, heads)


@routes.get("/departments.csv")
@allow_roles(*READERS)
def csv() -> Response:
    """Return the list of departments as CSV."""
    with writing() as session:
        register = read_register_choice(session)
        named_nobody = _ids_without_names(session)
        rows = []
        for department in register.chosen:
            officers = [person_name(row.person) for row in register.officers.get(department.id, ())]
            heads = [person_name(row.person) for row in register.heads.get(department.id, ())]
            above = department.reports_to
            rows.append(
                [
                    department.code,
                    department_name(department),
                    str(len(officers)),
                    *[*officers, "", ""][:2],
                    "; ".join(heads),
                    department_name(above) if above is not None else "",
                    _("nobody named") if department.id in named_nobody else "",
                ]
            )
        export.record_export(session, **actor_now(), rows=len(rows), page="departments")
    return csv_response("departments", HEADINGS, rows)


def search_departments(session: Session, search_text: str) -> list[Department]:
    """Return the departments that a search finds; none for a role that cannot read the register."""
    if actor().role not in READERS:
        return []
    return [
        department
        for department in find_departments(session, search_text)
        if _is_visible(department)
    ]


def _is_visible(department: Department) -> bool:
    if actor().role is not Role.OVERSIGHT:
        return True
    return department.id in actor().line or department.id == actor().department_id


def _group_by_department(appointments: Iterable[Appointment]) -> Mapping[int, list[Appointment]]:
    by_department: defaultdict[int, list[Appointment]] = defaultdict(list)
    for appointment in appointments:
        by_department[appointment.department_id].append(appointment)
    return dict(by_department)


def _ids_without_names(session: Session) -> frozenset[int]:
    """Return the ids of departments that the circular reported as having named nobody."""
    query = select(Event.subject_id).where(
        Event.subject == Department.__tablename__, Event.verb == NAMED_NOBODY
    )
    return frozenset(session.scalars(query))


@routes.get("/departments/<code>")
@allow_roles(*READERS)
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
        named_nobody=department.id in _ids_without_names(session),
        may_record=scope_of(actor(), Action.RECORD_OFFICER) is Scope.ANY,
        may_share=may_record(actor(), Role.HEAD, department.id),
        addresses=shared_addresses.list_addresses(session, department_id=department.id),
        may_see_items=scope_of(actor(), Action.SEE_SUBMISSION) is not None,
        may_change=may(actor(), Action.RECORD_DEPARTMENT, department.id),
        may_hand_over=may(actor(), Action.HAND_OVER, department.id),
        **_history_context(session, department),
    )


def _history_context(session: Session, department: Department) -> dict[str, object]:
    """Return the department's history, former names, and the items that delay its end."""
    now = ctx.now()
    history = department_orders.history(session, department_id=department.id)
    ending = next((change for change in history if change.waits and change.kind in ENDINGS), None)
    hindering = ending is not None and ending.in_force_on <= local_day(now)
    return {
        "history": page_of_rows(history, size=20),
        "former_names": department_orders.former_names(session, [department.id]).get(
            department.id, []
        ),
        "is_ended": not is_in_force(department, now=now),
        "open_items": close.hindering(session, ending, actor=CLOCK, now=now)
        if ending is not None and hindering
        else [],
    }
