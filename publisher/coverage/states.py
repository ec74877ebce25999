"""The states of departments by their officers, now and at the end of the previous month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, and_, cast, exists, false, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from approvals.policy import Action, Role
from publisher.database.session import AnyRow
from publisher.models.history import Event
from publisher.models.people import Appointment, Department, Person, SignIn
from publisher.models.posts import Decision
from publisher.people.appointments import ENABLE_PERSON
from publisher.people.departments import is_in_force
from publisher.states import AppointmentState
from publisher.working_time import day_bounds, local_day

SEEN_WITHIN: Final = timedelta(days=30)
_NAMED: Final = (AppointmentState.CONFIRMED, AppointmentState.ACTIVE)


class OfficerState(StrEnum):
    """Which officers a department has: every department is in exactly one of these states.

    The best two of its confirmed or active officers count.
    """

    NONE = "none"
    ONE = "one"
    #: Two, one or both of whom have not taken up the office yet.
    TWO = "two"
    ACTIVE = "active"
    #: Two active ones, neither of whom has signed in or decided by a link for 30 days.
    UNSEEN = "unseen"


@dataclass(frozen=True)
class Officer:
    """An officer of a department, who is confirmed, and may be active and have been seen."""

    person: Person
    is_active: bool
    is_seen: bool


@dataclass
class DepartmentCoverage:
    """A department with its state now, and at the end of the previous month.

    `before` is None if the department was not in force then.
    """

    department: Department
    officers: list[Officer] = field(default_factory=list)
    former_officers: list[Officer] = field(default_factory=list)
    existed: bool = True

    def add(self, record: AnyRow) -> None:
        """Add the officer of a query row to the present officers, the former ones, or both."""
        if record.is_named:
            self.officers.append(Officer(record.Person, record.is_active, record.is_seen))
        if record.was_named:
            was_active = bool(record.was_active)
            self.former_officers.append(Officer(record.Person, was_active, record.was_seen))

    @property
    def state(self) -> OfficerState:
        """The state now."""
        return _officer_state(self.officers)

    @property
    def before(self) -> OfficerState | None:
        """The state at the end of the previous month."""
        return _officer_state(self.former_officers) if self.existed else None


def end_of_last_month(now: datetime) -> datetime:
    """Return the end of the previous month, as an aware moment."""
    return day_bounds(local_day(now).replace(day=1))[0]


def coverage(
    session: Session, *, now: datetime, visible_ids: Collection[int] | None = None
) -> list[DepartmentCoverage]:
    """Return the departments in force by name, each with its officers, in one query.

    With `visible_ids` it returns only these. The state of the previous month is what the events of
    the appointments and people had recorded by then.
    """
    # An office that begins on the first of this month does not count in the previous month.
    before = end_of_last_month(now) - timedelta(microseconds=1)
    query = _officers_query(now, before)
    if visible_ids is not None:
        query = query.where(Department.id.in_(visible_ids))
    rows: dict[int, DepartmentCoverage] = {}
    for record in session.execute(query):
        department = record.Department
        if not is_in_force(department, now=now):
            continue
        existed = is_in_force(department, now=before)
        covered = rows.setdefault(department.id, DepartmentCoverage(department, existed=existed))
        if record.Person is not None:
            covered.add(record)
    return list(rows.values())


def list_officers(session: Session, *, now: datetime) -> list[Appointment]:
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


def count_states(states: Collection[OfficerState | None]) -> Counter[OfficerState]:
    """Return how many departments are in each state; None is not counted."""
    return Counter(state for state in states if state is not None)


def group_by_line(
    rows: Sequence[DepartmentCoverage],
) -> list[tuple[Department | None, list[DepartmentCoverage]]]:
    """Return the departments by the office to which they report, those with none last."""
    lines: defaultdict[Department | None, list[DepartmentCoverage]] = defaultdict(list)
    for covered in rows:
        lines[covered.department.reports_to].append(covered)
    return sorted(lines.items(), key=lambda line: (line[0] is None, line[0] and line[0].name_mr))


def _officers_query(now: datetime, before: datetime) -> Select[*tuple[Any, ...]]:
    """Return the query of all departments, with their officers of both times."""
    is_named, state_before = Appointment.informed_at(now), _appointment_state(before)
    is_named = and_(is_named, Person.disabled_at.is_(None))
    was_named = and_(
        state_before.in_(_NAMED),
        Appointment.covered_at(before),
        _recording_time() <= before,
        ~_was_disabled(before),
    )
    is_officer = and_(
        Appointment.department_id == Department.id,
        Appointment.role == Role.OFFICER,
        or_(Appointment.covered_at(now), Appointment.covered_at(before)),
    )
    return (
        select(
            Department,
            Person,
            is_named.label("is_named"),
            Appointment.in_force_at(now).label("is_active"),
            _is_seen(now).label("is_seen"),
            was_named.label("was_named"),
            (state_before == AppointmentState.ACTIVE).label("was_active"),
            _is_seen(before).label("was_seen"),
        )
        .outerjoin(Appointment, is_officer)
        .outerjoin(Person, Person.id == Appointment.person_id)
        .options(joinedload(Department.reports_to))
        .order_by(Department.name_mr, Department.id, Appointment.rank, Appointment.id)
    )


def _appointment_state(at: datetime) -> ColumnElement[str]:
    """Return the state that an appointment had at this time."""
    moves = select(Event).where(_is_event_of_row(Appointment), Event.state_after.is_not(None))
    last = moves.where(Event.at <= at).order_by(Event.id.desc()).limit(1)
    following = moves.where(Event.at > at).order_by(Event.id).limit(1)
    return func.coalesce(
        last.with_only_columns(Event.state_after).scalar_subquery(),
        # No event records the first state: the event of the first move has the state before it.
        following.with_only_columns(Event.state_before).scalar_subquery(),
        cast(Appointment.state, Text),
    )


def _recording_time() -> ColumnElement[datetime]:
    """Return when an appointment was recorded, which may be after the day on which it began."""
    first = select(Event.at).where(_is_event_of_row(Appointment)).order_by(Event.id).limit(1)
    return func.coalesce(first.scalar_subquery(), Appointment.from_at)


def _was_disabled(at: datetime) -> ColumnElement[bool]:
    """Return the condition that the person's access was closed at this time."""
    verbs = (Action.DISABLE_PERSON, ENABLE_PERSON)
    last = (
        select(Event.verb)
        .where(_is_event_of_row(Person), Event.verb.in_(verbs), Event.at <= at)
        .order_by(Event.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    is_disabled = func.coalesce(last, ENABLE_PERSON) == Action.DISABLE_PERSON
    return or_(func.coalesce(Person.disabled_at <= at, false()), is_disabled)


def _is_event_of_row(table: type[Appointment | Person]) -> ColumnElement[bool]:
    return and_(Event.subject == table.__tablename__, Event.subject_id == table.id)


def _is_seen(at: datetime) -> ColumnElement[bool]:
    """Return the condition that the person had signed in or decided in the 30 days before."""
    # A session lasts at most a week: one that began by `at` and was seen later began in these days.
    since = at - SEEN_WITHIN
    signed_in = exists().where(
        SignIn.person_id == Appointment.person_id, SignIn.signed_in_at <= at, SignIn.seen_at > since
    )
    decided = exists().where(
        Decision.person_id == Appointment.person_id, Decision.at > since, Decision.at <= at
    )
    return or_(signed_in, decided)


def _officer_state(officers: Sequence[Officer]) -> OfficerState:
    best = sorted(officers, key=lambda officer: (officer.is_active, officer.is_seen))[-2:]
    if len(best) < 2:
        return OfficerState.ONE if best else OfficerState.NONE
    if not all(officer.is_active for officer in best):
        return OfficerState.TWO
    is_seen = any(officer.is_seen for officer in best)
    return OfficerState.ACTIVE if is_seen else OfficerState.UNSEEN
