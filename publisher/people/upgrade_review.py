"""Appointments in force at an upgrade by a confirmation that would not be enough today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.policy import Action, Actor
from publisher import transitions
from publisher.models.history import AppointmentRecorder
from publisher.models.people import Appointment, Department
from publisher.people import channels, confirmation
from publisher.people.permissions import not_ended, require_right

MOST_SHOWN = 200


def list_unreviewed(session: Session, *, now: datetime) -> list[Appointment]:
    """Return the appointments that are to be confirmed again, by department, at most 200."""
    query = (
        select(Appointment)
        .join(Appointment.department)
        .where(_is_open(now))
        .options(
            joinedload(Appointment.person),
            joinedload(Appointment.department),
            selectinload(Appointment.recorders).joinedload(AppointmentRecorder.person),
        )
        .order_by(Department.name_mr, Appointment.role, Appointment.id)
    )
    return list(session.scalars(query.limit(MOST_SHOWN)))


def count(session: Session, *, now: datetime) -> int:
    """Return how many appointments still have to be confirmed again."""
    return session.scalar(select(func.count(Appointment.id)).where(_is_open(now))) or 0


def _is_open(now: datetime) -> ColumnElement[bool]:
    return Appointment.is_unreviewed.is_(True) & not_ended(now)


def confirm_reviewed(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    digests: Mapping[int, str],
    origin: Mapping[str, str] | None = None,
) -> int:
    """Confirm these appointments again; returns the number of new ones.

    `digests` are those of what the page showed, by id, as for `confirmation.confirm`. What the
    actor may not confirm is left as it is; a command may confirm all. The others are notified as of
    any confirmation. Raises `WrongRole`, `FreshSignInRequired` or `ChangedSinceShown`.
    """
    require_right(actor, Action.CONFIRM_APPOINTMENT, actor.department_id, now=now)
    query = (
        select(Appointment)
        .where(Appointment.id.in_(digests), _is_open(now))
        .order_by(Appointment.id)
        .with_for_update(of=Appointment, key_share=True)
    )
    appointments = confirmation.confirmable(session, actor, session.scalars(query).all(), now=now)
    for appointment in appointments:
        confirmation.check_shown(appointment, digests[appointment.id])
        appointment.is_unreviewed = False
        appointment.confirmed_by_id = actor.person_id
        appointment.confirmed_under_id = actor.appointment_id
        appointment.confirmed_at, appointment.told_at = now, None
        channels.note_confirmed(appointment.person, now=now)
        transitions.record(
            session, appointment, "look_through", actor=actor, now=now, values=origin
        )
    return len(appointments)
