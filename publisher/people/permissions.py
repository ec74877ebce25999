"""Check who may record, invite, disable and end the appointments of whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from approvals.errors import NotAllowed, WrongRole
from approvals.policy import Action, Actor, ActorKind, Role, may, require
from publisher.models.people import Appointment, Person
from publisher.states import AppointmentState

COMMAND: Final = Actor(kind=ActorKind.SERVICE, name="command")
"""The person who runs the commands of this installation, with access to its database anyway."""

_RECORD: Final[Mapping[Role, Action]] = {
    Role.MEMBER: Action.RECORD_MEMBER,
    Role.OFFICER: Action.RECORD_OFFICER,
    Role.HEAD: Action.RECORD_HEAD,
}


class OwnAppointment(NotAllowed):
    """People may not record, change or end their own appointment, nor disable themselves."""

    code = "own_appointment"


class LastAdmin(NotAllowed):
    """Without this admin there would be none."""

    code = "last_admin"


class SomebodyExists(NotAllowed):
    """There are people already: one of them has to record the next."""

    code = "somebody_exists"


def action_to_record(role: Role) -> Action:
    """Return the action that is required to record, end or invite for this role."""
    return _RECORD.get(role, Action.RECORD_OTHER_ROLE)


def may_record(actor: Actor, role: Role, department_id: int | None) -> bool:
    """Return True if the actor may record and end appointments to this role in this department."""
    return is_command(actor) or may(actor, action_to_record(role), department_id)


def require_record(actor: Actor, role: Role, department_id: int, *, now: datetime) -> None:
    """Raise `WrongRole` unless `may_record`."""
    require_right(actor, action_to_record(role), department_id, now=now)


def require_right(
    actor: Actor, action: Action, department_id: int | None, *, now: datetime
) -> None:
    """Raise as `policy.require` does; a command may do everything."""
    if not is_command(actor):
        require(actor, action, department_id, now=now)


def may_disable(session: Session, actor: Actor, person: Person, *, now: datetime) -> bool:
    """Return True if the actor may disable and enable this person."""
    try:
        require_disable(session, actor, person, now=now)
    except NotAllowed:
        return False
    return True


def require_disable(session: Session, actor: Actor, person: Person, *, now: datetime) -> None:
    """Raise `WrongRole`, or `OwnAppointment` if the person is the actor."""
    require_right(actor, Action.DISABLE_PERSON, None, now=now)
    require_not_own(actor, person)
    require_whole_person(session, actor, person, now=now)


def require_not_own(actor: Actor, person: Person) -> None:
    """Raise `OwnAppointment` if the person is the actor, under any appointment."""
    if actor.person_id is not None and actor.person_id == person.id:
        raise OwnAppointment


def require_whole_person(session: Session, actor: Actor, person: Person, *, now: datetime) -> None:
    """Raise `WrongRole` unless the actor may record all of the person's appointments.

    Otherwise a cell lead could change an admin's address, and send an invitation there.
    """
    for appointment in standing(session, person_id=person.id, now=now):
        if not may_record(actor, appointment.role, appointment.department_id):
            raise WrongRole(role=actor.role, action=action_to_record(appointment.role))


def standing(session: Session, *, person_id: int, now: datetime) -> list[Appointment]:
    """Return the person's appointments that have not ended, including future ones."""
    query = select(Appointment).where(Appointment.person_id == person_id, not_ended(now))
    return list(session.scalars(query.order_by(Appointment.id)))


def not_ended(now: datetime) -> ColumnElement[bool]:
    """Return the condition of appointments that have not ended."""
    return and_(
        Appointment.state != AppointmentState.ENDED,
        or_(Appointment.until_at.is_(None), Appointment.until_at > now),
    )


def require_another_admin(session: Session, *, person_id: int, now: datetime) -> None:
    """Raise `LastAdmin` unless there is another admin in force.

    All admins' rows are locked first: if two admins end each other at the same moment, the second
    sees the first one's change.
    """
    admins = select(Appointment.id).where(Appointment.role == Role.ADMIN).order_by(Appointment.id)
    session.execute(admins.with_for_update())
    others = (
        select(Person.id)
        .join(Appointment, Appointment.person_id == Person.id)
        .where(
            Appointment.role == Role.ADMIN,
            Appointment.in_force_at(now),
            Appointment.until_at.is_(None),
            Person.disabled_at.is_(None),
            Person.id != person_id,
        )
    )
    if session.scalars(others.limit(1)).first() is None:
        raise LastAdmin


def is_admin(session: Session, person: Person, *, now: datetime) -> bool:
    """Return True if the person is an admin in force."""
    appointments = standing(session, person_id=person.id, now=now)
    return any(
        appointment.role is Role.ADMIN and appointment.in_force(now) for appointment in appointments
    )


def is_command(actor: Actor) -> bool:
    """Return True if a command of this installation acts, not a person."""
    return actor.kind is ActorKind.SERVICE and actor.name == COMMAND.name
