"""End the sessions and known devices of other people, at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import transitions
from publisher.auth import known_devices, sessions
from publisher.auth.sessions import NotYours
from publisher.models.people import Person, SignIn
from publisher.people.permissions import require_disable


def end_session(
    session: Session, *, actor: Actor, person: Person, sign_in_id: int, now: datetime
) -> None:
    """End one session of the person. Raises `NotYours` for another's, and as `end_all` does."""
    require_disable(session, actor, person, now=now)
    sign_in = session.get(SignIn, sign_in_id)
    if sign_in is None or sign_in.person_id != person.id:
        raise NotYours(sign_in=sign_in_id)
    if sign_in.ended_at is None:
        sign_in.ended_at = now
        transitions.record(session, sign_in, "end_session", actor=actor, now=now)


def end_device(
    session: Session, *, actor: Actor, person: Person, known_device_id: int, now: datetime
) -> None:
    """End one known device of the person. Raises `NotYours`, and as `end_all` does."""
    require_disable(session, actor, person, now=now)
    known_devices.end(
        session, actor=actor, person_id=person.id, known_device_id=known_device_id, now=now
    )


def end_all(session: Session, *, actor: Actor, person: Person, now: datetime) -> None:
    """End every session and known device of the person.

    Raises `WrongRole` unless the actor may disable the person, or `OwnAppointment`.
    """
    require_disable(session, actor, person, now=now)
    sessions.end_all(session, person_id=person.id, now=now)
    known_devices.end_all(session, person_id=person.id, now=now)
    transitions.record(session, person, "end_access", actor=actor, now=now)
