"""Remind confirmed officers who have not taken up their office, after three and seven days."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Role
from publisher.auth.one_time_links import LinkPurpose
from publisher.database.session import Database
from publisher.models.people import Appointment, Link, Person
from publisher.people import invitations
from publisher.states import AppointmentState
from publisher.working_time import is_working

AFTER: Final = (timedelta(days=3), timedelta(days=7))


def tick_office_reminders(database: Database, *, now: datetime) -> int:
    """Invite again, in working hours, the officers who are due; return the number of people."""
    if not is_working(now):
        return 0
    with database.transaction() as session:
        due = {
            appointment.person_id: appointment
            for appointment in _waiting(session, now)
            if _is_due(session, appointment, now)
        }
        for appointment in due.values():
            invitations.invite_by_both(session, appointment, now=now, again=True)
        return len(due)


def _waiting(session: Session, now: datetime) -> list[Appointment]:
    query = (
        select(Appointment)
        .join(Appointment.person)
        .where(
            Appointment.role == Role.OFFICER,
            Appointment.state == AppointmentState.CONFIRMED,
            Appointment.confirmed_at <= now - AFTER[0],
            Person.password_hash.is_(None),
            Person.disabled_at.is_(None),
        )
        .options(joinedload(Appointment.person), joinedload(Appointment.department))
        .order_by(Appointment.id)
    )
    return list(
        session.scalars(query.with_for_update(of=Appointment, skip_locked=True, key_share=True))
    )


def _is_due(session: Session, appointment: Appointment, now: datetime) -> bool:
    """Return True unless an invitation was made since the last of the two days."""
    confirmed_at = appointment.confirmed_at or appointment.state_at
    due_at = max(confirmed_at + after for after in AFTER if confirmed_at + after <= now)
    query = select(func.max(Link.made_at)).where(
        Link.person_id == appointment.person_id, Link.purpose == LinkPurpose.INVITATION
    )
    invited_at = session.scalar(query)
    return invited_at is None or invited_at < due_at
