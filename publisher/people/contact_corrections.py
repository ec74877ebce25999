"""Correct the mail address and mobile number of somebody else, as one or two of the staff.

It cannot take over somebody who has signed in: what is added or changed is in force after 72 hours,
or 24 hours after a second one of the staff has agreed, or once its owner accepts it in their
session.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals import appointments
from approvals.appointments import STAFF, PendingAppointment
from approvals.errors import FreshSignInRequired, NotAllowed
from approvals.policy import CLOCK, Action, Actor, is_fresh, require_fresh_factor
from publisher import transitions
from publisher.auth.contact_details import BadPerson, Problems, read_mail, read_mobile
from publisher.database.session import Database
from publisher.models.history import Event, Wrote
from publisher.models.people import Appointment, ContactChange, ContactField, Person
from publisher.people import channels, contact_notices, lookup, recorders
from publisher.people.name_changes import require_rename
from publisher.people.permissions import is_command, require_not_own, require_right, standing
from publisher.validation import NotFound, existing

WAIT: Final = timedelta(hours=72)
WAIT_OF_TWO: Final = timedelta(hours=24)
_KEPT: Final = timedelta(days=30)
_READERS: Final = {ContactField.MAIL: read_mail, ContactField.MOBILE: read_mobile}


class MayNotSecond(NotAllowed):
    """The actor asked for it, or is not one of the staff who may agree to it."""

    code = "may_not_second"


def correct(
    session: Session,
    *,
    actor: Actor,
    person: Person,
    mail: str | None,
    mobile: str | None,
    now: datetime,
    origin: Mapping[str, str] | None = None,
) -> list[ContactChange]:
    """Store the person's mail and mobile; return the changes that are not in force yet.

    Somebody who has never signed in is reached there at once; because a confirmation covered the
    former ones, those who need one wait for it again, and the actor counts as their recorder. A
    removal is in force at once, and for `WAIT` after it nothing else is changed. Raises as
    `name_changes.require_rename` does, and `BadPerson` with every invalid field; its values name
    who has the address or number. `origin` is a command's name and user, for the history.
    """
    # A head records their own officers, but only the staff correct an address that signs them in.
    require_right(actor, Action.RECORD_HEAD, None, now=now)
    require_rename(session, actor, person, now=now)
    if not (contacts := _read(session, person, mail, mobile)):
        return []
    wrote = [Wrote(field) for field in contacts]
    is_confirmed = lookup.confirm_again(session, person, wrote, actor=actor, now=now)
    contacts = _read(session, person, mail, mobile)
    if person.password_hash is None:
        channels.store(session, person, contacts, actor=actor, now=now, origin=origin)
        if is_confirmed:
            channels.note_confirmed(person, now=now)
        return []
    if removed := {field: None for field, value in contacts.items() if value is None}:
        _require_one_left(person, removed)
        channels.store(session, person, removed, actor=actor, now=now, origin=origin)
    if len(removed) < len(contacts):
        _require_no_removal(session, person, contacts, now)
    return [
        _ask(session, person, field, value, actor=actor, now=now, origin=origin)
        for field, value in contacts.items()
        if value is not None
    ]


def _require_one_left(person: Person, removed: channels.Contacts) -> None:
    if all(field in removed or getattr(person, field) is None for field in ContactField):
        raise BadPerson(next(iter(removed)), "last_channel")


def _require_no_removal(
    session: Session, person: Person, contacts: channels.Contacts, now: datetime
) -> None:
    # The owner is notified only there: removing one after the other would take a person over.
    query = select(Event).where(
        Event.subject == Person.__tablename__,
        Event.subject_id == person.id,
        Event.verb == "change_contact",
        Event.at > now - WAIT,
    )
    session.flush()
    if any("removed" in event.details for event in session.scalars(query)):
        added = next(field for field, value in contacts.items() if value is not None)
        raise BadPerson(added, "removed_lately")


def _read(
    session: Session, person: Person, mail: str | None, mobile: str | None
) -> dict[ContactField, str | None]:
    """Return what would change. Raises `BadPerson` with every field that is invalid or taken."""
    problems = Problems()
    contacts = {
        field: problems.read(partial(_free, session, person, field, text))
        for field, text in ((ContactField.MAIL, mail), (ContactField.MOBILE, mobile))
    }
    if not problems.found and not any(contacts.values()):
        problems.found.append(BadPerson(ContactField.MAIL, "missing"))
    problems.finish()
    return {field: new for field, new in contacts.items() if new != getattr(person, field)}


def _free(session: Session, person: Person, field: ContactField, text: str | None) -> str | None:
    value = _READERS[field](text)
    owner = lookup.find_owner(session, field, value)
    if owner is not None and owner is not person:
        raise BadPerson(field, "another_person", name=owner.name_mr, person_id=owner.id)
    if field is ContactField.MAIL:
        channels.require_own(session, value)
    return value


def _ask(
    session: Session,
    person: Person,
    field: ContactField,
    value: str,
    *,
    actor: Actor,
    now: datetime,
    origin: Mapping[str, str] | None,
) -> ContactChange:
    for earlier in waiting(session, person_id=person.id):
        if earlier.field is field:
            earlier.ended_at = now
    change = ContactChange(
        person=person,
        field=field,
        value=value,
        asked_at=now,
        expires_at=now + _KEPT,
        asked_by_id=actor.person_id,
        in_force_at=now + WAIT,
    )
    session.add(change)
    session.flush()
    _record(session, change, "correct_contact", actor, now, origin)
    contact_notices.notify_of_change(session, change, by=actor.person_id, now=now)
    return change


def waiting(session: Session, *, person_id: int) -> list[ContactChange]:
    """Return the changes by the staff that are not in force yet."""
    query = select(ContactChange).where(
        ContactChange.person_id == person_id,
        ContactChange.in_force_at.is_not(None),
        ContactChange.ended_at.is_(None),
    )
    return list(session.scalars(query.order_by(ContactChange.id)))


def may_second(session: Session, actor: Actor, change: ContactChange, *, now: datetime) -> bool:
    """Return True if the actor may agree to this change, as the second one of the staff."""
    if change.seconded_by_id is not None:
        return False
    if is_command(actor):
        return True
    if actor.role not in STAFF or actor.person_id in {change.person_id, change.asked_by_id}:
        return False
    bound = recorders.ids_to_bar(session, actor)
    return all(
        appointments.may_confirm(actor, _nomination(change, appointment), bound_ids=bound)
        for appointment in standing(session, person_id=change.person_id, now=now)
    )


def _nomination(change: ContactChange, appointment: Appointment) -> PendingAppointment:
    return PendingAppointment(
        person_id=change.person_id,
        role=appointment.role,
        department_id=appointment.department_id,
        superior_id=None,
        recorder_ids=frozenset(filter(None, (change.asked_by_id,))),
        is_left_by_head=False,
    )


def second(
    session: Session, *, actor: Actor, person: Person, change_id: int, now: datetime
) -> ContactChange:
    """Agree that the person is not reached at the former ones: it is in force in 24 hours.

    Raises `WrongRole`, `FreshSignInRequired`, `NotFound` or `MayNotSecond`.
    """
    require_right(actor, Action.CONFIRM_APPOINTMENT, actor.department_id, now=now)
    change = _lock_change(session, person, change_id)
    if not may_second(session, actor, change, now=now):
        raise MayNotSecond
    change.seconded_by_id = actor.person_id
    change.in_force_at = min(change.in_force_at or now, now + WAIT_OF_TWO)
    _record(session, change, "second_contact", actor, now)
    contact_notices.notify_of_change(session, change, by=actor.person_id, now=now)
    return change


def accept(session: Session, *, actor: Actor, change_id: int, now: datetime) -> None:
    """Put a change into force as its owner, in a session and soon after password and code.

    Raises `NotFound`, `FreshSignInRequired`, or `BadPerson` if somebody else has it by now.
    """
    require_fresh_factor(actor, now=now)
    if not is_fresh(actor, now=now):
        raise FreshSignInRequired
    change = _lock_change(session, session.get_one(Person, actor.person_id), change_id)
    _put_in_force(session, change, actor=actor, now=now)


def refuse(
    session: Session, *, actor: Actor, person: Person, change_id: int, now: datetime
) -> None:
    """Cancel a change, as its owner or as one who may ask for it. Raises as `correct`."""
    if actor.person_id != person.id:
        require_not_own(actor, person)
        require_rename(session, actor, person, now=now)
    change = _lock_change(session, person, change_id)
    change.ended_at = now
    _record(session, change, "refuse_contact", actor, now)


def _lock_change(session: Session, person: Person, change_id: int) -> ContactChange:
    session.refresh(person, with_for_update={"of": Person, "key_share": True})
    changes = {change.id: change for change in waiting(session, person_id=person.id)}
    return existing(changes.get(change_id), change_id)


def _put_in_force(session: Session, change: ContactChange, *, actor: Actor, now: datetime) -> None:
    change.ended_at = now
    channels.store(session, change.person, {change.field: change.value}, actor=actor, now=now)


def tick_contacts(database: Database, *, now: datetime) -> int:
    """Put into force what has waited long enough; returns the number of changes."""
    due = (
        select(ContactChange)
        .where(ContactChange.in_force_at <= now, ContactChange.ended_at.is_(None))
        .order_by(ContactChange.person_id, ContactChange.id)
    )
    with database.transaction() as session:
        return sum(_put_due(session, change, now) for change in session.scalars(due).all())


def _put_due(session: Session, change: ContactChange, now: datetime) -> bool:
    try:
        # Refusing and correcting lock the person: what they did is visible only after the lock.
        _put_in_force(
            session, _lock_change(session, change.person, change.id), actor=CLOCK, now=now
        )
    except NotFound:
        return False
    except BadPerson:  # somebody else has it by now
        _record(session, change, "refuse_contact", CLOCK, now)
    return True


def _record(
    session: Session,
    change: ContactChange,
    verb: str,
    actor: Actor,
    now: datetime,
    origin: Mapping[str, str] | None = None,
) -> None:
    values = {"field": change.field.value, **(origin or {})}
    transitions.record(session, change.person, verb, actor=actor, now=now, values=values)
