"""Store a person's mail address and mobile number, and when they were proven and confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind
from publisher import transitions
from publisher.auth import known_devices, one_time_links
from publisher.auth.contact_details import BadPerson
from publisher.database.noted_changes import note_changed
from publisher.models.people import ContactField, Person
from publisher.notifications import department_copies
from publisher.people.password_reset import announce_change

Contacts = Mapping[ContactField, str | None]
"""New addresses and numbers by field; None removes one."""


def store(
    session: Session,
    person: Person,
    contacts: Contacts,
    *,
    actor: Actor,
    now: datetime,
    is_proven: bool = False,
    origin: Mapping[str, str] | None = None,
) -> None:
    """Store a locked person's new address or number, and notify the previous ones.

    `is_proven`: the code that was sent there has been typed. What was sent to the former ones
    becomes invalid, and no device is known any more. `origin` is a command's name and user, for the
    history. Raises `BadPerson` if somebody else, or a department, has got it meanwhile.
    """
    require_own(session, contacts.get(ContactField.MAIL))
    former = {field: getattr(person, field) for field in ContactField}
    try:
        with session.begin_nested():
            for field, value in contacts.items():
                setattr(person, field, value)
                setattr(person, f"{field}_proven_at", now if is_proven else None)
                setattr(person, f"{field}_confirmed_at", None)
    except IntegrityError as problem:
        session.refresh(person)
        raise BadPerson(next(iter(contacts)), "just_recorded") from problem
    one_time_links.end_for_password(session, person=person, now=now)
    known_devices.end_all(session, person_id=person.id, now=now)
    for field in contacts:
        values = {"field": field.value, **(origin or {})}
        if contacts[field] is None:
            values["removed"] = "yes"
        transitions.record(session, person, "change_contact", actor=actor, now=now, values=values)
        # The former address or number is notified, and the former mail address.
        for address in filter(None, dict.fromkeys((former[field], former[ContactField.MAIL]))):
            announce_change(session, person, field.value, now=now, to=address)
    # The person's appointments may now rest on whoever gave the channel.
    is_by_person = actor.kind is not ActorKind.CLOCK
    note_changed(session, Person.__tablename__, person.id, now=now, is_by_person=is_by_person)


def require_own(session: Session, mail: str | None) -> None:
    """Raise `BadPerson`, with the department, if this is a department's shared address."""
    if (department := department_copies.find_owner(session, mail)) is not None:
        raise BadPerson(ContactField.MAIL, "shared", name=department)


def note_confirmed(person: Person, *, now: datetime) -> None:
    """Note that a confirmation included the address and number."""
    for field in ContactField:
        if getattr(person, field) is not None:
            setattr(person, f"{field}_confirmed_at", now)
