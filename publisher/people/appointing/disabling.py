"""Shutting a person out at once, and letting them in again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import WrongState
from approvals.policy import Action, Actor
from publisher import transitions
from publisher.models.history import Event
from publisher.models.people import Person
from publisher.people import links
from publisher.people.appointing.rights import is_admin, require_another_admin, require_disable
from publisher.people.signing_in.sessions import end_all


def disable_person(session: Session, *, actor: Actor, person: Person, now: datetime) -> None:
    """Shut a person out: every session and every link to a password ends now.

    Raises `WrongRole`, `OwnAppointment`, `LastAdmin`, or `WrongState` where it is so already.
    """
    require_disable(session, actor, person, now=now)
    if is_admin(session, person, now=now):
        require_another_admin(session, person_id=person.id, now=now)
    session.refresh(person, with_for_update=True)
    if person.disabled_at is not None:
        raise WrongState(state="disabled", to="disabled")
    person.disabled_at = now
    end_all(session, person_id=person.id, now=now)
    links.end_for_password(session, person=person, now=now)
    transitions.record(session, person, Action.DISABLE_PERSON, actor=actor, now=now)


def enable_person(session: Session, *, actor: Actor, person: Person, now: datetime) -> None:
    """Let a person in again, with the same password; raises as `disable_person` does."""
    require_disable(session, actor, person, now=now)
    session.refresh(person, with_for_update=True)
    if person.disabled_at is None:
        raise WrongState(state="enabled", to="enabled")
    person.disabled_at = None
    transitions.record(session, person, "enable_person", actor=actor, now=now)


def disabling_of(session: Session, person: Person) -> Event | None:
    """The event by which a person was shut out, if that is so now: since when, and by whom."""
    if person.disabled_at is None:
        return None
    query = (
        select(Event)
        .where(
            Event.subject == Person.__tablename__,
            Event.subject_id == person.id,
            Event.verb == Action.DISABLE_PERSON,
        )
        .options(joinedload(Event.person))
        .order_by(Event.id.desc())
        .limit(1)
    )
    return session.scalars(query).first()
