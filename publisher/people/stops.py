"""The stops of appointments: who reported one as wrong, when, and what had been confirmed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action
from publisher.models.history import Event
from publisher.models.people import Appointment
from publisher.states import AppointmentState

DOUBTED: Final = "doubt_appointment"


def stops_of(session: Session, appointments: Iterable[Appointment]) -> dict[int, list[Event]]:
    """Return the events in which a report put these back, by id, the first one first."""
    stops: defaultdict[int, list[Event]] = defaultdict(list)
    query = (
        select(Event)
        .where(
            Event.subject == Appointment.__tablename__,
            Event.subject_id.in_([appointment.id for appointment in appointments]),
            Event.verb == DOUBTED,
            Event.state_after == AppointmentState.RECORDED,
        )
        .options(joinedload(Event.person))
        .order_by(Event.id)
    )
    for event in session.scalars(query):
        stops[event.subject_id].append(event)
    return dict(stops)


def last_confirmation(
    session: Session, appointment: Appointment, moment: datetime
) -> datetime | None:
    """Return when it was last confirmed up to `moment`; None if the history does not show it."""
    query = select(Event.at).where(
        Event.subject == Appointment.__tablename__,
        Event.subject_id == appointment.id,
        Event.verb == Action.CONFIRM_APPOINTMENT,
        Event.at <= moment,
    )
    return session.scalars(query.order_by(Event.id.desc()).limit(1)).first()
