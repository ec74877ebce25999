"""Looking through the starting texts: all of them, those that suit a post, one with its history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, or_, select
from sqlalchemy.orm import Session, joinedload

from publisher.desk.checking import Missing
from publisher.models.content.submissions import SubmissionKind
from publisher.models.drafting import StartingText
from publisher.models.history import Event
from publisher.models.people import Appointment

MOST_SHOWN = 500


@dataclass(frozen=True)
class Entry:
    """One step of a text's history: the verb, who and when, and by field what was and what came."""

    verb: str
    at: datetime
    appointment: Appointment | None
    changed: Mapping[str, tuple[object, object]]


def every_text(session: Session, *, ended: bool = False) -> list[StartingText]:
    """The texts that are offered, or those that have ended, by part, department and name."""
    over = StartingText.ended_at.is_not(None) if ended else StartingText.ended_at.is_(None)
    query = (
        select(StartingText)
        .where(over)
        .order_by(StartingText.part.desc(), _for_all_last(), StartingText.name, StartingText.id)
        .options(joinedload(StartingText.department))
        .limit(MOST_SHOWN)
    )
    return list(session.scalars(query))


def suited(
    session: Session, *, kinds: Collection[SubmissionKind], department_id: int
) -> list[StartingText]:
    """What is offered for a post of that department, from submissions of these kinds.

    The department's own stand before those for all, and those for the kind before the others.
    """
    kind, department = StartingText.kind, StartingText.department_id
    query = (
        select(StartingText)
        .where(
            StartingText.ended_at.is_(None),
            or_(kind.is_(None), kind.in_(kinds)),
            or_(department.is_(None), department == department_id),
        )
        .order_by(
            _for_all_last(),
            case((kind.is_(None), 1), else_=0),
            StartingText.name,
            StartingText.id,
        )
    )
    return list(session.scalars(query))


def _for_all_last() -> ColumnElement[int]:
    return case((StartingText.department_id.is_(None), 1), else_=0)


def text_of(session: Session, text_id: int) -> StartingText:
    """One text, ended or not, or `Missing`."""
    query = select(StartingText).where(StartingText.id == text_id)
    text = session.scalars(query.options(joinedload(StartingText.department))).one_or_none()
    if text is None:
        raise Missing(text_id)
    return text


def history_of(session: Session, text_id: int) -> list[Entry]:
    """What happened to a text, newest first."""
    query = (
        select(Event)
        .where(Event.subject == StartingText.__tablename__, Event.subject_id == text_id)
        .order_by(Event.id.desc())
        .options(
            joinedload(Event.appointment).joinedload(Appointment.person),
            joinedload(Event.appointment).joinedload(Appointment.department),
        )
    )
    return [_entry(one) for one in session.scalars(query)]


def _entry(event: Event) -> Entry:
    changed = event.details.get("changed", {})
    return Entry(
        verb=event.verb,
        at=event.at,
        appointment=event.appointment,
        changed={name: (pair[0], pair[1]) for name, pair in changed.items()},
    )
