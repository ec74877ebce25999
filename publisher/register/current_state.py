"""What the register knows about the people and departments of a file, read by a few statements.

It is queried and changed instead of the database, so a plan of thousands of rows takes seconds and
writes nothing. The rules are those of `people.lookup` and `people.appointments`, which decide again
when the plan is carried out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Role
from publisher.auth.contact_details import BadPerson
from publisher.models.departments import DepartmentAddress, RegisterKind
from publisher.models.people import Appointment, Department, Person
from publisher.people.department_orders import BadDepartment
from publisher.people.lookup import PersonDetails
from publisher.people.permissions import not_ended
from publisher.states import AppointmentState

ROLES = {RegisterKind.OFFICERS: Role.OFFICER, RegisterKind.HEADS: Role.HEAD}
_AT_ONCE = 500
"""How many addresses a statement asks for."""


@dataclass
class _Identity:
    """A person of the register, or one that an earlier row would record."""

    details: PersonDetails
    person: Person | None = None
    is_confirmed: bool = False


@dataclass
class _DepartmentState:
    """The people of a department by kind, and the office above it."""

    appointments: defaultdict[RegisterKind, list[Appointment]] = field(
        default_factory=lambda: defaultdict(list)
    )
    planned: defaultdict[RegisterKind, list[_Identity]] = field(
        default_factory=lambda: defaultdict(list)
    )


class CurrentState:
    """The people, officers, heads and offices above, with what the rows so far would add."""

    def __init__(
        self, session: Session, details: Iterable[PersonDetails], *, now: datetime
    ) -> None:
        self._departments: defaultdict[int, _DepartmentState] = defaultdict(_DepartmentState)
        self._by_channel: dict[str, _Identity] = {}
        parents = select(Department.id, Department.reports_to_id)
        self._parents = dict(session.execute(parents).all())
        self._shared = {
            address.mail: address.department
            for address in session.scalars(
                select(DepartmentAddress).options(joinedload(DepartmentAddress.department))
            )
        }
        confirmed_ids = self._read_appointments(session, now)
        self._read_people(session, list(details), confirmed_ids)

    def _read_appointments(self, session: Session, now: datetime) -> set[int]:
        query = (
            select(Appointment)
            .where(not_ended(now))
            .options(joinedload(Appointment.person))
            .order_by(Appointment.id)
        )
        confirmed_ids = set()
        for appointment in session.scalars(query):
            for kind, role in ROLES.items():
                if appointment.role is role:
                    department = self._departments[appointment.department_id]
                    department.appointments[kind].append(appointment)
            if appointment.state is not AppointmentState.RECORDED:
                confirmed_ids.add(appointment.person_id)
        return confirmed_ids

    def _read_people(
        self, session: Session, details: Sequence[PersonDetails], confirmed_ids: set[int]
    ) -> None:
        for column in (Person.mail, Person.mobile):
            channels = sorted({getattr(person, column.key) or "" for person in details} - {""})
            for start in range(0, len(channels), _AT_ONCE):
                query = select(Person).where(column.in_(channels[start : start + _AT_ONCE]))
                for person in session.scalars(query):
                    self._add(_make_identity(person, person.id in confirmed_ids))

    def _add(self, identity: _Identity) -> None:
        for channel in (identity.details.mail, identity.details.mobile):
            if channel is not None:
                self._by_channel.setdefault(channel, identity)

    def check_person(self, details: PersonDetails) -> bool:
        """Return True if something would be added to a person; raises `BadPerson`.

        An address or number is never added to somebody who was confirmed with what they have.
        """
        if details.mail in self._shared:
            raise BadPerson("mail", "shared", name=self._shared[details.mail])
        identities = self._identities(details)
        if len(identities) > 1:
            raise _taken_error(identities[1], "mobile", "another_person")
        if not identities:
            self._add(_Identity(details))
            return False
        identity = identities[0]
        _check_same(identity, details)
        blanks = [
            name
            for name in ("name_en", "designation", "mail", "mobile")
            if getattr(details, name) and not getattr(identity.details, name)
        ]
        for name in ("mail", "mobile"):
            if name in blanks and identity.is_confirmed:
                raise _taken_error(identity, name, "channel_confirmed")
        if identity.person is None:  # a later row may know more about a new person
            identity.details = replace(
                identity.details, **{name: getattr(details, name) for name in blanks}
            )
            self._add(identity)
        return bool(blanks) and identity.person is not None

    def _identities(self, details: PersonDetails) -> list[_Identity]:
        identities: list[_Identity] = []
        for channel in (details.mail, details.mobile):
            identity = self._by_channel.get(channel or "")
            if identity and not any(_is_same(identity, other) for other in identities):
                identities.append(identity)
        return identities

    def appointment(
        self, kind: RegisterKind, department: Department, details: PersonDetails
    ) -> Appointment | None:
        """Return the appointment that this person has in the department, or None."""
        ids = {identity.person.id for identity in self._identities(details) if identity.person}
        holders = self._departments[department.id].appointments[kind]
        return next((appointment for appointment in holders if appointment.person_id in ids), None)

    def appoint(self, kind: RegisterKind, department: Department, details: PersonDetails) -> None:
        """Count one more officer or the head of a department; raises `BadPerson`."""
        here = self._departments[department.id]
        number = len(here.appointments[kind]) + len(here.planned[kind])
        if kind is RegisterKind.HEADS and number:
            raise BadPerson("role", "head_exists")
        if number >= 2:
            raise BadPerson("role", "two_officers")
        here.planned[kind] += self._identities(details)[:1]

    def require_other(
        self, kind: RegisterKind, department: Department, details: PersonDetails
    ) -> None:
        """Raise `BadPerson` if an officer is to be the head too, or the head an officer."""
        other = RegisterKind.HEADS if kind is RegisterKind.OFFICERS else RegisterKind.OFFICERS
        if self.appointment(other, department, details) is not None:
            raise BadPerson("role", "is_head" if other is RegisterKind.HEADS else "is_officer")

    def waits(self, appointment: Appointment) -> bool:
        """Return True if the appointment waits for confirmation."""
        return appointment.state is AppointmentState.RECORDED

    def place(self, department: Department, above: Department) -> None:
        """Let a department report to another office; raises `BadDepartment` for a cycle."""
        parent: int | None = above.id
        for _step in range(len(self._parents) + 1):
            if parent is None:
                break
            if parent == department.id:
                raise BadDepartment("other_id", "ring")
            parent = self._parents.get(parent)
        self._parents[department.id] = above.id


def _make_identity(person: Person, is_confirmed: bool) -> _Identity:
    details = PersonDetails(
        *(person.name_mr, person.name_en, person.designation), person.mail, person.mobile
    )
    return _Identity(details, person, is_confirmed or person.password_hash is not None)


def _is_same(identity: _Identity, other: _Identity) -> bool:
    if identity.person is not None or other.person is not None:
        return identity.person is other.person
    return identity is other


def _taken_error(identity: _Identity, field_name: str, code: str) -> BadPerson:
    return BadPerson(field_name, code, name=identity.details.name_mr)


def _check_same(identity: _Identity, details: PersonDetails) -> None:
    recorded = identity.details
    if identity.person is not None and identity.person.disabled_at is not None:
        raise _taken_error(identity, "mail" if details.mail else "mobile", "disabled")
    if recorded.name_mr != details.name_mr:
        raise _taken_error(identity, "name_mr", "differs")
    for name in ("mail", "mobile"):
        new, old = getattr(details, name), getattr(recorded, name)
        if new and old and new != old:
            raise _taken_error(identity, name, "differs")
