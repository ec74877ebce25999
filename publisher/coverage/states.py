"""The states of departments by their officers, now and at the end of the month before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.orm import Session, contains_eager, joinedload

from approvals.policy import Role
from publisher.database.session import AnyRow
from publisher.models.people import Appointment, Department, Person, SignIn
from publisher.models.posts import Decision
from publisher.people.departments import is_in_force
from publisher.working_time import day_bounds, local_day

SEEN_WITHIN: Final = timedelta(days=30)


class OfficerState(StrEnum):
    """What a department has of officers: every department is in exactly one of these states.

    Its best two officers who are confirmed or active count.
    """

    NONE = "none"
    ONE = "one"
    #: Two, of whom one or both have not taken the office up yet.
    TWO = "two"
    ACTIVE = "active"
    #: Two active ones, of whom neither has signed in or decided by a link for 30 days.
    UNSEEN = "unseen"


@dataclass(frozen=True)
class Officer:
    """An officer of a department, who is confirmed, and may be active and have been seen."""

    person: Person
    is_active: bool
    is_seen: bool


@dataclass
class DepartmentCoverage:
    """A department with its state now, and at the end of the month before.

    `before` is None if the department was not in force then.
    """

    department: Department
    officers: list[Officer] = field(default_factory=list)
    former_officers: list[Officer] = field(default_factory=list)
    existed: bool = True

    def add(self, record: AnyRow) -> None:
        """Add the officer of a row of the query, as one of now, of then, or of both."""
        if record.is_named:
            self.officers.append(Officer(record.Person, record.is_active, record.is_seen))
        if record.was_named:
            was_active = bool(record.was_active)
            self.former_officers.append(Officer(record.Person, was_active, record.was_seen))

    @property
    def state(self) -> OfficerState:
        """The state now."""
        return _state_of(self.officers)

    @property
    def before(self) -> OfficerState | None:
        """The state at the end of the month before."""
        return _state_of(self.former_officers) if self.existed else None


def month_ended_at(now: datetime) -> datetime:
    """Return the end of the month before, as an aware moment."""
    return day_bounds(local_day(now).replace(day=1))[0]


def coverage(
    session: Session, *, now: datetime, visible_ids: Collection[int] | None = None
) -> list[DepartmentCoverage]:
    """Return the departments in force by name, each with its officers, in one query.

    With `visible_ids` these departments alone. What was a month ago is read from what is stored
    now: an appointment that was confirmed again counts from then on, and a session that is still
    used counts as seen from its beginning.
    """
    before = month_ended_at(now)
    visible = true() if visible_ids is None else Department.id.in_(visible_ids)
    is_named, was_named = Appointment.informed_at(now), _named_at(before)
    is_officer = and_(
        Appointment.department_id == Department.id,
        Appointment.role == Role.OFFICER,
        or_(is_named, was_named),
    )
    query = (
        select(
            Department,
            Person,
            is_named.label("is_named"),
            Appointment.in_force_at(now).label("is_active"),
            _is_seen(now).label("is_seen"),
            was_named.label("was_named"),
            (Appointment.taken_up_at <= before).label("was_active"),
            _is_seen(before).label("was_seen"),
        )
        .outerjoin(Appointment, is_officer)
        .outerjoin(Person, Person.id == Appointment.person_id)
        .where(visible)
        .options(joinedload(Department.reports_to))
        .order_by(Department.name_mr, Department.id, Appointment.rank, Appointment.id)
    )
    rows: dict[int, DepartmentCoverage] = {}
    for record in session.execute(query):
        department = record.Department
        if not is_in_force(department, now=now):
            continue
        existed = is_in_force(department, now=before - timedelta(microseconds=1))
        covered = rows.setdefault(department.id, DepartmentCoverage(department, existed=existed))
        if record.Person is not None and record.Person.disabled_at is None:
            covered.add(record)
    return list(rows.values())


def named_officers(session: Session, *, now: datetime) -> list[Appointment]:
    """Return the officers who count: confirmed or active, by rank."""
    query = (
        select(Appointment)
        .join(Appointment.person)
        .where(
            Appointment.role == Role.OFFICER,
            Appointment.informed_at(now),
            Person.disabled_at.is_(None),
        )
        .options(contains_eager(Appointment.person))
        .order_by(Appointment.rank, Appointment.id)
    )
    return list(session.scalars(query))


def count_uncovered(session: Session, *, now: datetime) -> tuple[int, int]:
    """Return how many departments in force have no two active officers, and how many there are."""
    rows = coverage(session, now=now)
    active = (OfficerState.ACTIVE, OfficerState.UNSEEN)
    return sum(covered.state not in active for covered in rows), len(rows)


def counts_of(states: Collection[OfficerState | None]) -> Counter[OfficerState]:
    """Return how many departments are in each state; None is none of them."""
    return Counter(state for state in states if state is not None)


def by_line(
    rows: Sequence[DepartmentCoverage],
) -> list[tuple[Department | None, list[DepartmentCoverage]]]:
    """Return the departments by the office to which they report, those with none last."""
    lines: defaultdict[Department | None, list[DepartmentCoverage]] = defaultdict(list)
    for covered in rows:
        lines[covered.department.reports_to].append(covered)
    return sorted(lines.items(), key=lambda line: (line[0] is None, line[0] and line[0].name_mr))


def _named_at(at: datetime) -> ColumnElement[bool]:
    return and_(Appointment.confirmed_at <= at, Appointment.covered_at(at))


def _is_seen(at: datetime) -> ColumnElement[bool]:
    """Return the condition that the person had signed in or decided in the 30 days before."""
    since = at - SEEN_WITHIN
    signed_in = exists().where(
        SignIn.person_id == Appointment.person_id, SignIn.signed_in_at <= at, SignIn.seen_at > since
    )
    decided = exists().where(
        Decision.person_id == Appointment.person_id, Decision.at > since, Decision.at <= at
    )
    return or_(signed_in, decided)


def _state_of(officers: Sequence[Officer]) -> OfficerState:
    best = sorted(officers, key=lambda officer: (officer.is_active, officer.is_seen))[-2:]
    if len(best) < 2:
        return OfficerState.ONE if best else OfficerState.NONE
    if not all(officer.is_active for officer in best):
        return OfficerState.TWO
    is_seen = any(officer.is_seen for officer in best)
    return OfficerState.ACTIVE if is_seen else OfficerState.UNSEEN
