"""The person behind what was given: one who is known by mail or mobile, or a new one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import transitions
from publisher.auth.contact_details import BadPerson, read_line, read_mail, read_mobile
from publisher.models.people import Person
from publisher.people.permissions import require_not_own, require_whole_person


@dataclass(frozen=True)
class Given:
    """What was given about a person, read and checked."""

    name_mr: str
    name_en: str
    designation: str
    mail: str | None
    mobile: str | None


def read(
    *, name_mr: str, name_en: str, designation: str, mail: str | None, mobile: str | None
) -> Given:
    """Read what was typed; raises `BadPerson` for the first field that cannot be taken."""
    given = Given(
        name_mr=read_line("name_mr", name_mr, longest=120, needed=True),
        name_en=read_line("name_en", name_en, longest=120),
        designation=read_line("designation", designation, longest=160),
        mail=read_mail(mail),
        mobile=read_mobile(mobile),
    )
    if given.mail is None and given.mobile is None:
        raise BadPerson("mail", "missing")
    return given


def find_or_add(session: Session, given: Given, *, actor: Actor, now: datetime) -> Person:
    """The person known by this mail or mobile, else a new one.

    Raises `OwnAppointment`, and `BadPerson` where what is recorded differs from what is given.
    """
    found = _known(session, given)
    if len(found) > 1:
        raise BadPerson("mobile", "another_person")
    if not found:
        return _add(session, given, actor=actor, now=now)
    person = found[0]
    require_not_own(actor, person)
    _check_same(person, given)
    _complete(session, person, given, actor=actor, now=now)
    return person


def _known(session: Session, given: Given) -> list[Person]:
    keys = ((Person.mail, given.mail), (Person.mobile, given.mobile))
    found: dict[int, Person] = {}
    for column, value in keys:
        if value is not None:
            person = session.scalars(select(Person).where(column == value)).one_or_none()
            found |= {person.id: person} if person is not None else {}
    return list(found.values())


def _add(session: Session, given: Given, *, actor: Actor, now: datetime) -> Person:
    person = Person(
        name_mr=given.name_mr,
        name_en=given.name_en,
        designation=given.designation,
        mail=given.mail,
        mobile=given.mobile,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError as problem:  # somebody else recorded the same person a moment ago
        raise BadPerson("mail" if given.mail else "mobile", "just_recorded") from problem
    transitions.record(session, person, "record_person", actor=actor, now=now)
    return person


def _check_same(person: Person, given: Given) -> None:
    """A number or address may have gone to somebody else: then this is not that person."""
    if person.disabled_at is not None:
        raise BadPerson("mail" if given.mail else "mobile", "disabled")
    if person.name_mr != given.name_mr:
        raise BadPerson("name_mr", "differs", recorded=person.name_mr)
    for field, new in (("mail", given.mail), ("mobile", given.mobile)):
        recorded = getattr(person, field)
        if new is not None and recorded is not None and new != recorded:
            raise BadPerson(field, "differs")


def _complete(
    session: Session, person: Person, given: Given, *, actor: Actor, now: datetime
) -> None:
    """Fill in what was not known yet; what is known is never overwritten here."""
    blanks = {
        field: new
        for field in ("name_en", "designation", "mail", "mobile")
        if (new := getattr(given, field)) and not getattr(person, field)
    }
    if {"mail", "mobile"} & blanks.keys():
        require_whole_person(session, actor, person, now=now)
    for field, new in blanks.items():
        setattr(person, field, new)
    if blanks:
        values = {"fields": sorted(blanks)}
        transitions.record(session, person, "complete_person", actor=actor, now=now, values=values)
