"""Record the shared mail addresses of departments, which belong to no person."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, Role, Scope, require, scope_of
from publisher import transitions
from publisher.auth.contact_details import BadPerson, read_identifier, read_mail
from publisher.models.departments import DepartmentAddress
from publisher.models.people import ContactField, Department, Person
from publisher.notifications import compose, department_copies, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import contact_corrections, recorders, responsibility
from publisher.people.confirmation import MayNotConfirm
from publisher.people.departments import is_in_force
from publisher.people.permissions import require_record
from publisher.validation import NotFound


def list_addresses(session: Session, *, department_id: int) -> list[DepartmentAddress]:
    """Return the department's shared addresses, the oldest first."""
    query = (
        select(DepartmentAddress)
        .where(DepartmentAddress.department_id == department_id)
        .options(joinedload(DepartmentAddress.recorded_by))
        .order_by(DepartmentAddress.id)
    )
    return list(session.scalars(query))


def add(
    session: Session,
    *,
    actor: Actor,
    department_id: int,
    mail_text: str,
    now: datetime,
    of_a_mail: bool = False,
) -> DepartmentAddress:
    """Record a shared address of a department; if it already has it, that one is returned.

    Raises `WrongRole` unless the actor may record the department's officers, or sorts the Cell's
    mails and the address is `of_a_mail`. Raises `BadPerson`, whose values name the person or the
    department that has the address.
    """
    department = session.get(Department, department_id)
    if department is None or not is_in_force(department, now=now):
        raise BadPerson("department_id", "unknown")
    if of_a_mail:
        require(actor, Action.HAND_IN, None, now=now)
    else:
        require_record(actor, Role.OFFICER, department.id, now=now)
    mail = read_mail(mail_text)
    if mail is None:
        raise BadPerson(ContactField.MAIL, "empty")
    owner = department_copies.find_owner(session, mail)
    if owner is not None and owner is not department:
        raise BadPerson(ContactField.MAIL, "shared", name=owner)
    if (holder := find_holder(session, mail)) is not None:
        raise _taken_error(holder, "another_person")
    by_mail = select(DepartmentAddress).where(DepartmentAddress.mail == mail)
    return session.scalars(by_mail).one_or_none() or _store(session, department, mail, actor, now)


def find_holder(session: Session, mail_text: str) -> Person | None:
    """Return the person who has this mail address, in any usual spelling; None if nobody has."""
    mail = read_identifier(mail_text)
    query = select(Person).where(Person.mail == mail)
    return session.scalars(query).one_or_none() if mail else None


def take_from_person(
    session: Session, *, actor: Actor, department_id: int, mail_text: str, now: datetime
) -> Person | None:
    """Record an address as `add` does, and remove it from the person who has it, who is returned.

    Raises what `add` and `contact_corrections.correct` do, and `BadPerson` if it is the person's
    only channel.
    """
    require_record(actor, Role.HEAD, department_id, now=now)
    holder = find_holder(session, mail_text)
    if holder is not None:
        if holder.mobile is None:
            raise only_channel(holder)
        contact_corrections.correct(
            session, actor=actor, person=holder, mail=None, mobile=holder.mobile, now=now
        )
    add(session, actor=actor, department_id=department_id, mail_text=mail_text, now=now)
    return holder


def only_channel(holder: Person) -> BadPerson:
    """Return the refusal to remove the last address of this person."""
    return _taken_error(holder, "only_channel")


def remove(
    session: Session, *, actor: Actor, department_id: int, address_id: int, now: datetime
) -> None:
    """Remove a shared address of a department; it may then become a person's.

    Raises `WrongRole`, or `NotFound` if the department has no such address.
    """
    require_record(actor, Role.OFFICER, department_id, now=now)
    address = session.get(DepartmentAddress, address_id)
    if address is None or address.department_id != department_id:
        raise NotFound(address_id)
    session.delete(address)
    _note(session, address, "remove_shared_address", actor, now)


def is_confirmable(actor: Actor, barred_ids: Collection[int] = ()) -> ColumnElement[bool]:
    """Return the condition that an address of another recorder waits for the actor's confirmation.

    `barred_ids` are those whose hand is the actor's.
    """
    # Any of these may confirm what a command recorded.
    recorder_id = func.coalesce(DepartmentAddress.recorded_by_id, 0)
    conditions: list[ColumnElement[bool]] = [
        DepartmentAddress.confirmed_at.is_(None),
        recorder_id != actor.person_id,
        recorder_id.not_in(barred_ids),
    ]
    match scope_of(actor, Action.CONFIRM_APPOINTMENT):
        case None:
            conditions = [false()]
        case Scope.OWN:
            conditions.append(DepartmentAddress.department_id == actor.department_id)
    return and_(*conditions)


def count_confirmable(session: Session, actor: Actor) -> int:
    """Return how many addresses wait for the actor."""
    query = waiting(session, actor).order_by(None).with_only_columns(func.count())
    return session.scalar(query) or 0


def waiting(session: Session, actor: Actor) -> Select[DepartmentAddress]:
    """Return the query of the addresses that wait for the actor, the oldest first."""
    return (
        select(DepartmentAddress)
        .where(is_confirmable(actor, recorders.ids_to_bar(session, actor)))
        .options(
            joinedload(DepartmentAddress.department), joinedload(DepartmentAddress.recorded_by)
        )
        .order_by(DepartmentAddress.id)
    )


def confirm(
    session: Session, *, actor: Actor, department_id: int, address_id: int, now: datetime
) -> DepartmentAddress:
    """Confirm an address: mails from it are the department's. Its officers and head are notified.

    Raises `WrongRole`, `FreshSignInRequired`, `NotFound`, or `MayNotConfirm` for its recorder or
    anybody of one hand with them.
    """
    require(actor, Action.CONFIRM_APPOINTMENT, department_id, now=now)
    address = session.get(DepartmentAddress, address_id)
    if address is None or address.department_id != department_id:
        raise NotFound(address_id)
    if address.recorded_by_id in recorders.ids_to_bar(session, actor):
        raise MayNotConfirm(name=address.mail)
    if address.confirmed_at is not None:
        return address
    address.confirmed_at, address.confirmed_by_id = now, actor.person_id
    _note(session, address, "confirm_shared_address", actor, now)
    informed = responsibility.people_of(
        responsibility.list_informed(session, department_id, now=now)
    )
    compose.queue_for_each(
        session,
        [person for person in informed if person.id != actor.person_id],
        kind=NoticeKind.ADDRESS_CONFIRMED,
        values={
            "contact": address.mail,
            "department": address.department,
            "by": session.get_one(Person, actor.person_id),
        },
        now=now,
        path=links.TODAY,  # officers do not open the register
    )
    return address


def _taken_error(holder: Person, code: str) -> BadPerson:
    return BadPerson(ContactField.MAIL, code, name=holder.name_mr, person_id=holder.id)


def _store(
    session: Session, department: Department, mail: str, actor: Actor, now: datetime
) -> DepartmentAddress:
    address = DepartmentAddress(
        department=department, mail=mail, recorded_at=now, recorded_by_id=actor.person_id
    )
    try:
        with session.begin_nested():
            session.add(address)
    except IntegrityError as problem:  # somebody else recorded it a moment ago
        raise BadPerson(ContactField.MAIL, "just_recorded") from problem
    _note(session, address, "add_shared_address", actor, now)
    return address


def _note(
    session: Session, address: DepartmentAddress, verb: str, actor: Actor, now: datetime
) -> None:
    department, values = address.department, {"address": address.id}
    transitions.record(session, department, verb, actor=actor, now=now, values=values)
