"""Create, change, end and list starting texts, signatures and hashtags, and their history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals import gate
from approvals.policy import Action, Actor, require
from publisher import transitions
from publisher.models.desk import Snippet, TextPart
from publisher.models.history import Event
from publisher.models.people import Appointment
from publisher.models.submissions import SubmissionKind
from publisher.people.departments import all_in_force
from publisher.validation import NotFound, Validator, existing

LONGEST_NAME = 120
LONGEST_TEXT = 5_000
LONGEST_LINE = 300
TEXT_COLUMNS = ("text_mr", "text_en", "text_hi")


@dataclass(frozen=True)
class SnippetDraft:
    """A snippet as submitted; without a kind or department it is offered for all of them."""

    part: TextPart | None = None
    name: str = ""
    kind: SubmissionKind | None = None
    department_id: int | None = None
    text_mr: str = ""
    text_en: str = ""
    text_hi: str = ""


def make(session: Session, *, actor: Actor, now: datetime, form: SnippetDraft) -> Snippet:
    """Create a snippet; raises `WrongRole`, or `Invalid` with every error."""
    require(actor, Action.DRAFT, None, now=now)
    checked = _validate(session, form, now=now)
    text = Snippet(made_at=now, **checked)
    session.add(text)
    transitions.record(
        session, text, "make", actor=actor, now=now, values=_changes(form, {}, checked)
    )
    return text


def change(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    text_id: int,
    seen_version: int,
    form: SnippetDraft,
) -> Snippet:
    """Change a snippet; `seen_version` is the version that was edited.

    Raises `NotFound` (also if it has ended), `WrongRole`, `StaleRevision` or `Invalid`.
    """
    text = _lock_snippet(session, text_id, actor=actor, now=now)
    gate.check_seen(seen_version, text.version)
    before = {name: getattr(text, name) for name in asdict(form)}
    checked = _validate(session, form, now=now, before=text.department_id)
    values = _changes(form, before, checked)
    if not values["changed"]:
        return text
    for name, value in checked.items():
        setattr(text, name, value)
    text.version += 1
    transitions.record(session, text, "change", actor=actor, now=now, values=values)
    return text


def end(session: Session, *, actor: Actor, now: datetime, text_id: int) -> Snippet:
    """End a snippet: it is no longer offered, but can still be read with its history."""
    text = _lock_snippet(session, text_id, actor=actor, now=now)
    text.ended_at = now
    transitions.record(session, text, "end", actor=actor, now=now)
    return text


def _lock_snippet(session: Session, text_id: int, *, actor: Actor, now: datetime) -> Snippet:
    require(actor, Action.DRAFT, None, now=now)
    text = session.get(Snippet, text_id, with_for_update=True, populate_existing=True)
    if text is None or text.ended_at is not None:
        raise NotFound(text_id)
    return text


def _validate(
    session: Session, form: SnippetDraft, *, now: datetime, before: int | None = None
) -> dict[str, object]:
    """Return the values of the columns; raises `Invalid`.

    A department other than the one `before` must be in force.
    """
    validator = Validator()
    if form.part is None:
        validator.add("part", "required")
    name = validator.line("name", form.name, most=LONGEST_NAME, required=True)
    whole = form.part is not TextPart.HASHTAGS and form.part is not TextPart.SIGNATURE
    read, most = (validator.text, LONGEST_TEXT) if whole else (validator.line, LONGEST_LINE)
    texts = {column: read(column, getattr(form, column), most=most) for column in TEXT_COLUMNS}
    if not any(texts.values()):
        validator.add("text_mr", "no_text")
    department_id = form.department_id
    if (
        department_id is not None
        and department_id != before
        and not all_in_force(session, [department_id], now=now)
    ):
        validator.add("department_id", "unknown_department")
    validator.finish()
    plain = {"part": form.part, "kind": form.kind, "department_id": form.department_id}
    return {**plain, "name": name, **texts}


def _changes(
    form: SnippetDraft, before: dict[str, object], after: dict[str, object]
) -> dict[str, object]:
    """Return the changed fields for the history, each with its old and new value."""
    return {
        "changed": {
            name: [before.get(name), after[name]]
            for name in asdict(form)
            if before.get(name) != after[name] and (before or after[name])
        }
    }


MOST_SHOWN = 500
MOST_SUITED = 100


@dataclass(frozen=True)
class SnippetChange:
    """One event in a snippet's history; `changed` maps fields to their old and new values."""

    verb: str
    at: datetime
    appointment: Appointment | None
    changed: Mapping[str, tuple[object, object]]


def every_text(session: Session, *, ended: bool = False) -> list[Snippet]:
    """Return the offered snippets, or the ended ones, by part, department and name."""
    over = Snippet.ended_at.is_not(None) if ended else Snippet.ended_at.is_(None)
    query = (
        select(Snippet)
        .where(over)
        .order_by(Snippet.part.desc(), _department_rank(), Snippet.name, Snippet.id)
        .options(joinedload(Snippet.department))
        .limit(MOST_SHOWN)
    )
    return list(session.scalars(query))


def list_suitable(
    session: Session, *, kinds: Collection[SubmissionKind], department_id: int
) -> list[Snippet]:
    """Return the snippets that are offered for a post of this department and these kinds.

    The department's own come first, and those for the kind before those for every kind.
    """
    kind, department = Snippet.kind, Snippet.department_id
    query = (
        select(Snippet)
        .where(
            Snippet.ended_at.is_(None),
            or_(kind.is_(None), kind.in_(kinds)),
            or_(department.is_(None), department == department_id),
        )
        .order_by(
            _department_rank(),
            case((kind.is_(None), 1), else_=0),
            Snippet.name,
            Snippet.id,
        )
        .limit(MOST_SUITED)
    )
    return list(session.scalars(query))


def _department_rank() -> ColumnElement[int]:
    return case((Snippet.department_id.is_(None), 1), else_=0)


def get_snippet(session: Session, text_id: int) -> Snippet:
    """Return a snippet, ended or not; raises `NotFound`."""
    query = select(Snippet).options(joinedload(Snippet.department))
    text = session.scalars(query.where(Snippet.id == text_id)).one_or_none()
    return existing(text, text_id)


def history_query(text_id: int) -> Select[Event]:
    """Return the query of a snippet's events, newest first, which `event_to_change` reads."""
    return (
        select(Event)
        .where(Event.subject == Snippet.__tablename__, Event.subject_id == text_id)
        .order_by(Event.id.desc())
        .options(
            joinedload(Event.appointment).joinedload(Appointment.person),
            joinedload(Event.appointment).joinedload(Appointment.department),
        )
    )


def event_to_change(event: Event) -> SnippetChange:
    """Return an event of a snippet as a value."""
    changed = event.details.get("changed", {})
    return SnippetChange(
        verb=event.verb,
        at=event.at,
        appointment=event.appointment,
        changed={name: (pair[0], pair[1]) for name, pair in changed.items()},
    )
