"""Who gave a person who has signed in another mail address or mobile, without that person's word.

What is sent to the person may be read there, so the gate takes them for recorders of the person's
appointments, until somebody confirms these again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from publisher.models.people import Appointment, ContactChange

Columns = ReadOnlyColumnCollection[str, Column[Any]]

#: A change of the staff that came in force by time; its owner's word comes earlier.
CAME_BY_TIME = ContactChange.in_force_at <= ContactChange.ended_at


def is_ground(appointment: type[Appointment] | Columns) -> ColumnElement[bool]:
    """Return the condition that an appointment, of these columns, rests on a `ContactChange`."""
    confirmed_at = appointment.confirmed_at
    return and_(
        ContactChange.person_id == appointment.person_id,
        CAME_BY_TIME,
        or_(confirmed_at.is_(None), ContactChange.ended_at > confirmed_at),
    )


def writer_ids(
    session: Session, appointment_id: int, *, until: datetime | None = None
) -> frozenset[int]:
    """Return who asked for such a change for the holder of an appointment, or agreed to it.

    With `until` only what was in force by then counts: an approval of before stays one.
    """
    query = (
        select(ContactChange.asked_by_id, ContactChange.seconded_by_id)
        .join(Appointment, Appointment.id == appointment_id)
        .where(is_ground(Appointment))
    )
    if until is not None:
        query = query.where(ContactChange.ended_at <= until)
    return frozenset(key for row in session.execute(query) for key in row if key is not None)
