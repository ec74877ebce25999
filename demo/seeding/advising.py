"""Good times and a quiet night in the demo's calendar, as its cell has set them."""

from __future__ import annotations

from datetime import datetime, time
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind, Role
from publisher.models.people import Appointment
from publisher.scheduling import slots

WORKING_DAYS: Final = range(5)
GOOD_TIMES: Final = (time(9), time(12, 30), time(18))
NIGHT: Final = (time(22), time(7))


def set_times(session: Session, *, now: datetime) -> None:
    """Three good times on working days for each account, and quiet nights for all; once."""
    query = select(Appointment).where(Appointment.role == Role.CELL_LEAD).order_by(Appointment.id)
    lead = session.scalars(query).first()
    if lead is None or slots.quiet_times(session):
        return
    actor = Actor(
        kind=ActorKind.PERSON,
        person_id=lead.person_id,
        appointment_id=lead.id,
        role=lead.role,
        department_id=lead.department_id,
    )
    begins, ends = NIGHT
    slots.set_quiet_time(
        session, actor=actor, now=now, account_id=None, weekday=None, begins=begins, ends=ends
    )
    for account in slots.accounts(session):
        for clock in GOOD_TIMES:
            slots.set_slots(
                session,
                actor=actor,
                now=now,
                account_id=account.id,
                weekdays=WORKING_DAYS,
                clock=clock,
            )
