"""Record the heads of many departments from typed or pasted lines; each line says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, Role
from publisher.auth.contact_details import (
    BadInput,
    BadPerson,
    Problems,
    read_mail,
    read_mobile,
)
from publisher.models.people import Department
from publisher.people import department_changes
from publisher.people.appointments import record_person
from publisher.people.department_orders import BadDepartment, DepartmentOrder
from publisher.people.department_spellings import DepartmentSpellings
from publisher.people.pasted_cells import split_cells
from publisher.people.permissions import require_right

MOST_ROWS = 200


@dataclass(frozen=True)
class HeadRow:
    """The head of a department as typed; departments by code or name."""

    department: str = ""
    name_mr: str = ""
    designation: str = ""
    mail: str = ""
    mobile: str = ""
    office_above: str = ""

    @property
    def is_empty(self) -> bool:
        """True if nothing but the department was typed."""
        return not any(text.strip() for text in astuple(self)[1:])


COLUMNS = tuple(field.name for field in fields(HeadRow))
#: The columns at which the problems of the use cases below are shown.
_COLUMN_OF: Mapping[str, str] = {
    "role": "department",
    "department_id": "department",
    "name_en": "name_mr",
    "other_id": "office_above",
}


@dataclass(frozen=True)
class CheckedHead:
    """A line with its department, if that is known, and its problems by column."""

    row: HeadRow
    department: Department | None
    problems: Mapping[str, BadInput]


class BadHeads(NotAllowed):
    """Rows were refused, and nothing was recorded; `checked` has every line with its problems."""

    code = "bad_heads"

    def __init__(self, checked: Sequence[CheckedHead]) -> None:
        super().__init__()
        self.checked = checked


def read_lines(text: str) -> list[HeadRow]:
    """Return the rows of a pasted table, with columns in the order of `COLUMNS`."""
    return [HeadRow(*cells[: len(COLUMNS)]) for cells in split_cells(text)]


def check_heads(
    session: Session,
    *,
    actor: Actor,
    rows: Sequence[HeadRow],
    order: DepartmentOrder,
    now: datetime,
) -> Sequence[CheckedHead]:
    """Return what `record_heads` would find wrong with each line, and change nothing."""
    try:
        with session.begin_nested() as savepoint:
            checked = record_heads(session, actor=actor, rows=rows, order=order, now=now)
            savepoint.rollback()
    except BadHeads as problem:
        return problem.checked
    return checked


def record_heads(
    session: Session,
    *,
    actor: Actor,
    rows: Sequence[HeadRow],
    order: DepartmentOrder,
    now: datetime,
) -> list[CheckedHead]:
    """Record the heads, all or none; they wait for a second person.

    The office above is the one to which the department reports from the order's day on. Raises
    `WrongRole`, and `BadHeads` if anything is wrong.
    """
    require_right(actor, Action.RECORD_HEAD, None, now=now)
    departments = DepartmentSpellings(session, now=now)
    checked = [
        _carry_out_row(session, line, departments, actor=actor, order=order, now=now)
        for line in rows[:MOST_ROWS]
    ]
    if not checked or any(head.problems for head in checked):
        raise BadHeads(checked)
    return checked


def _carry_out_row(
    session: Session,
    line: HeadRow,
    departments: DepartmentSpellings,
    *,
    actor: Actor,
    order: DepartmentOrder,
    now: datetime,
) -> CheckedHead:
    department = departments.find(line.department)
    above = departments.find(line.office_above)
    problems: dict[str, BadInput] = {}
    if department is None:
        problems["department"] = BadPerson("department", "unknown_name")
    if above is None and line.office_above.strip():
        problems["office_above"] = BadPerson("office_above", "unknown_name")
    if department is not None and not problems:
        problems |= _record(session, line, department, above, actor=actor, order=order, now=now)
    else:
        # Everything else that is wrong in the row is reported at the same time.
        contacts = Problems()
        contacts.read(lambda: read_mail(line.mail))
        contacts.read(lambda: read_mobile(line.mobile))
        problems |= {_column(bad): bad for bad in contacts.found}
    return CheckedHead(line, department, problems)


def _record(
    session: Session,
    line: HeadRow,
    department: Department,
    above: Department | None,
    *,
    actor: Actor,
    order: DepartmentOrder,
    now: datetime,
) -> dict[str, BadInput]:
    """Record one head and the office above; if it returns problems, nothing is changed."""
    try:
        with session.begin_nested():
            record_person(
                session,
                actor=actor,
                now=now,
                name_mr=line.name_mr,
                designation=line.designation,
                mail=line.mail or None,
                mobile=line.mobile or None,
                role=Role.HEAD,
                department_id=department.id,
                order_number=order.number,
            )
            if above is not None and above.id != department.reports_to_id:
                department_changes.place(
                    session,
                    actor=actor,
                    now=now,
                    department=department,
                    reports_to_id=above.id,
                    order=order,
                )
    except BadPerson as problem:
        return {_column(bad): bad for bad in (*reversed(problem.others), problem)}
    except BadDepartment as problem:
        return {_column(problem): problem}
    return {}


def _column(problem: BadInput) -> str:
    column = _COLUMN_OF.get(problem.field, problem.field)
    return column if column in COLUMNS else "department"
