"""Which officers and heads are away, by dates: an absence does not end an appointment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, joinedload

from approvals.approvers import Candidate
from approvals.policy import Action, Actor, Role, Scope, require, scope_of
from publisher import transitions
from publisher.models.approvals import Absence
from publisher.models.people import Appointment, Person
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.people.confirmation import candidate
from publisher.validation import NotFound, Validator, person_of
from publisher.working_time import local_day

LONGEST = timedelta(days=366)
_OFFICES = frozenset({Role.OFFICER, Role.HEAD})


def is_absence_day(day: date) -> ColumnElement[bool]:
    """Return the condition that an `Absence` has not ended and includes this day of the city."""
    return Absence.ended_at.is_(None) & (Absence.from_on <= day) & (Absence.until_on >= day)


def absences_by_person(
    session: Session, person_ids: Collection[int], *, now: datetime
) -> Mapping[int, list[Absence]]:
    """Return the absences of these people that hold on the day of `now`, by person."""
    query = select(Absence).where(Absence.person_id.in_(person_ids), is_absence_day(local_day(now)))
    absences: defaultdict[int, list[Absence]] = defaultdict(list)
    for absence in session.scalars(query.order_by(Absence.until_on.desc(), Absence.id)):
        absences[absence.person_id].append(absence)
    return absences


def candidates(
    appointments: Iterable[Appointment],
    absences: Mapping[int, list[Absence]],
    authors: Collection[int],
) -> list[Candidate]:
    """Return the appointments as the gate weighs them for a text by these authors.

    An absence that an author recorded does not count: nobody chooses who approves their own text.
    """
    return [
        replace(
            candidate(appointment),
            is_away=any(
                absence.recorded_by_id not in authors
                for absence in absences.get(appointment.person_id, ())
            ),
        )
        for appointment in appointments
    ]


def list_absences(session: Session, person_ids: Collection[int], *, now: datetime) -> list[Absence]:
    """Return the present and future absences of these people, the next one first."""
    is_open = (Absence.ended_at.is_(None), Absence.until_on >= local_day(now))
    query = _absences().where(*is_open, Absence.person_id.in_(person_ids))
    return list(session.scalars(query.order_by(Absence.from_on, Absence.id)))


def _absences() -> Select[Absence]:
    return select(Absence).options(joinedload(Absence.person), joinedload(Absence.recorded_by))


def recordable(session: Session, *, actor: Actor, now: datetime) -> list[Appointment]:
    """Return the officers and heads whom the actor may record as away, by department and role.

    The cell may record anybody, a head those of their department, and everybody themselves. Raises
    `WrongRole` for those who may record nobody.
    """
    require(actor, Action.RECORD_AWAY, actor.department_id, now=now)
    offices = [
        *responsibility.holders(session, Role.HEAD, now=now),
        *responsibility.holders(session, Role.OFFICER, now=now),
    ]
    sees_all = scope_of(actor, Action.RECORD_AWAY) is Scope.ANY
    return [
        office
        for office in offices
        if sees_all
        or office.person_id == actor.person_id
        or (actor.role is Role.HEAD and office.department_id == actor.department_id)
    ]


def record(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    person_id: int,
    from_on: date | None,
    until_on: date | None,
) -> Absence:
    """Record that an officer or head is away, first and last day included, and notify the others.

    Raises `WrongRole`, or `Invalid` with everything that is wrong.
    """
    begins, ends = _validate_days(session, actor, person_id, from_on, until_on, now=now)
    absence = Absence(
        person_id=person_id,
        from_on=begins,
        until_on=ends,
        recorded_at=now,
        recorded_by_id=person_of(actor),
        recorded_under_id=actor.appointment_id or 0,
    )
    session.add(absence)
    values = {"person": person_id, "from_on": begins.isoformat(), "until_on": ends.isoformat()}
    transitions.record(session, absence, "record_away", actor=actor, now=now, values=values)
    _notify(session, absence, actor=actor, now=now)
    return absence


def _validate_days(
    session: Session,
    actor: Actor,
    person_id: int,
    from_on: date | None,
    until_on: date | None,
    *,
    now: datetime,
) -> tuple[date, date]:
    """Validate and return the days; locks the person's row, so that no absences overlap."""
    offices = recordable(session, actor=actor, now=now)
    today = local_day(now)
    begins, ends = from_on or today, until_on or today
    validator = Validator()
    person = (
        session.get(Person, person_id, with_for_update={"key_share": True}) if person_id else None
    )
    if person is None or person_id not in {office.person_id for office in offices}:
        validator.add("person_id", "unknown_person")
    elif _overlaps(session, person_id, begins, ends):
        validator.add("person_id", "away_already")
    if begins < today:
        validator.add("from_on", "away_past")
    if until_on is None:
        validator.add("until_on", "required")
    elif ends < max(begins, today):
        validator.add("until_on", "before_begin")
    elif ends - begins > LONGEST:
        validator.add("until_on", "too_long_away")
    validator.finish()
    return begins, ends


def _overlaps(session: Session, person_id: int, begins: date, ends: date) -> bool:
    query = select(Absence.id).where(
        Absence.person_id == person_id,
        Absence.ended_at.is_(None),
        Absence.from_on <= ends,
        Absence.until_on >= begins,
    )
    return session.execute(query.limit(1)).first() is not None


def end(session: Session, *, actor: Actor, now: datetime, absence_id: int) -> Absence:
    """End an absence now, or before it begins, and notify the others; it stays in the history.

    Raises `WrongRole`, or `NotFound` if it is over or the actor may not record this person.
    """
    offices = recordable(session, actor=actor, now=now)
    absence = session.get(Absence, absence_id, with_for_update=True, populate_existing=True)
    if (
        absence is None
        or absence.ended_at is not None
        or absence.until_on < local_day(now)
        or absence.person_id not in {office.person_id for office in offices}
    ):
        raise NotFound(absence_id)
    absence.ended_at, absence.ended_by_id = now, person_of(actor)
    transitions.record(session, absence, "end_away", actor=actor, now=now)
    _notify(session, absence, actor=actor, now=now)
    return absence


def _notify(session: Session, absence: Absence, *, actor: Actor, now: datetime) -> None:
    """Notify the person, the heads and the cell, except whoever did it."""
    person = session.get_one(Person, absence.person_id)
    offices = [office for office in person.appointments if office.in_force(now)]
    heads = [
        responsibility.head(session, office.department_id, now=now)
        for office in offices
        if office.role in _OFFICES
    ]
    readers = [person, *responsibility.people_of(head for head in heads if head is not None)]
    if actor.role not in {Role.CELL, Role.CELL_LEAD}:
        readers += responsibility.people_of(responsibility.cell(session, now=now))
    values: dict[str, object] = {
        "name": person,
        "from_on": absence.from_on,
        "until_on": absence.until_on,
        "by": session.get_one(Person, person_of(actor)),
        "ended": absence.ended_at is not None,
    }
    for reader in dict.fromkeys(readers):
        if reader.id != actor.person_id:
            kind, path = NoticeKind.AWAY, links.AWAY
            compose.queue(session, kind=kind, person=reader, values=values, now=now, path=path)
