"""The names and designation of a person at a time, and their history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

from sqlalchemy import and_, exists, not_, select
from sqlalchemy.orm import Session, object_session

from approvals.policy import Actor
from publisher.models.history import Event, PersonName
from publisher.models.people import Person

_CACHE: Final = "former_names"
_NO_WORK: Final = ("sign_ins", "known_devices", "refused_sign_ins")
"""The subjects of events that are not acts in the record."""


def find_name(person: Person, at: datetime) -> Person | PersonName:
    """Return the object with the names in force at this time: a former row, or the person.

    All former names are read once per session, because they are few; the person belongs to it.
    """
    former_names = _former_names(cast("Session", object_session(person)))
    rows = former_names.get(person.id, ())
    return next((row for row in rows if row.replaced_at and at < row.replaced_at), person)


def former_names(session: Session, person: Person) -> list[PersonName]:
    """Return the person's former names, the latest first."""
    return _former_names(session).get(person.id, [])[::-1]


def _former_names(session: Session) -> dict[int, list[PersonName]]:
    if _CACHE not in session.info:
        query = (
            select(PersonName).where(PersonName.replaced_at.is_not(None)).order_by(PersonName.id)
        )
        rows_by_person: dict[int, list[PersonName]] = {}
        for row in session.scalars(query):
            rows_by_person.setdefault(row.person_id, []).append(row)
        session.info[_CACHE] = rows_by_person
    return cast("dict[int, list[PersonName]]", session.info[_CACHE])


def add_present(session: Session, person: Person, *, actor: Actor, now: datetime) -> None:
    """Add the person's present names to the history, in force from now."""
    session.add(
        PersonName(
            person_id=person.id,
            name_mr=person.name_mr,
            name_en=person.name_en,
            designation=person.designation,
            from_at=now,
            recorded_by_id=actor.person_id,
        )
    )


def store(
    session: Session, person: Person, changes: Mapping[str, str], *, actor: Actor, now: datetime
) -> bool:
    """Change a locked person's names or designation; returns True if the former ones are kept.

    A change before the person's first act in the record is a correction: the row of the history is
    corrected, and no former name remains.
    """
    query = select(PersonName).where(
        PersonName.person_id == person.id, PersonName.replaced_at.is_(None)
    )
    row = session.scalars(query.with_for_update()).one()
    is_renaming = has_acted(session, person)
    if is_renaming:
        row.replaced_at = now
    for field, text in changes.items():
        setattr(person, field, text)
        if not is_renaming:
            setattr(row, field, text)
    if is_renaming:
        add_present(session, person, actor=actor, now=now)
    session.flush()
    session.info.pop(_CACHE, None)
    return is_renaming


def has_acted(session: Session, person: Person) -> bool:
    """Return True if the record has an act of the person other than on their own access."""
    own_access = and_(Event.subject == Person.__tablename__, Event.subject_id == person.id)
    query = exists().where(
        Event.person_id == person.id,
        Event.subject.not_in(_NO_WORK),
        Event.verb != "take_up",
        not_(own_access),
    )
    return bool(session.scalar(select(query)))
