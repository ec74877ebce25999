"""The access log: refused sign-ins, changes of rights and channels, and exports, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select, text
from sqlalchemy.orm import Session, joinedload

from publisher.models.approvals import RefusalDay, RefusedSignIn
from publisher.models.emergency import Duty
from publisher.models.history import IS_OF_ACCESS, Event
from publisher.models.people import Appointment, KnownDevice, Person, SignIn
from publisher.reports.types import Cursor, Page
from publisher.working_time import day_bounds

PAGE: Final = 50
MOST_COUNTS: Final = 20


class AccessKind(StrEnum):
    """What an event of the access log is about."""

    REFUSED = "refused"
    RIGHTS = "rights"
    CHANNELS = "channels"
    EXPORTS = "exports"


VERBS: Final[Mapping[AccessKind, frozenset[str]]] = {
    AccessKind.REFUSED: frozenset({"refuse_sign_in", "refuse_prove", "refuse_code"}),
    AccessKind.CHANNELS: frozenset(
        {
            *("ask_contact_change", "change_contact", "change_name", "correct_name"),
            *("correct_contact", "second_contact", "refuse_contact"),
            *("change_password", "reset_password", "forget_password"),
            *("add_factor", "ask_factor_end", "end_factor", "make_recovery_codes"),
            *("use_recovery_code", "make_duty_code", "use_duty_code"),
        }
    ),
    AccessKind.EXPORTS: frozenset({"export"}),
}
"""The verbs of each kind; every other verb of these subjects changes rights."""

ORDINARY: Final = frozenset({"sign_in", "sign_out", "switch", "prove", "choose_telling"})
"""The verbs of everyday work, which are not listed."""

_Owned = type[Appointment | SignIn | KnownDevice | RefusedSignIn | Duty]
_OWNED: Final[Mapping[str, _Owned]] = {
    "appointments": Appointment,
    "sign_ins": SignIn,
    "known_devices": KnownDevice,
    "refused_sign_ins": RefusedSignIn,
    "duties": Duty,
}
"""The tables in the log whose rows belong to a person, by name."""


@dataclass(frozen=True)
class AccessRow:
    """An event of the access log, and the person concerned, if known."""

    event: Event
    person: Person | None


def access_log(
    session: Session,
    *,
    kind: AccessKind | None = None,
    person_id: int | None = None,
    day: date | None = None,
    after: Cursor | None = None,
) -> Page[AccessRow]:
    """Return a page of the log, limited to one kind, one person (acting or concerned), one day."""
    query = select(Event).where(text(IS_OF_ACCESS), Event.verb.not_in(ORDINARY))
    if kind is AccessKind.RIGHTS:
        query = query.where(Event.verb.not_in([verb for verbs in VERBS.values() for verb in verbs]))
    elif kind is not None:
        query = query.where(Event.verb.in_(VERBS[kind]))
    if person_id is not None:
        query = query.where(_concerns(person_id))
    if day is not None:
        begin, end = day_bounds(day)
        query = query.where(Event.at >= begin, Event.at < end)
    if after is not None:
        at, event_id = after
        query = query.where(or_(Event.at < at, and_(Event.at == at, Event.id < event_id)))
    query = query.options(joinedload(Event.person)).order_by(Event.at.desc(), Event.id.desc())
    events = session.scalars(query.limit(PAGE + 1)).all()
    rows = _rows(session, events[:PAGE])
    last = events[PAGE - 1] if len(events) > PAGE else None
    return Page(rows, (last.at, last.id) if last is not None else None)


def _concerns(person_id: int) -> ColumnElement[bool]:
    """Return the condition that the person acted, or the event is about them or a row of theirs."""
    return or_(
        Event.person_id == person_id,
        and_(Event.subject == Person.__tablename__, Event.subject_id == person_id),
        *(
            and_(
                Event.subject == name,
                Event.subject_id.in_(select(table.id).where(table.person_id == person_id)),
            )
            for name, table in _OWNED.items()
        ),
    )


def _rows(session: Session, events: Sequence[Event]) -> tuple[AccessRow, ...]:
    owners = {event.id: event.person_id for event in events}
    for name, table in _OWNED.items():
        row_ids = {event.subject_id for event in events if event.subject == name}
        ids = select(table.id, table.person_id).where(table.id.in_(row_ids))
        person_ids = {row.id: row.person_id for row in session.execute(ids)} if row_ids else {}
        for event in events:
            if event.subject == name:
                # A row that was deleted because of its age is named only by the event.
                person_id = person_ids.get(event.subject_id) or event.details.get("person")
                owners[event.id] = person_id or event.person_id
    for event in events:
        if event.subject == Person.__tablename__:
            owners[event.id] = event.subject_id
    query = select(Person).where(Person.id.in_(set(owners.values())))
    people = {person.id: person for person in session.scalars(query)}
    return tuple(AccessRow(event, people.get(owners[event.id] or 0)) for event in events)


@dataclass(frozen=True)
class RefusedCount:
    """How many sign-ins of a person were refused on a day; person is None if no account matched."""

    day: date
    person: Person | None
    number: int


def count_refused(
    session: Session, *, person_id: int | None = None, day: date | None = None
) -> list[RefusedCount]:
    """Return the refused sign-ins by day and person, the newest and most first, at most twenty."""
    query = select(RefusalDay, Person).outerjoin(Person, Person.id == RefusalDay.person_id)
    if person_id is not None:
        query = query.where(RefusalDay.person_id == person_id)
    if day is not None:
        query = query.where(RefusalDay.day == day)
    query = query.order_by(RefusalDay.day.desc(), RefusalDay.number.desc(), RefusalDay.id)
    rows = session.execute(query.limit(MOST_COUNTS))
    return [RefusedCount(row.day, person, row.number) for row, person in rows]
