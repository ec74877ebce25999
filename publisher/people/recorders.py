"""Who has written in an appointment, and which of the staff are of one hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, selectinload

from approvals import appointments
from approvals.appointments import NEEDS_CONFIRMATION, STAFF, Makers
from approvals.policy import Actor, Role
from publisher.database.noted_changes import note_changed
from publisher.database.session import ReadingSession
from publisher.models.history import AppointmentRecorder, Wrote
from publisher.models.people import Appointment, ContactChange, Person
from publisher.people import channel_writers
from publisher.states import AppointmentState

#: The staff confirm, and their clerks record shared addresses.
_OF_THE_CELL = STAFF | {Role.CELL}


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
    """Note, in all appointments of a person, who has changed a name or channel of theirs."""
    for appointment in _person_appointments(session, person):
        for written in wrote:
            add(appointment, actor.person_id, written, at=now)
    note_changed(session, Person.__tablename__, person.id, now=now, is_by_person=True)


def inherit_all(session: Session, appointment: Appointment, person: Person) -> None:
    """Note in a new appointment those who have written in the person's earlier ones."""
    for earlier in _person_appointments(session, person):
        if earlier is not appointment:
            inherit(appointment, earlier)


def inherit(appointment: Appointment, earlier: Appointment) -> None:
    """Note in an appointment those whose writing in an earlier one was not confirmed."""
    for recorder in list_unconfirmed_writers(earlier):
        add(appointment, recorder.person_id, recorder.wrote, at=recorder.at)


def list_unconfirmed_writers(appointment: Appointment) -> list[AppointmentRecorder]:
    """Return who changed a name or channel, and also the recorders if nobody has confirmed it."""
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
    """Return, by person, the recorders of their appointments in the Cell: `appointments.Makers`.

    A standing appointment that a command has confirmed begins a hand of its own, which still
    includes anybody who gave its person another channel. A page that only reads queries once.
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
        # A role that needs no confirmation gets its `confirmed_at` when it is recorded.
        or_(Appointment.role.in_(NEEDS_CONFIRMATION), Appointment.recorded_by_id.is_(None)),
        Appointment.is_unreviewed.is_(False),
    )
    query = (
        select(
            Appointment.person_id,
            Appointment.state,
            is_by_command,
            AppointmentRecorder.person_id,
            ContactChange.asked_by_id,
            ContactChange.seconded_by_id,
        )
        .outerjoin(Appointment.recorders)
        .outerjoin(
            ContactChange,
            channel_writers.is_ground(Appointment) & (Appointment.state != AppointmentState.ENDED),
        )
        .where(Appointment.role.in_(_OF_THE_CELL))
    )
    recorder_ids: defaultdict[int, set[int | None]] = defaultdict(set)
    maker_ids: defaultdict[int, set[int | None]] = defaultdict(set)
    begun_ids = set()
    for person_id, state, is_begun, recorder_id, *writer_ids in session.execute(query):
        maker_ids[person_id].update(writer_ids)
        if is_begun and state is not AppointmentState.ENDED:
            begun_ids.add(person_id)
        elif not is_begun:
            recorder_ids[person_id].add(recorder_id)
    for person_id in recorder_ids.keys() - begun_ids:
        maker_ids[person_id] |= recorder_ids[person_id]
    return {
        person_id: frozenset(maker_id for maker_id in makers if maker_id is not None)
        for person_id, makers in maker_ids.items()
        if any(makers)
    }


def ids_to_bar(session: Session, actor: Actor) -> frozenset[int]:
    """Return the persons whose writing the actor may not confirm: themselves and their hand.

    A head is bound only by their own writing, and by that of those who gave them another channel.
    """
    if actor.person_id is None:
        return frozenset()
    if actor.role is Role.HEAD:
        own = session.get_one(Appointment, actor.appointment_id)
        return channel_writers.writer_ids(own) | {actor.person_id}
    return appointments.bound_ids(actor.person_id, makers(session))


def are_independent(session: Session, first: Appointment, second: Appointment) -> bool:
    """Return True if the hands of these two holders of offices share nobody."""
    staff_makers = makers(session)
    own, others = (
        appointments.recorder_chain_ids(
            {office.person_id, *(() if office.role in STAFF else writer_ids(office))},
            staff_makers,
        )
        for office in (first, second)
    )
    return own.isdisjoint(others)


def writer_ids(appointment: Appointment) -> frozenset[int]:
    """Return who wrote in an appointment, or gave its person a channel that it does not cover."""
    return appointment.recorder_ids | channel_writers.writer_ids(appointment)


def has_writer(person_ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that one of these persons has written in the appointment."""
    return exists().where(
        AppointmentRecorder.appointment_id == Appointment.id,
        AppointmentRecorder.person_id.in_(person_ids),
    )
