"""Who has written in an appointment, and who of the staff is of one hand with whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session, selectinload

from approvals import appointments
from approvals.appointments import NEEDS_CONFIRMATION, STAFF, Makers
from approvals.policy import Actor, Role
from publisher.database.session import ReadingSession
from publisher.models.history import AppointmentRecorder, Wrote
from publisher.models.people import Appointment, Person
from publisher.states import AppointmentState


def add(appointment: Appointment, person_id: int | None, wrote: Wrote, *, at: datetime) -> None:
    """Note that this person has written this in the appointment; None is a command."""
    if person_id is None:
        return
    for recorder in appointment.recorders:
        if (recorder.person_id, recorder.wrote) == (person_id, wrote):
            recorder.at = max(recorder.at, at)
            return
    appointment.recorders.append(AppointmentRecorder(person_id=person_id, wrote=wrote, at=at))


def note_change(
    session: Session, person: Person, wrote: Collection[Wrote], *, actor: Actor, now: datetime
) -> None:
    """Note in all appointments of a person who has changed a name or channel of theirs."""
    for appointment in _person_appointments(session, person):
        for written in wrote:
            add(appointment, actor.person_id, written, at=now)


def inherit_all(session: Session, appointment: Appointment, person: Person) -> None:
    """Note in a new appointment those who have written in the person's earlier ones."""
    for earlier in _person_appointments(session, person):
        if earlier is not appointment:
            inherit(appointment, earlier)


def inherit(appointment: Appointment, earlier: Appointment) -> None:
    """Note in an appointment those whose writing in an earlier one no confirmation has covered."""
    for recorder in unconfirmed(earlier):
        add(appointment, recorder.person_id, recorder.wrote, at=recorder.at)


def unconfirmed(appointment: Appointment) -> list[AppointmentRecorder]:
    """Return who changed a name or channel, and if nobody has confirmed it, the recorders too."""
    is_covered = appointment.role in NEEDS_CONFIRMATION and appointment.confirmed_at is not None
    changes = (Wrote.MAIL, Wrote.MOBILE, Wrote.NAME)
    return [
        recorder
        for recorder in appointment.recorders
        if not is_covered or recorder.wrote in changes
    ]


def _person_appointments(session: Session, person: Person) -> list[Appointment]:
    query = select(Appointment).where(Appointment.person_id == person.id)
    return list(session.scalars(query.options(selectinload(Appointment.recorders))))


def makers(session: Session) -> Makers:
    """Return, by person, the recorders of their staff appointments: `appointments.Makers`.

    A standing appointment that a command has confirmed begins a hand of its own. A page that only
    reads asks once.
    """
    if isinstance(session, ReadingSession):
        if "makers" not in session.info:
            session.info["makers"] = _makers(session)
        return cast(Makers, session.info["makers"])
    return _makers(session)


def _makers(session: Session) -> Makers:
    is_by_command = and_(
        Appointment.confirmed_at.is_not(None),
        Appointment.confirmed_by_id.is_(None),
        Appointment.is_unreviewed.is_(False),
    )
    query = (
        select(
            Appointment.person_id, Appointment.state, is_by_command, AppointmentRecorder.person_id
        )
        .outerjoin(Appointment.recorders)
        .where(Appointment.role.in_(STAFF))
    )
    staff_makers: defaultdict[int, set[int | None]] = defaultdict(set)
    begun_ids = set()
    for person_id, state, is_begun, recorder_id in session.execute(query):
        if is_begun and state is not AppointmentState.ENDED:
            begun_ids.add(person_id)
        elif not is_begun:
            staff_makers[person_id].add(recorder_id)
    return {
        person_id: frozenset(recorder_id for recorder_id in recorder_ids if recorder_id is not None)
        for person_id, recorder_ids in staff_makers.items()
        if person_id not in begun_ids
    }


def barred_ids(session: Session, actor: Actor) -> frozenset[int]:
    """Return whose writing the actor does not confirm: their own, and that of their hand.

    A head is bound by the own writing alone.
    """
    if actor.person_id is None:
        return frozenset()
    staff_makers = {} if actor.role is Role.HEAD else makers(session)
    return appointments.bound_ids(actor.person_id, staff_makers)


def are_independent(session: Session, first: Appointment, second: Appointment) -> bool:
    """Return True if the hands of these two holders of offices share nobody."""
    staff_makers = makers(session)
    own, others = (
        appointments.connected_ids(
            {office.person_id, *(() if office.role in STAFF else office.recorder_ids)},
            staff_makers,
        )
        for office in (first, second)
    )
    return own.isdisjoint(others)


def has_writer(person_ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that one of these persons has written in the appointment."""
    return exists().where(
        AppointmentRecorder.appointment_id == Appointment.id,
        AppointmentRecorder.person_id.in_(person_ids),
    )
