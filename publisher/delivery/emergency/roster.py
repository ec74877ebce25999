"""The duty roster: people who may publish urgent warnings for a time, whatever their role."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.models.emergency import Duty
from publisher.models.people import Appointment, Person
from publisher.notifications import compose, links
from publisher.notifications.compose import NoticeKind
from publisher.validation import NotFound, Validator, person_of

LONGEST = timedelta(days=31)
MOST_SHOWN = 200


class OwnDuty(NotAllowed):
    """The actor tried to put themselves on the duty roster, or to take themselves off it."""

    code = "own_duty"


class RecordedBySame(NotAllowed):
    """The actor recorded every appointment under which the person would be on duty."""

    code = "recorded_by_same"


def is_on_duty(session: Session, actor: Actor, *, now: datetime) -> bool:
    """Return True if the actor is on duty at `now`."""
    if actor.person_id is None:
        return False
    query = select(Duty.id).where(Duty.person_id == actor.person_id, *_at(now))
    return session.execute(query.limit(1)).first() is not None


def on_duty(session: Session, *, now: datetime) -> list[Duty]:
    """Return a duty at `now` for each person on duty, without disabled people."""
    duties = session.scalars(_duties().where(*_at(now)).order_by(Duty.from_at, Duty.id))
    of_active_people = [duty for duty in duties if duty.person.disabled_at is None]
    return list({duty.person_id: duty for duty in of_active_people}.values())


def _at(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Duty.from_at <= now, Duty.until_at > now, Duty.ended_at.is_(None))


def coming(session: Session, *, now: datetime) -> list[Duty]:
    """Return the duties that have yet to begin, the next one first."""
    query = _duties().where(Duty.from_at > now, Duty.ended_at.is_(None))
    return list(session.scalars(query.order_by(Duty.from_at, Duty.id).limit(MOST_SHOWN)))


def past(session: Session, *, now: datetime) -> list[Duty]:
    """Return the duties that are over or were ended, the latest first."""
    over = or_(Duty.until_at <= now, Duty.ended_at.is_not(None))
    query = _duties().where(over).order_by(Duty.until_at.desc(), Duty.id.desc())
    return list(session.scalars(query.limit(MOST_SHOWN)))


def _duties() -> Select[Duty]:
    return select(Duty).options(
        joinedload(Duty.person)
        .selectinload(Person.appointments)
        .joinedload(Appointment.department),
        joinedload(Duty.recorded_by),
        joinedload(Duty.ended_by),
    )


def candidates(session: Session, *, now: datetime) -> list[Appointment]:
    """Return an appointment for each person who can be put on the roster, by name."""
    query = (
        select(Appointment)
        .join(Appointment.person)
        .where(Appointment.in_force_at(now), Person.disabled_at.is_(None))
        .options(joinedload(Appointment.person), joinedload(Appointment.department))
        .order_by(Person.name_mr, Appointment.id)
    )
    return list(
        {appointment.person_id: appointment for appointment in session.scalars(query)}.values()
    )


def put_on(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    person_id: int,
    from_at: datetime | None,
    until_at: datetime | None,
) -> Duty:
    """Put a person on the roster, and notify them.

    Raises `WrongRole`, `OwnDuty`, `RecordedBySame`, or `Invalid` with everything that is wrong.
    """
    require(actor, Action.KEEP_ROSTER, None, now=now)
    if person_id == actor.person_id:
        raise OwnDuty
    begins, ends = _checked(session, person_id, from_at, until_at, now=now)
    _check_independent(session, actor, person_id, now=now)
    duty = Duty(
        person_id=person_id,
        from_at=begins,
        until_at=ends,
        recorded_at=now,
        recorded_by_id=person_of(actor),
        recorded_under_id=actor.appointment_id or 0,
    )
    session.add(duty)
    values = {"person": person_id, "from_at": begins.isoformat(), "until_at": ends.isoformat()}
    transitions.record(session, duty, "put_on_duty", actor=actor, now=now, values=values)
    _tell(session, duty, now=now)
    return duty


def _checked(
    session: Session,
    person_id: int,
    from_at: datetime | None,
    until_at: datetime | None,
    *,
    now: datetime,
) -> tuple[datetime, datetime]:
    """Validate and return begin and end; locks the person's row, so that no duties overlap."""
    validator = Validator()
    person = session.get(Person, person_id, with_for_update=True) if person_id else None
    begins, ends = from_at or now, until_at or now
    if person is None or not _is_reachable(person, now):
        validator.add("person_id", "unknown_person")
    if until_at is None:
        validator.add("until_day", "required")
    elif ends <= max(begins, now):
        validator.add("until_day", "before_begin")
    elif ends - begins > LONGEST:
        validator.add("until_day", "too_long_duty", most=LONGEST.days)
    elif _overlaps(session, person_id, begins, ends):
        validator.add("person_id", "on_duty_already")
    validator.finish()
    return begins, ends


def _check_independent(session: Session, actor: Actor, person_id: int, *, now: datetime) -> None:
    # Whoever is on duty publishes without an approval: it must not be the actor's other mailbox.
    makers = [
        {appointment.recorded_by_id, appointment.changed_by_id}
        for appointment in session.get_one(Person, person_id).appointments
        if appointment.in_force(now)
    ]
    if all(actor.person_id in person_ids for person_ids in makers):
        raise RecordedBySame


def _is_reachable(person: Person, now: datetime) -> bool:
    """Return True if the person is in office and not disabled."""
    is_in_office = any(appointment.in_force(now) for appointment in person.appointments)
    return person.disabled_at is None and is_in_office


def _overlaps(session: Session, person_id: int, begins: datetime, ends: datetime) -> bool:
    query = select(Duty.id).where(
        Duty.person_id == person_id,
        Duty.ended_at.is_(None),
        Duty.from_at < ends,
        Duty.until_at > begins,
    )
    return session.execute(query.limit(1)).first() is not None


def take_off(session: Session, *, actor: Actor, now: datetime, duty_id: int) -> Duty:
    """End a duty now, or before it begins; it stays in the roster's history.

    Raises `NotFound` if it is over already, `WrongRole` or `OwnDuty`.
    """
    require(actor, Action.KEEP_ROSTER, None, now=now)
    duty = session.get(Duty, duty_id, with_for_update=True, populate_existing=True)
    if duty is None or duty.ended_at is not None or duty.until_at <= now:
        raise NotFound(duty_id)
    if duty.person_id == actor.person_id:
        raise OwnDuty
    duty.ended_at, duty.ended_by_id = now, person_of(actor)
    transitions.record(session, duty, "take_off_duty", actor=actor, now=now)
    return duty


def _tell(session: Session, duty: Duty, *, now: datetime) -> None:
    compose.queue(
        session,
        kind=NoticeKind.DUTY_RECORDED,
        person=session.get_one(Person, duty.person_id),
        values={"from_at": duty.from_at, "until_at": duty.until_at},
        now=now,
        path=links.duty(),
    )
