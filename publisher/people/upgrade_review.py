"""What was in force at the upgrade without a confirmation: the admin looks it through once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.models.people import Appointment, Department
from publisher.people.permissions import not_ended

MOST_SHOWN = 200


def unreviewed(session: Session, *, now: datetime) -> list[Appointment]:
    """Return the appointments that nobody has looked through yet, by department, at most 200."""
    query = (
        select(Appointment)
        .join(Appointment.department)
        .where(_is_open(now))
        .options(joinedload(Appointment.person), joinedload(Appointment.department))
        .order_by(Department.name_mr, Appointment.role, Appointment.id)
    )
    return list(session.scalars(query.limit(MOST_SHOWN)))


def count(session: Session, *, now: datetime) -> int:
    """Return how many appointments are left to look through."""
    return session.scalar(select(func.count(Appointment.id)).where(_is_open(now))) or 0


def _is_open(now: datetime) -> ColumnElement[bool]:
    return Appointment.is_unreviewed.is_(True) & not_ended(now)


def look_through(
    session: Session, *, actor: Actor, now: datetime, appointment_ids: Collection[int]
) -> int:
    """Record that these appointments were looked through; returns the number of new ones.

    Nobody looks through their own. Raises `WrongRole`.
    """
    require(actor, Action.RECORD_OTHER_ROLE, None, now=now)
    query = (
        select(Appointment)
        .where(
            Appointment.id.in_(appointment_ids),
            Appointment.person_id != actor.person_id,
            _is_open(now),
        )
        .order_by(Appointment.id)
        .with_for_update(of=Appointment)
    )
    appointments = session.scalars(query).all()
    for appointment in appointments:
        appointment.is_unreviewed = False
        transitions.record(session, appointment, "look_through", actor=actor, now=now)
    return len(appointments)
