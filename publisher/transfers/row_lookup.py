"""Find the people and departments of typed rows: each row becomes a move, or a problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Role
from publisher.auth.contact_details import read_identifier
from publisher.models.people import Appointment, Department
from publisher.people.appointment_transfer import ORDINARY
from publisher.people.department_spellings import DepartmentSpellings
from publisher.people.permissions import not_ended
from publisher.transfers.typed_rows import TypedRow, fold_text, parse_rank, parse_role
from publisher.validation import FieldError, Invalid


@dataclass(frozen=True)
class PlannedTransfer:
    """A person's appointment that ends, and the office that begins instead of it."""

    before: Appointment
    department: Department
    role: Role
    rank: int | None


@dataclass(frozen=True)
class DayRegister:
    """The departments in force on the day by name, and those who then have an office in one."""

    departments: DepartmentSpellings
    offices: Sequence[Appointment]


def load_register(session: Session, *, at: datetime) -> DayRegister:
    """Return the departments and offices that a list of this day can name."""
    return DayRegister(DepartmentSpellings(session, now=at), list_standing(session, at=at))


def list_standing(session: Session, *, at: datetime) -> list[Appointment]:
    """Return the officers, heads and members whose appointments have not ended by then."""
    query = (
        select(Appointment)
        .where(Appointment.role.in_(ORDINARY), not_ended(at))
        .options(joinedload(Appointment.person), joinedload(Appointment.department))
        .order_by(Appointment.id)
    )
    return list(session.scalars(query))


def resolve(rows: Sequence[TypedRow], register: DayRegister) -> list[PlannedTransfer]:
    """Return the move of each row; raises `Invalid`, with the row's index after each field."""
    problems: list[FieldError] = []
    transfers: list[PlannedTransfer] = []
    for index, row in enumerate(rows):
        reader = _RowReader(row, register)
        transfer = reader.transfer()
        if transfer is not None:
            transfers.append(transfer)
        problems += [add_row_index(problem, index) for problem in reader.problems]
    if problems:
        raise Invalid(problems)
    return transfers


def add_row_index(problem: FieldError, index: int) -> FieldError:
    """Return the problem with the row's index after its field."""
    return FieldError(f"{problem.field}_{index}", problem.code, problem.values)


class _RowReader:
    """Reads one row, and collects what is wrong with it."""

    def __init__(self, row: TypedRow, register: DayRegister) -> None:
        self.row, self.register = row, register
        self.problems: list[FieldError] = []

    def transfer(self) -> PlannedTransfer | None:
        """Return what the row says, or None if `problems` say what is wrong."""
        department = self._department("to_department", self.row.to_department, is_needed=True)
        before = self._before()
        rank = parse_rank(self.row.rank)
        if rank == 0:
            self._add("rank", "transfer_rank_unknown")
        role = parse_role(self.row.role)
        if self.row.role.strip() and role is None:
            self._add("role", "transfer_role_unknown")
        if self.problems or department is None or before is None:
            return None
        role = role or before.role
        if rank is not None and role is not Role.OFFICER:
            self._add("rank", "transfer_rank_of_officers")
            return None
        return PlannedTransfer(before, department, role, rank)

    def _add(self, field: str, code: str) -> None:
        self.problems.append(FieldError(field, code))

    def _department(self, field: str, text: str, *, is_needed: bool) -> Department | None:
        if not text.strip():
            if is_needed:
                self._add(field, "required")
            return None
        department = self.register.departments.find(text)
        if department is None:
            self._add(field, "transfer_department_unknown")
        return department

    def _before(self) -> Appointment | None:
        """Return the appointment that the row ends."""
        if not self.row.person.strip():
            self._add("person", "required")
            return None
        leaves = self._department("from_department", self.row.from_department, is_needed=False)
        if self.problems and self.problems[-1].field == "from_department":
            return None
        offices = self._of_person()
        there = [
            office for office in offices if leaves is None or office.department_id == leaves.id
        ]
        if len(there) > 1:
            there = self._in_role(there)
        if len(there) == 1:
            return there[0]
        if not offices:
            self._add("person", "transfer_person_unknown")
        elif not there:
            self._add("from_department", "transfer_not_there")
        else:
            self._add("person", "transfer_person_unclear")
        return None

    def _of_person(self) -> list[Appointment]:
        contact, name = read_identifier(self.row.person), fold_text(self.row.person)
        return [
            office
            for office in self.register.offices
            if (contact is not None and contact in {office.person.mail, office.person.mobile})
            or name in {fold_text(office.person.name_mr), fold_text(office.person.name_en)}
        ]

    def _in_role(self, offices: list[Appointment]) -> list[Appointment]:
        """Return the one of several whose role the row keeps, if there is just one."""
        role = parse_role(self.row.role)
        same = [office for office in offices if office.role is role]
        return same if len(same) == 1 else offices
