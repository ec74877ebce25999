"""Find a person by mail or mobile, or record a new one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from approvals.appointments import NEEDS_CONFIRMATION
from approvals.policy import Actor
from publisher import transitions
from publisher.auth.contact_details import BadPerson, Problems, read_line, read_mail, read_mobile
from publisher.models.history import Wrote
from publisher.models.people import Appointment, ContactField, Person, SignIn
from publisher.people import channels, names, recorders
from publisher.people.appointment_return import lock_approvals, put_back
from publisher.people.permissions import (
    is_command,
    require_not_own,
    require_whole_person,
    standing,
)
from publisher.states import AppointmentState


@dataclass(frozen=True)
class PersonDetails:
    """Validated input about a person."""

    name_mr: str
    name_en: str
    designation: str
    mail: str | None
    mobile: str | None


def read(
    *, name_mr: str, name_en: str, designation: str, mail: str | None, mobile: str | None
) -> PersonDetails:
    """Parse input about a person. Raises `BadPerson` with every invalid field."""
    problems = Problems()
    marathi = problems.read(lambda: read_line("name_mr", name_mr, longest=120, needed=True))
    english = problems.read(lambda: read_line("name_en", name_en, longest=120))
    title = problems.read(lambda: read_line("designation", designation, longest=160))
    details = PersonDetails(
        name_mr=marathi or "",
        name_en=english or "",
        designation=title or "",
        mail=problems.read(lambda: read_mail(mail)),
        mobile=problems.read(lambda: read_mobile(mobile)),
    )
    has_channel = details.mail is not None or details.mobile is not None
    if not has_channel and {"mail", "mobile"}.isdisjoint(bad.field for bad in problems.found):
        problems.found.append(BadPerson("mail", "missing"))
    problems.finish()
    return details


def find_or_add(session: Session, details: PersonDetails, *, actor: Actor, now: datetime) -> Person:
    """Return the person with this mail or mobile, or a new one.

    Raises `OwnAppointment`, and `BadPerson` if the record differs from the input: its values name
    the person, or the department, that has the address or number.
    """
    channels.require_own(session, details.mail)
    owners = [find_owner(session, field, getattr(details, field)) for field in ContactField]
    people = list(dict.fromkeys(owner for owner in owners if owner is not None))
    if len(people) > 1:
        raise _taken_error(people[1], "mobile", "another_person")
    if not people:
        return _add(session, details, actor=actor, now=now)
    person = people[0]
    require_not_own(actor, person)
    _check_same(person, details)
    _complete(session, person, details, actor=actor, now=now)
    return person


def find_owner(session: Session, field: ContactField, value: str | None) -> Person | None:
    """Return the person with this mail address or mobile number; None for no value."""
    column = Person.mail if field is ContactField.MAIL else Person.mobile
    query = select(Person).where(column == value)
    return session.scalars(query).one_or_none() if value is not None else None


def _add(session: Session, details: PersonDetails, *, actor: Actor, now: datetime) -> Person:
    person = Person(**asdict(details), created_at=now)
    try:
        with session.begin_nested():
            session.add(person)
            session.flush()
            names.add_present(session, person, actor=actor, now=now)
    except IntegrityError as problem:  # somebody else recorded the same person a moment ago
        raise BadPerson("mail" if details.mail else "mobile", "just_recorded") from problem
    transitions.record(session, person, "record_person", actor=actor, now=now)
    return person


def _taken_error(person: Person, field: str, code: str) -> BadPerson:
    return BadPerson(field, code, name=person.name_mr, person_id=person.id)


def _check_same(person: Person, details: PersonDetails) -> None:
    # A number or address may have passed to another person: in that case the names differ.
    if person.disabled_at is not None:
        raise _taken_error(person, "mail" if details.mail else "mobile", "disabled")
    if person.name_mr != details.name_mr:
        raise _taken_error(person, "name_mr", "differs")
    for field, new in (("mail", details.mail), ("mobile", details.mobile)):
        recorded = getattr(person, field)
        if new is not None and recorded is not None and new != recorded:
            raise _taken_error(person, field, "differs")


def _complete(
    session: Session, person: Person, details: PersonDetails, *, actor: Actor, now: datetime
) -> None:
    """Fill in missing fields; existing values are never overwritten.

    Raises `BadPerson` for a mail or mobile of somebody with a password.
    """
    blanks = {
        field: new
        for field in ("name_en", "designation", "mail", "mobile")
        if (new := getattr(details, field)) and not getattr(person, field)
    }
    channels = [field for field in ("mail", "mobile") if field in blanks]
    if channels and person.password_hash is not None:
        # A channel can reset the password, so only its owner adds one.
        raise _taken_error(person, channels[0], "owners_alone")
    if channels:
        require_whole_person(session, actor, person, now=now)
        confirm_again(session, person, [Wrote(field) for field in channels], actor=actor, now=now)
    for field in channels:
        setattr(person, field, blanks[field])
    if added_names := {field: blanks[field] for field in blanks if field not in channels}:
        names.store(session, person, added_names, actor=actor, now=now)
    if blanks:
        values = {"fields": sorted(blanks)}
        transitions.record(session, person, "complete_person", actor=actor, now=now, values=values)


def confirm_again(
    session: Session, person: Person, wrote: Collection[Wrote], *, actor: Actor, now: datetime
) -> bool:
    """Lock a person; their appointments wait again if they have never signed in.

    A confirmation covers what it showed, and the actor, who `wrote` what changes, counts as a
    recorder from now on. After a command's change confirmed appointments stay confirmed, on the
    confirmers' word, and the others are notified; returns True if there are any. Raises as
    `put_back` does.
    """
    offices = standing(session, person_id=person.id, now=now)
    rows = [row for row in offices if row.role in NEEDS_CONFIRMATION]
    approvals = [] if person.password_hash is not None else lock_approvals(session, rows)
    session.refresh(person, with_for_update={"of": Person, "key_share": True})
    if not session.scalar(select(exists().where(SignIn.person_id == person.id))):
        recorders.note_change(session, person, wrote, actor=actor, now=now)
    if person.password_hash is not None:
        return False
    for row in rows:
        transitions.lock(session, Appointment, row.id)
    states = (AppointmentState.CONFIRMED, AppointmentState.ACTIVE)
    confirmed = [row for row in rows if row.state in states]
    if is_command(actor):
        for row in confirmed:
            row.confirmed_at, row.told_at = now, None
        return bool(confirmed)
    put_back(
        session,
        confirmed,
        approvals=approvals,
        actor=actor,
        now=now,
        verb="change_address",
        columns={"taken_up_at": None},
    )
    return False
