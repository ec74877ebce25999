"""Record and end appointments; disable and enable people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from approvals.appointments import NEEDS_CONFIRMATION
from approvals.errors import WrongState
from approvals.policy import Action, Actor, Role
from publisher import transitions
from publisher.auth import one_time_links
from publisher.auth.contact_details import BadPerson, read_line
from publisher.auth.one_time_links import LinkPurpose
from publisher.auth.sessions import end_all
from publisher.database.noted_changes import note_changed
from publisher.models.history import Event, Wrote
from publisher.models.people import Appointment, Department, Person, ServiceClass
from publisher.notifications import compose
from publisher.notifications.kinds import NoticeKind
from publisher.people import channels, lookup, recorders
from publisher.people.departments import is_in_force
from publisher.people.permissions import (
    SomebodyExists,
    action_to_record,
    is_admin,
    is_command,
    not_ended,
    require_another_admin,
    require_disable,
    require_not_own,
    require_record,
    standing,
)
from publisher.states import AppointmentState

RANKS: Final = (1, 2)
ENABLE_PERSON: Final = "enable_person"
"""The verb of the event that opens somebody's access again."""


def record_person(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    name_mr: str,
    role: Role,
    department_id: int,
    name_en: str = "",
    designation: str = "",
    mail: str | None = None,
    mobile: str | None = None,
    rank: int | None = None,
    order_number: str = "",
    service_class: ServiceClass | None = None,
    from_at: datetime | None = None,
    origin: Mapping[str, str] | None = None,
    waits: bool = False,
) -> Appointment:
    """Appoint a person from `from_at` or now; the person is found by mail or mobile, or recorded.

    An officer without a `rank` gets the first free one. An admin, lead, officer or head waits for
    confirmation by somebody else, unless a command appoints them without `waits`;
    `origin` is that command's name and user, for the history. Raises `WrongRole`,
    `OwnAppointment`, and `BadPerson` with the field and a code.
    """
    require_record(actor, role, department_id, now=now)
    details = lookup.read(
        name_mr=name_mr, name_en=name_en, designation=designation, mail=mail, mobile=mobile
    )
    order = read_order(order_number)
    department = _lock_department(session, department_id, now)
    person = lookup.find_or_add(session, details, actor=actor, now=now)
    begins = from_at or now
    confirms = is_command(actor) and not waits
    appointment = Appointment(
        person=person,
        role=role,
        department=department,
        rank=_free_rank(session, person, role, department, rank=rank, begins=begins),
        from_at=begins,
        order_number=order,
        service_class=service_class,
        recorded_by_id=actor.person_id,
        **_first_state(role, person, now, confirms=confirms),
    )
    session.add(appointment)
    recorders.add(appointment, actor.person_id, Wrote.RECORDED, at=now)
    recorders.inherit_all(session, appointment, person)
    if confirms and role in NEEDS_CONFIRMATION:
        channels.note_confirmed(person, now=now)
    values = {"role": role, "department": department.id, "rank": appointment.rank, **(origin or {})}
    verb = action_to_record(role)
    transitions.record(session, appointment, verb, actor=actor, now=now, values=values)
    return appointment


def read_order(order_number: str) -> str:
    """Return the number of an office order as it is stored. Raises `BadPerson`."""
    return read_line("order_number", order_number, longest=80)


def _first_state(role: Role, person: Person, now: datetime, *, confirms: bool) -> dict[str, Any]:
    """Return the columns of the state in which an appointment begins."""
    has_password = person.password_hash is not None
    is_taken_up = has_password or confirms
    is_confirmed = confirms or role not in NEEDS_CONFIRMATION
    state = AppointmentState.RECORDED
    if is_confirmed:
        state = AppointmentState.ACTIVE if is_taken_up else AppointmentState.CONFIRMED
    return {
        "state": state,
        "state_at": now,
        "confirmed_at": now if is_confirmed else None,
        "taken_up_at": now if is_taken_up else None,
    }


def _lock_department(session: Session, department_id: int, now: datetime) -> Department:
    # The lock keeps two people from appointing two officers to one rank at the same time.
    department = session.get(
        Department, department_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if department is None:
        raise BadPerson("department_id", "unknown")
    if not is_in_force(department, now=now):
        raise BadPerson("department_id", "closed")
    return department


def _free_rank(
    session: Session,
    person: Person,
    role: Role,
    department: Department,
    *,
    rank: int | None,
    begins: datetime,
) -> int | None:
    """Check that the role is free in the department; return an officer's rank."""
    query = select(Appointment).where(
        Appointment.department_id == department.id, Appointment.role == role, not_ended(begins)
    )
    holders = list(session.scalars(query))
    if any(appointment.person_id == person.id for appointment in holders):
        raise BadPerson("role", "already_appointed")
    if role is Role.HEAD and holders:
        raise BadPerson("role", "head_exists")
    if role is Role.OFFICER:
        return _officers_rank(holders, rank)
    if rank is not None:
        raise BadPerson("rank", "only_officers")
    return None


def _officers_rank(holders: Sequence[Appointment], rank: int | None) -> int:
    occupied_ranks = {appointment.rank for appointment in holders}
    free = [rank_number for rank_number in RANKS if rank_number not in occupied_ranks]
    if not free:
        raise BadPerson("role", "two_officers")
    if rank is not None and rank not in free:
        raise BadPerson("rank", "taken" if rank in RANKS else "unknown")
    return rank or free[0]


def end_appointment(
    session: Session, *, actor: Actor, appointment: Appointment, now: datetime
) -> None:
    """End an appointment now; a future one never begins.

    The person is signed out if there is no other appointment. Raises `WrongRole`, `OwnAppointment`,
    `LastAdmin`, or `WrongState` if it has ended already.
    """
    require_record(actor, appointment.role, appointment.department_id, now=now)
    require_not_own(actor, appointment.person)
    if appointment.role is Role.ADMIN:
        require_another_admin(session, person_id=appointment.person_id, now=now)
    # A page has read it with its department, and PostgreSQL cannot lock the row of an outer join.
    session.refresh(appointment, with_for_update={"of": Appointment, "key_share": True})
    end_now(session, appointment, actor=actor, now=now)
    office = {"role": appointment.role, "department": appointment.department}
    _notify(session, appointment.person, actor, now, office=office)


def _notify(
    session: Session,
    person: Person,
    actor: Actor,
    now: datetime,
    *,
    office: Mapping[str, object],
    origin: Mapping[str, str] | None = None,
) -> None:
    """Notify a person that this office of theirs, or without one their access, was ended.

    A person or a command with an `origin` has done it; for anything else nobody is notified.
    """
    if actor.person_id is None and origin is None:
        return
    by = session.get_one(Person, actor.person_id) if actor.person_id is not None else None
    values = {"at": now, "by": by, **office}
    compose.queue(session, kind=NoticeKind.ACCESS_ENDED, person=person, values=values, now=now)


def end_now(session: Session, appointment: Appointment, *, actor: Actor, now: datetime) -> None:
    """End a locked appointment, unchecked; a person without any other is signed out.

    Raises `WrongState` if it has ended already.
    """
    transitions.apply(
        session,
        appointment,
        AppointmentState.ENDED,
        actor=actor,
        now=now,
        verb="end_appointment",
        values={"role": appointment.role, "department": appointment.department_id},
        columns={"until_at": max(now, appointment.from_at)},
    )
    end_access(session, appointment.person, now)


def end_access(session: Session, person: Person, now: datetime) -> None:
    """End the sessions and invitations of a person without any appointment."""
    if standing(session, person_id=person.id, now=now):
        return
    end_all(session, person_id=person.id, now=now)
    one_time_links.end_of_person(session, person=person, purpose=LinkPurpose.INVITATION, now=now)


def require_nobody(session: Session, department_id: int, *, now: datetime) -> None:
    """Lock the first admin's department; raises `SomebodyExists` if there are people already."""
    _lock_department(session, department_id, now)
    if session.scalar(select(exists().select_from(Person))):
        raise SomebodyExists


def disable_person(
    session: Session,
    *,
    actor: Actor,
    person: Person,
    now: datetime,
    origin: Mapping[str, str] | None = None,
) -> None:
    """Disable a person, and end the person's sessions and password links at once.

    `origin` is a command's name and user, for the history. Raises `WrongRole`, `OwnAppointment`,
    `LastAdmin`, or `WrongState` if already disabled.
    """
    require_disable(session, actor, person, now=now)
    if is_admin(session, person, now=now):
        require_another_admin(session, person_id=person.id, now=now)
    session.refresh(person, with_for_update={"key_share": True})
    if person.disabled_at is not None:
        raise WrongState(state="disabled", to="disabled")
    # Before the person is disabled, as disabled people get no notices.
    _notify(session, person, actor, now, office={}, origin=origin)
    person.disabled_at = now
    end_all(session, person_id=person.id, now=now)
    one_time_links.end_for_password(session, person=person, now=now)
    note_changed(session, Person.__tablename__, person.id, now=now, is_by_person=True)
    transitions.record(session, person, Action.DISABLE_PERSON, actor=actor, now=now, values=origin)


def enable_person(session: Session, *, actor: Actor, person: Person, now: datetime) -> None:
    """Enable a person again, with the same password; raises as `disable_person` does."""
    require_disable(session, actor, person, now=now)
    session.refresh(person, with_for_update={"key_share": True})
    if person.disabled_at is None:
        raise WrongState(state="enabled", to="enabled")
    person.disabled_at = None
    note_changed(session, Person.__tablename__, person.id, now=now, is_by_person=True)
    transitions.record(session, person, ENABLE_PERSON, actor=actor, now=now)


def find_disabling_event(session: Session, person: Person) -> Event | None:
    """Return the event that disabled a person; None if the person is not disabled."""
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
