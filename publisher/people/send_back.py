"""Ask a colleague by a note to correct an appointment; the note changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.appointments import STAFF
from approvals.errors import WrongRole
from approvals.policy import Action, Actor
from publisher import transitions
from publisher.models.people import Appointment, Person
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import confirmation, responsibility
from publisher.validation import clean_reason, existing


def readers(
    session: Session, appointment: Appointment, *, actor: Actor, now: datetime
) -> list[Person]:
    """Return who may get the note: the recorders, the first one first, then others of the staff.

    If one of these others corrects it, somebody is still left to confirm it. Raises
    `WrongRole` for a head who may not confirm it.
    """
    if actor.role not in STAFF and not confirmation.confirmable(
        session, actor, [appointment], now=now
    ):
        raise WrongRole(role=actor.role, action=Action.CONFIRM_APPOINTMENT)
    others = [
        office.person
        for office in responsibility.lead_and_admins(session, now=now)
        if any(
            confirmation.possible_confirmers(
                session, [appointment], now=now, writer_id=office.person_id
            ).values()
        )
    ]
    people = dict.fromkeys([*(recorder.person for recorder in appointment.recorders), *others])
    barred_ids = {actor.person_id, appointment.person_id}
    return [person for person in people if person.id not in barred_ids and not person.disabled_at]


def choose_reader(people: Iterable[Person], reader_id: int) -> Person:
    """Return the person with this id, or for 0 the first one; raises `NotFound`."""
    chosen = (person for person in people if reader_id in {0, person.id})
    return existing(next(chosen, None), reader_id)


def send_back(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    appointment: Appointment,
    reader_id: int,
    note: str,
) -> Person:
    """Send the note, and return its reader, by default the first one of `readers`.

    Raises `NotFound`, `Invalid` for the note, or as `readers` does.
    """
    reader = choose_reader(readers(session, appointment, actor=actor, now=now), reader_id)
    values = {
        "person": appointment.person,
        "role": appointment.role,
        "department": appointment.department,
        "reason": clean_reason(note, field="note"),
        "by": session.get_one(Person, actor.person_id),
    }
    kind, path = NoticeKind.APPOINTMENT_SENT_BACK, links.person(appointment.person_id)
    compose.queue(session, kind=kind, person=reader, values=values, now=now, path=path)
    details, verb = {"reader": reader.id}, "send_back_appointment"
    transitions.record(session, appointment, verb, actor=actor, now=now, values=details)
    return reader
