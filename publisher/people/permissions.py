"""Who may record, invite, end and disable whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed, WrongRole
from approvals.policy import Action, Actor, ActorKind, Role, may, require
from publisher.models.people import Appointment, Person

COMMAND: Final = Actor(kind=ActorKind.SERVICE, name="command")
"""Whoever may run the commands of this installation: they hold its database anyway."""

_RECORD: Final[Mapping[Role, Action]] = {
    Role.MEMBER: Action.RECORD_MEMBER,
    Role.OFFICER: Action.RECORD_OFFICER,
    Role.HEAD: Action.RECORD_HEAD,
}


class OwnAppointment(NotAllowed):
    """Nobody records, changes or ends their own appointment, nor disables themselves."""

    code = "own_appointment"


class LastAdmin(NotAllowed):
    """Without this admin nobody could mend anything any more."""

    code = "last_admin"


class SomebodyExists(NotAllowed):
    """There are people already: one of them records the next."""

    code = "somebody_exists"


def action_to_record(role: Role) -> Action:
    """What somebody must be allowed to do who records, ends or invites for this role."""
    return _RECORD.get(role, Action.RECORD_OTHER_ROLE)


def may_record(actor: Actor, role: Role, department_id: int | None) -> bool:
    """Whether the actor may record and end appointments to this role in this department."""
    return _is_command(actor) or may(actor, action_to_record(role), department_id)


def require_record(actor: Actor, role: Role, department_id: int, *, now: datetime) -> None:
    """Raise `WrongRole` unless `may_record`."""
    if not _is_command(actor):
        require(actor, action_to_record(role), department_id, now=now)


def may_disable(session: Session, actor: Actor, person: Person, *, now: datetime) -> bool:
    """Whether the actor may disable and enable this person."""
    try:
        require_disable(session, actor, person, now=now)
    except NotAllowed:
        return False
    return True


def require_disable(session: Session, actor: Actor, person: Person, *, now: datetime) -> None:
    """Raise `WrongRole`, or `OwnAppointment` where the person is the actor."""
    if not _is_command(actor):
        require(actor, Action.DISABLE_PERSON, None, now=now)
    require_not_own(actor, person)
    require_whole_person(session, actor, person, now=now)


def require_not_own(actor: Actor, person: Person) -> None:
    """Raise `OwnAppointment` where the person is the actor, under whichever appointment."""
    if actor.person_id is not None and actor.person_id == person.id:
        raise OwnAppointment


def require_whole_person(session: Session, actor: Actor, person: Person, *, now: datetime) -> None:
    """Raise `WrongRole` unless the actor may record all that the person is.

    Otherwise a cell lead could give an admin another address, and send an invitation there.
    """
    for held in standing(session, person_id=person.id, now=now):
        if not may_record(actor, held.role, held.department_id):
            raise WrongRole(role=actor.role, action=action_to_record(held.role))


def standing(session: Session, *, person_id: int, now: datetime) -> list[Appointment]:
    """The person's appointments that have not ended; some of them may be yet to begin."""
    query = select(Appointment).where(Appointment.person_id == person_id, not_ended(now))
    return list(session.scalars(query.order_by(Appointment.id)))


def not_ended(now: datetime) -> ColumnElement[bool]:
    """The condition of appointments that have not ended."""
    return or_(Appointment.until_at.is_(None), Appointment.until_at > now)


def require_another_admin(session: Session, *, person_id: int, now: datetime) -> None:
    """Raise `LastAdmin` unless somebody else is an admin in force.

    Every row of an admin is locked first, so that of two admins who end each other at the same
    moment the second finds the first one's change.
    """
    admins = select(Appointment.id).where(Appointment.role == Role.ADMIN).order_by(Appointment.id)
    session.execute(admins.with_for_update())
    others = (
        select(Person.id)
        .join(Appointment, Appointment.person_id == Person.id)
        .where(
            Appointment.role == Role.ADMIN,
            Appointment.from_at <= now,
            Appointment.until_at.is_(None),
            Person.disabled_at.is_(None),
            Person.id != person_id,
        )
    )
    if session.scalars(others.limit(1)).first() is None:
        raise LastAdmin


def is_admin(session: Session, person: Person, *, now: datetime) -> bool:
    """Whether the person is an admin in force."""
    held = standing(session, person_id=person.id, now=now)
    return any(one.role is Role.ADMIN and one.from_at <= now for one in held)


def _is_command(actor: Actor) -> bool:
    return actor.kind is ActorKind.SERVICE and actor.name == COMMAND.name
