"""Remind a head, once every working day, of the officers who wait for the head's confirmation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Role
from publisher.database.session import Database
from publisher.models.people import Appointment, Person
from publisher.people import appointment_notices, office_links
from publisher.people.confirmation import HEAD_DECIDES_WITHIN
from publisher.people.permissions import not_ended
from publisher.states import AppointmentState
from publisher.working_time import add_working_days, is_working


def tick_reminders(database: Database, *, now: datetime) -> int:
    """Remind the heads in working hours, as long as the time lasts that is theirs alone.

    A head gets one message a day with all who wait; returns the number of messages.
    """
    if not is_working(now):
        return 0
    by_head: defaultdict[Person, list[Appointment]] = defaultdict(list)
    with database.transaction() as session:
        for row in _asked(session, now):
            head = office_links.head_to_ask(session, row.department_id, now=now)
            is_in_time = now < add_working_days(row.state_at, HEAD_DECIDES_WITHIN)
            if head is not None and head.person_id not in row.recorder_ids and is_in_time:
                by_head[head.person].append(row)
        due = {person: rows for person, rows in by_head.items() if _is_due(rows, now)}
        for person, rows in due.items():
            appointment_notices.ask(session, person, rows, {"again": True}, now)
            for row in rows:
                row.told_at = now
        return len(due)


def _asked(session: Session, now: datetime) -> Sequence[Appointment]:
    query = (
        select(Appointment)
        .join(Appointment.person)
        .where(
            Appointment.state == AppointmentState.RECORDED,
            Appointment.role == Role.OFFICER,
            Appointment.told_at.is_not(None),
            not_ended(now),
            Person.disabled_at.is_(None),
        )
        .options(joinedload(Appointment.person), joinedload(Appointment.department))
        .order_by(Appointment.id)
    )
    return session.scalars(
        query.with_for_update(of=Appointment, skip_locked=True, key_share=True)
    ).all()


def _is_due(rows: Sequence[Appointment], now: datetime) -> bool:
    return any(row.told_at is not None and now >= add_working_days(row.told_at, 1) for row in rows)
