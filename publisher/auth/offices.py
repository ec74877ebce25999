"""Take up an office: the person has set a password, so the invitation reached its addressee."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind
from publisher import transitions
from publisher.models.people import Appointment, Person
from publisher.states import AppointmentState


def take_up(session: Session, person: Person, *, now: datetime) -> None:
    """Record that the person takes up every appointment; a confirmed one becomes active."""
    query = select(Appointment).where(
        Appointment.person_id == person.id,
        Appointment.taken_up_at.is_(None),
        Appointment.state != AppointmentState.ENDED,
    )
    for appointment in session.scalars(query.with_for_update(key_share=True)).all():
        appointment.taken_up_at = now
        if appointment.state is AppointmentState.CONFIRMED:
            activate(session, appointment, now=now)


def activate(session: Session, appointment: Appointment, *, now: datetime) -> None:
    """Activate a confirmed appointment that was taken up."""
    actor = Actor(ActorKind.PERSON, appointment.person_id, appointment.id)
    transitions.apply(
        session, appointment, AppointmentState.ACTIVE, actor=actor, now=now, verb="take_up"
    )
