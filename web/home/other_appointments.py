"""What waits under the other appointments of the signed-in person, so that none is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy.orm import Session

from publisher.auth.sessions import appointment_actor
from publisher.models.people import Appointment
from publisher.reports import tab_counts
from web.core.auth import Acting
from web.core.context import ctx
from web.home.people_work import people_tasks


@dataclass(frozen=True)
class OtherWork:
    """Another appointment, with what waits under it and how many of its comments are overdue."""

    appointment: Appointment
    waiting: int
    overdue: int


def other_work(session: Session, acting: Acting) -> tuple[OtherWork, ...]:
    """Return the person's other appointments in force; read once for each request."""
    if not acting.may_switch:
        return ()
    if "other_work" not in session.info:
        session.info["other_work"] = tuple(
            _appointment_work(session, appointment)
            for appointment in acting.person.appointments
            if appointment.in_force(ctx.now()) and appointment.id != acting.actor.appointment_id
        )
    return cast(tuple[OtherWork, ...], session.info["other_work"])


def _appointment_work(session: Session, appointment: Appointment) -> OtherWork:
    # Nothing waits for an oversight office, so its departments need not be read.
    actor, now = appointment_actor(appointment, ()), ctx.now()
    overview = tab_counts.overview_of(session, actor=actor, now=now)
    counts = overview.counts
    about_people = sum(task.count for task in people_tasks(session, actor, counts))
    return OtherWork(
        appointment,
        waiting=counts.today + counts.emergency + about_people,
        overdue=counts.overdue,
    )
