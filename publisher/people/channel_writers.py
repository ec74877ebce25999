"""Who changed the mail address or mobile of somebody who has signed in, without their consent.

They may read what is sent there, so they count as recorders of the person's appointments until
somebody confirms these again: at the gate, and wherever one person acts alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, or_
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from publisher.models.people import Appointment, ContactChange

Columns = ReadOnlyColumnCollection[str, Column[Any]]

#: A change by the staff that came into force by time; its owner's acceptance comes earlier.
CAME_BY_TIME = ContactChange.in_force_at <= ContactChange.ended_at


def is_ground(appointment: type[Appointment] | Columns) -> ColumnElement[bool]:
    """Return the condition that an appointment, of these columns, rests on a `ContactChange`."""
    confirmed_at = appointment.confirmed_at
    return and_(
        ContactChange.person_id == appointment.person_id,
        CAME_BY_TIME,
        or_(confirmed_at.is_(None), ContactChange.ended_at > confirmed_at),
    )


def writer_ids(appointment: Appointment, *, until: datetime | None = None) -> frozenset[int]:
    """Return who asked for such a change for the holder of an appointment, or agreed to it.

    With `until` only what was in force by then counts: an earlier approval stays valid.
    """
    confirmed_at = appointment.confirmed_at
    writers = (
        (change.asked_by_id, change.seconded_by_id)
        for change in appointment.person.contact_changes
        if change.ended_at is not None and change.in_force_at is not None
        if change.in_force_at <= change.ended_at
        if confirmed_at is None or change.ended_at > confirmed_at
        if until is None or change.ended_at <= until
    )
    return frozenset(key for pair in writers for key in pair if key is not None)
