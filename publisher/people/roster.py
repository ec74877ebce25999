"""The duty roster: people who may publish urgent warnings for a time, whatever their role."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.appointments import NEEDS_CONFIRMATION
from approvals.errors import NotAllowed, Overtaken
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.database.session import AnyRow
from publisher.models.emergency import Duty
from publisher.models.people import Appointment, Person, SignIn, is_office_held
from publisher.people import duty_notices, recorders
from publisher.people.permissions import not_ended
from publisher.validation import FieldError, Invalid, NotFound, Validator, person_of
from publisher.working_time import next_time

LONGEST = timedelta(days=31)
SETTLED = timedelta(hours=72)
"""The age from which an appointment counts here like a confirmed one."""


class OwnDuty(NotAllowed):
    """The actor tried to put themselves on the duty roster, or to take themselves off it."""

    code = "own_duty"


class NeedsAnother(NotAllowed):
    """The actor proposed this duty, or is not independent of the person who proposed it."""

    code = "duty_needs_another"


def is_on_duty(session: Session, actor: Actor, *, now: datetime) -> bool:
    """Return True if the actor is on duty at `now`."""
    return bool(session.scalar(select(has_duty(actor.person_id, now=now))))


def has_duty(person_id: int | None, *, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a person is on duty at `now`."""
    return exists().where(Duty.person_id == person_id, *_is_on_duty(now))


def current_duties(session: Session, *, now: datetime) -> list[Duty]:
    """Return a duty at `now` for each person on duty, without disabled people."""
    duties = session.scalars(_duties().where(*_is_on_duty(now)).order_by(Duty.from_at, Duty.id))
    of_active_people = [duty for duty in duties if duty.person.disabled_at is None]
    return list({duty.person_id: duty for duty in of_active_people}.values())


def _is_on_duty(now: datetime) -> tuple[ColumnElement[bool], ...]:
    is_approved = Duty.approved_at.is_not(None)
    return (Duty.from_at <= now, Duty.until_at > now, Duty.ended_at.is_(None), is_approved)


def offices_on_duty(session: Session, *, now: datetime) -> tuple[list[AnyRow], datetime | None]:
    """Return the appointments in force of those on duty, and when that next changes by time."""
    query = (
        select(
            *(Appointment.id, Appointment.role, Appointment.state),
            *(Appointment.from_at, Appointment.until_at),
            *(Duty.from_at.label("begins_at"), Duty.until_at.label("ends_at")),
        )
        .join(Duty, Duty.person_id == Appointment.person_id)
        .join(Appointment.person)
        .where(
            *(Duty.approved_at.is_not(None), Duty.ended_at.is_(None), Duty.until_at > now),
            *(not_ended(now), Person.disabled_at.is_(None)),
        )
    )
    rows = session.execute(query).all()
    offices = [row for row in rows if row.begins_at <= now and is_office_held(row, now)]
    times = [at for row in rows for at in (row.begins_at, row.ends_at, row.from_at, row.until_at)]
    return offices, next_time(now, times)


def waiting(*, now: datetime) -> Select[Duty]:
    """Return the query of the duties that wait for a second admin or lead, the next one first."""
    return _duties().where(*_waits(now)).order_by(Duty.from_at, Duty.id)


def _waits(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Duty.approved_at.is_(None), Duty.ended_at.is_(None), Duty.until_at > now)


def duties_to_approve(session: Session, actor: Actor, *, now: datetime) -> list[Duty]:
    """Return the waiting duties that the actor may approve."""
    return [
        duty
        for duty in session.scalars(select(Duty).where(*_waits(now)))
        if duty.person_id != actor.person_id and not _needs_another(session, duty, actor)
    ]


def _needs_another(session: Session, duty: Duty, actor: Actor) -> bool:
    return duty.recorded_by_id in recorders.ids_to_bar(session, actor)


def coming(*, now: datetime) -> Select[Duty]:
    """Return the query of the duties that have yet to begin, the next one first."""
    is_approved = Duty.approved_at.is_not(None)
    query = _duties().where(Duty.from_at > now, Duty.ended_at.is_(None), is_approved)
    return query.order_by(Duty.from_at, Duty.id)


def past(*, now: datetime) -> Select[Duty]:
    """Return the query of the duties that are over or were ended, the latest first."""
    over = or_(Duty.until_at <= now, Duty.ended_at.is_not(None))
    return _duties().where(over).order_by(Duty.until_at.desc(), Duty.id.desc())


def _duties() -> Select[Duty]:
    return select(Duty).options(
        joinedload(Duty.person)
        .selectinload(Person.appointments)
        .joinedload(Appointment.department),
        joinedload(Duty.recorded_by),
        joinedload(Duty.approved_by),
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
    """Put a person on the roster, and notify them and others.

    If the person is not known well enough, the duty waits for a second admin or lead, and these are
    asked. Raises `WrongRole`, `OwnDuty`, or `Invalid` with everything that is wrong.
    """
    require(actor, Action.KEEP_ROSTER, None, now=now)
    if person_id == actor.person_id:
        raise OwnDuty
    begins, ends = _validate_duty(session, person_id, from_at, until_at, now=now)
    needs_second = not is_known(session, person_id, actor=actor, now=now)
    duty = Duty(
        person_id=person_id,
        from_at=begins,
        until_at=ends,
        recorded_at=now,
        recorded_by_id=person_of(actor),
        recorded_under_id=actor.appointment_id or 0,
        approved_at=None if needs_second else now,
    )
    session.add(duty)
    values = {"person": person_id, "from_at": begins.isoformat(), "until_at": ends.isoformat()}
    verb = "propose_duty" if needs_second else "put_on_duty"
    transitions.record(session, duty, verb, actor=actor, now=now, values=values)
    if needs_second:
        duty_notices.ask(session, duty, now=now)
    else:
        _notify(session, duty, by=actor, now=now)
    return duty


def is_known(session: Session, person_id: int, *, actor: Actor, now: datetime) -> bool:
    """Return True if the actor alone may put this person on duty.

    The person has signed in under an appointment in force that is confirmed or older than 72 hours.
    Neither the actor nor anyone tied to them may have written in it or changed its channels.
    """
    # A person on duty publishes without an approval: it must not be the actor's other mailbox.
    signed_in = select(SignIn.appointment_id).where(SignIn.person_id == person_id)
    query = select(Appointment).where(Appointment.in_force_at(now), Appointment.id.in_(signed_in))
    bound = recorders.ids_to_bar(session, actor)
    return any(
        recorders.writer_ids(appointment).isdisjoint(bound) and _is_settled(appointment, now)
        for appointment in session.scalars(query)
    )


def _is_settled(appointment: Appointment, now: datetime) -> bool:
    # A role that needs no confirmation gets its time from the recorder: nobody else has vouched.
    is_weighed = appointment.role in NEEDS_CONFIRMATION or appointment.recorded_by_id is None
    is_confirmed = is_weighed and appointment.confirmed_at is not None
    # The recorder can backdate the beginning, but not the change of state.
    begun_at = max(appointment.from_at, appointment.state_at)
    return is_confirmed or begun_at <= now - SETTLED


def approve(session: Session, *, actor: Actor, now: datetime, duty_id: int) -> Duty:
    """Let a duty that somebody else proposed take effect now, and notify as `put_on` does.

    Raises `WrongRole`, `OwnDuty`, `NeedsAnother`, `NotFound` if it is over, `Overtaken` if somebody
    else approved it, or `Invalid` if the person has left office meanwhile.
    """
    duty = _open_duty(session, duty_id, actor=actor, now=now)
    if duty.approved_at is not None:
        raise Overtaken
    if _needs_another(session, duty, actor):
        raise NeedsAnother
    if not _is_reachable(duty.person, now):
        raise Invalid([FieldError("person_id", "unknown_person")])
    duty.approved_at, duty.approved_by_id = now, person_of(actor)
    values = {"person": duty.person_id, "proposed_by": duty.recorded_by_id}
    transitions.record(session, duty, "approve_duty", actor=actor, now=now, values=values)
    _notify(session, duty, by=actor, now=now)
    return duty


def _validate_duty(
    session: Session,
    person_id: int,
    from_at: datetime | None,
    until_at: datetime | None,
    *,
    now: datetime,
) -> tuple[datetime, datetime]:
    """Validate and return begin and end; locks the person's row, so that no duties overlap."""
    validator = Validator()
    person = (
        session.get(Person, person_id, with_for_update={"key_share": True}) if person_id else None
    )
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
    duty = _open_duty(session, duty_id, actor=actor, now=now)
    duty.ended_at, duty.ended_by_id = now, person_of(actor)
    transitions.record(session, duty, "take_off_duty", actor=actor, now=now)
    return duty


def _open_duty(session: Session, duty_id: int, *, actor: Actor, now: datetime) -> Duty:
    """Return somebody else's duty that is not over, locked."""
    require(actor, Action.KEEP_ROSTER, None, now=now)
    duty = session.get(Duty, duty_id, with_for_update=True, populate_existing=True)
    if duty is None or duty.ended_at is not None or duty.until_at <= now:
        raise NotFound(duty_id)
    if duty.person_id == actor.person_id:
        raise OwnDuty
    return duty


def _notify(session: Session, duty: Duty, *, by: Actor, now: datetime) -> None:
    on_duty_people = [other.person for other in current_duties(session, now=now)]
    duty_notices.notify_of_duty(session, duty, on_duty_people, by=by, now=now)
