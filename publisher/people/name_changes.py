"""Change a person's names and designation, as somebody who may record all their appointments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor
from publisher import transitions
from publisher.auth.contact_details import read_line
from publisher.models.history import Wrote
from publisher.models.people import Person
from publisher.people import names
from publisher.people.lookup import confirm_again
from publisher.people.permissions import (
    require_not_own,
    require_right,
    require_whole_person,
    standing,
)


def may_rename(session: Session, actor: Actor, person: Person, *, now: datetime) -> bool:
    """Return True if the actor may change this person's names and designation."""
    try:
        require_rename(session, actor, person, now=now)
    except NotAllowed:
        return False
    return True


def require_rename(session: Session, actor: Actor, person: Person, *, now: datetime) -> None:
    """Raise `OwnAppointment`, or `WrongRole` unless the actor may record the whole person."""
    require_not_own(actor, person)
    if not standing(session, person_id=person.id, now=now):
        require_right(actor, Action.DISABLE_PERSON, None, now=now)
    require_whole_person(session, actor, person, now=now)


def rename(
    session: Session,
    *,
    actor: Actor,
    person: Person,
    name_mr: str,
    name_en: str,
    designation: str,
    now: datetime,
    origin: Mapping[str, str] | None = None,
) -> None:
    """Change a person's names and designation from now on; earlier acts keep the former ones.

    A head or officer who has never signed in waits for confirmation again, as it covered the name.
    `origin` is a command's name and user, for the history.
    Raises as `require_rename` does, and `BadPerson` for an invalid field.
    """
    require_rename(session, actor, person, now=now)
    texts = {
        "name_mr": read_line("name_mr", name_mr, longest=120, needed=True),
        "name_en": read_line("name_en", name_en, longest=120),
        "designation": read_line("designation", designation, longest=160),
    }
    if all(text == getattr(person, field) for field, text in texts.items()):
        return
    confirm_again(session, person, [Wrote.NAME], actor=actor, now=now)
    changes = {field: text for field, text in texts.items() if text != getattr(person, field)}
    before = {field: getattr(person, field) for field in changes}
    values: dict[str, object] = {"fields": sorted(changes), **(origin or {})}
    verb = "change_name"
    if not names.store(session, person, changes, actor=actor, now=now):
        # Only the history keeps the mistyped words, and its row is corrected.
        verb, values = "correct_name", {**values, "before": before}
    transitions.record(session, person, verb, actor=actor, now=now, values=values)
