"""Ask a colleague by a note to correct what stands in an appointment; nothing is changed by it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals.appointments import STAFF
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.models.people import Appointment, Person
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import confirmation, responsibility
from publisher.validation import NotFound, checked_reason


def readers(
    session: Session, appointment: Appointment, *, actor: Actor, now: datetime
) -> list[Person]:
    """Return whom the note may go to: the recorders, the first one first, then others of the staff.

    Once one of these others has corrected it, somebody is still left to confirm it. Raises
    `NotFound` for a head who may not confirm it.
    """
    if actor.role not in STAFF and not confirmation.among(session, actor, [appointment], now=now):
        raise NotFound(appointment.id)
    others = [
        office.person
        for office in responsibility.lead_and_admins(session, now=now)
        if any(
            confirmation.possible_confirmers(
                session, [appointment], now=now, writer_id=office.person_id
            ).values()
        )
    ]
    people = dict.fromkeys([*(row.person for row in appointment.recorders), *others])
    barred_ids = {actor.person_id, appointment.person_id}
    return [person for person in people if person.id not in barred_ids and not person.disabled_at]


def send_back(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    appointment: Appointment,
    reader_id: int,
    note: str,
) -> Person:
    """Send the note, and return its reader; raises `NotFound`, or `Invalid` for the note."""
    require(actor, Action.CONFIRM_APPOINTMENT, actor.department_id, now=now)
    people = {person.id: person for person in readers(session, appointment, actor=actor, now=now)}
    if reader_id not in people:
        raise NotFound(reader_id)
    values = {
        "person": appointment.person,
        "role": appointment.role,
        "department": appointment.department,
        "reason": checked_reason(note, field="note"),
        "by": session.get_one(Person, actor.person_id),
    }
    kind, reader = NoticeKind.APPOINTMENT_SENT_BACK, people[reader_id]
    path = links.person(appointment.person_id)
    compose.queue(session, kind=kind, person=reader, values=values, now=now, path=path)
    details = {"reader": reader_id, "note": values["reason"]}
    verb = "send_back_appointment"
    transitions.record(session, appointment, verb, actor=actor, now=now, values=details)
    return reader
