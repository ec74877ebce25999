"""Carry out the plan of a file: all of it or, if one row is refused, nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Actor
from publisher import transitions
from publisher.auth.contact_details import BadInput
from publisher.models.departments import RegisterKind
from publisher.models.people import Appointment, Department
from publisher.people import appointments, confirmation, department_changes, lookup
from publisher.people.department_orders import DepartmentOrder
from publisher.people.permissions import require_record
from publisher.register.answers import Answer, read_answers
from publisher.register.columns import Column, check
from publisher.register.current_state import ROLES, CurrentState
from publisher.register.department_match import DepartmentMatch
from publisher.register.plan import PlannedPerson, PlannedRow, RegisterPlan, RowOutcome, make_plan
from publisher.register.sheet import FileTable
from publisher.states import AppointmentState
from publisher.working_time import day_bounds


class BadRow(BadInput):
    """A row was refused while it was carried out: `number` and `problem` say which and why."""

    def __init__(self, number: int, problem: BadInput) -> None:
        super().__init__(problem.field, problem.code)
        self.number = number
        self.problem = problem


class RowsRefused(NotAllowed):
    """The plan has refused rows (values: `count`): nothing was done."""

    code = "rows_refused"


def plan_sheet(
    session: Session,
    sheet: FileTable,
    columns: Sequence[Column],
    *,
    kind: RegisterKind,
    now: datetime,
    choices: Mapping[str, int] | None = None,
    confirms: bool = False,
) -> RegisterPlan:
    """Return what the file would do; nothing is written. Raises `BadColumns`."""
    check(kind, columns)
    answers = read_answers(sheet, columns, now=now)
    details = [person.details for answer in answers for person in answer.people]
    return make_plan(
        answers,
        kind=kind,
        match=DepartmentMatch(session, now=now, choices=choices),
        state=CurrentState(session, details, now=now),
        is_paired=Column.SECOND_NAME in columns,
        confirms=confirms,
    )


def carry_out(
    session: Session,
    plan: RegisterPlan,
    *,
    actor: Actor,
    now: datetime,
    origin: Mapping[str, str] | None = None,
    order: DepartmentOrder | None = None,
    confirms: bool = False,
    skips_refused: bool = False,
) -> list[Appointment]:
    """Record the new people, who wait for confirmation, and what the others lacked.

    `order` is the order by which departments report to the offices above in a file of heads.
    `confirms`, which only a command may set, says that the order was seen: everybody in the file is
    confirmed. `origin` is that command's name and user. The caller has to roll the transaction back
    if this raises. Raises `RowsRefused`, unless it `skips_refused`, `BadRow` and `WrongRole`.
    """
    refused = plan.count(RowOutcome.REFUSED)
    if refused and not skips_refused:
        raise RowsRefused(count=refused)
    recorded: list[Appointment] = []
    for planned in plan.rows:
        if planned.outcome in (RowOutcome.NEW, RowOutcome.CHANGES):
            try:
                recorded += _record_row(session, plan.kind, planned, actor, now, origin, order)
            except BadInput as problem:
                raise BadRow(planned.answer.number, problem) from problem
    session.flush()
    if confirms:
        waiting = [row for row in recorded if row.state is AppointmentState.RECORDED]
        digests = {row.id: confirmation.confirmation_digest(row) for row in waiting}
        confirmation.confirm(session, actor=actor, now=now, digests=digests, origin=origin)
    return recorded


def _record_row(
    session: Session,
    kind: RegisterKind,
    planned: PlannedRow,
    actor: Actor,
    now: datetime,
    origin: Mapping[str, str] | None,
    order: DepartmentOrder | None,
) -> Iterable[Appointment]:
    """Yield the appointments of a row, recorded or completed."""
    department = planned.department
    if department is None:
        return
    for person in planned.people:
        if person.outcome is RowOutcome.NEW:
            yield _record(session, kind, planned.answer, department, person, actor, now, origin)
        elif person.appointment is not None:
            _complete(session, kind, person, person.appointment, actor=actor, now=now)
            yield person.appointment
    if planned.moves:
        if order is None:
            raise BadInput("order_number", "missing")
        department_changes.place(
            session,
            actor=actor,
            now=now,
            department=department,
            reports_to_id=planned.above.id if planned.above is not None else None,
            order=order,
        )


def _record(
    session: Session,
    kind: RegisterKind,
    answer: Answer,
    department: Department,
    person: PlannedPerson,
    actor: Actor,
    now: datetime,
    origin: Mapping[str, str] | None,
) -> Appointment:
    details = person.named.details
    appointment = appointments.record_person(
        session,
        actor=actor,
        now=now,
        name_mr=details.name_mr,
        name_en=details.name_en,
        designation=details.designation,
        mail=details.mail,
        mobile=details.mobile,
        role=ROLES[kind],
        department_id=department.id,
        order_number=answer.order_number,
        from_at=day_bounds(answer.ordered_on)[0] if answer.ordered_on is not None else None,
        origin=origin,
        waits=True,
    )
    appointment.service_class = person.named.service_class
    return appointment


def _complete(
    session: Session,
    kind: RegisterKind,
    person: PlannedPerson,
    appointment: Appointment,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Add what the register lacks about a person, and the class of the service."""
    require_record(actor, ROLES[kind], appointment.department_id, now=now)
    lookup.find_or_add(session, person.named.details, actor=actor, now=now)
    service_class = person.named.service_class
    if service_class not in (None, appointment.service_class):
        appointment.service_class = service_class
        verb = "set_service_class"
        transitions.record(session, appointment, verb, actor=actor, now=now)
