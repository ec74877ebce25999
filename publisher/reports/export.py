"""Long lists written down for a person, step by step by the clock, to be fetched for a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Session

from approvals.policy import Actor, ActorKind
from publisher.auth.sessions import line_of
from publisher.database.session import Database
from publisher.models.people import Appointment
from publisher.models.saved_views import Export, ExportPart
from publisher.reports import submission_list
from publisher.reports.submission_filters import SubmissionFilter, filter_from_query
from publisher.reports.submission_list import SubmissionRow
from publisher.reports.types import Place
from publisher.validation import NotFound, person_of

SUBMISSIONS = "submissions"
KEPT = timedelta(days=1)
STEP = 500
"""How many rows one step of the clock reads."""
AT_ONCE = 2_000
"""A list of fewer rows is handed over at once, and not written down first."""
MOST = 10
"""How many exports a person may have at a time: a new one takes the place of the oldest."""
Plain = Mapping[str, object]


def start(session: Session, *, actor: Actor, now: datetime, filters: SubmissionFilter) -> Export:
    """Ask for a list as the actor sees it; the clock writes it down. Raises `WrongRole`."""
    _make_room(session, person_of(actor))
    export = Export(
        person_id=person_of(actor),
        appointment_id=actor.appointment_id,
        line=sorted(actor.line),
        page=SUBMISSIONS,
        query=filters.query,
        asked_at=now,
        total=submission_list.submission_total(session, actor=actor, now=now, filters=filters),
        expires_at=now + KEPT,
    )
    session.add(export)
    session.flush()
    return export


def _make_room(session: Session, person_id: int) -> None:
    query = select(Export.id).where(Export.person_id == person_id).order_by(Export.id.desc())
    _remove(session, session.scalars(query.offset(MOST - 1)).all())


def exports_of(session: Session, *, actor: Actor, now: datetime) -> Sequence[Export]:
    """The person's exports, the newest first; what has expired is gone."""
    mine = Export.person_id == actor.person_id, Export.expires_at > now
    return session.scalars(select(Export).where(*mine).order_by(Export.id.desc())).all()


def export_for(session: Session, *, actor: Actor, now: datetime, export_id: int) -> Export:
    """One of the actor's own, asked for under the appointment acted under; else `Missing`.

    `Missing` as well where a department has left the line of an oversight office since.
    """
    export = session.get(Export, export_id)
    if export is None or export.person_id != actor.person_id or export.expires_at <= now:
        raise NotFound(export_id)
    if export.appointment_id != actor.appointment_id or not actor.line.issuperset(export.line):
        raise NotFound(export_id)
    return export


def parts_of(session: Session, export: Export) -> Iterator[Plain]:
    """The rows of an export in their order, one part in memory at a time."""
    for number in range(export.parts):
        yield from session.get_one(ExportPart, (export.id, number)).rows


def remove(session: Session, *, actor: Actor, now: datetime, export_id: int) -> None:
    """Throw one of the actor's own away, finished or not."""
    _remove(session, [export_for(session, actor=actor, now=now, export_id=export_id).id])


def _remove(session: Session, ids: Sequence[int]) -> None:
    session.execute(delete(ExportPart).where(ExportPart.export_id.in_(ids)))
    session.execute(delete(Export).where(Export.id.in_(ids)))


def tick_exports(database: Database, *, now: datetime, step: int = STEP) -> int:
    """Take the oldest unfinished export one step on, and drop what has expired; gives the rows."""
    with database.reading() as session:
        if session.scalar(select(Export.id).where(_is_due(now)).limit(1)) is None:
            return 0  # nothing is written, and nobody waits, as long as there is nothing to do
    with database.transaction() as session:
        _remove(session, session.scalars(select(Export.id).where(Export.expires_at <= now)).all())
        query = select(Export).where(_is_due(now)).order_by(Export.id).limit(1)
        export = session.scalars(query.with_for_update(skip_locked=True)).one_or_none()
        return _step(session, export, now, step) if export is not None else 0


def _is_due(now: datetime) -> ColumnElement[bool]:
    """It is unfinished, or has expired."""
    unfinished = and_(Export.finished_at.is_(None), Export.failed_at.is_(None))
    return or_(unfinished, Export.expires_at <= now)


def _step(session: Session, export: Export, now: datetime, step: int) -> int:
    """Write the next part down; an appointment that has ended or sees less reads no further."""
    if not _sees_as_before(session, export, now):
        export.failed_at = now
        return 0
    page = submission_list.read_on(
        session,
        actor=_actor(export.appointment, export.line),
        now=now,
        filters=wanted_of(export),
        after=_place(export.place),
        limit=step,
    )
    rows = [plain(one) for one in page.rows]
    session.add(ExportPart(export_id=export.id, number=export.parts, rows=rows))
    export.parts += 1
    export.done += len(rows)
    export.place = "" if page.following is None else _written(page.following)
    if page.following is None:
        export.finished_at, export.total = now, export.done
    return len(rows)


def _sees_as_before(session: Session, export: Export, now: datetime) -> bool:
    held = export.appointment
    in_office = held.in_force(now) and held.person.disabled_at is None
    return in_office and line_of(session, held).issuperset(export.line)


def wanted_of(export: Export) -> SubmissionFilter:
    """View and filters of an export."""
    return filter_from_query(dict(parse_qsl(export.query)))


def _actor(appointment: Appointment, line: Sequence[int]) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        person_id=appointment.person_id,
        appointment_id=appointment.id,
        role=appointment.role,
        department_id=appointment.department_id,
        line=frozenset(line),
    )


def _written(place: Place) -> str:
    return f"{place[0].isoformat()}_{place[1]}"


def _place(written: str) -> Place | None:
    moment, _, key = written.rpartition("_")
    return (datetime.fromisoformat(moment), int(key)) if written else None


def plain(row: SubmissionRow) -> dict[str, object]:
    """A row as values that can be stored and worded later; moments in ISO 8601."""
    following = row.next
    return {
        "number": row.number,
        "title": row.title,
        "kind": row.kind.value,
        "urgent": row.is_urgent,
        "department": asdict(row.department),
        "stage": row.stage.value,
        "left": row.left.value if row.left else "",
        "next": following.kind.value if following else "",
        "holders": [asdict(one) for one in following.holders] if following else [],
        "since_at": following.since_at.isoformat() if following else "",
        "wished_at": row.wished_at.isoformat() if row.wished_at else "",
        "received_at": row.received_at.isoformat(),
        "handed_in_by": asdict(row.handed_in_by),
        "outward_number": row.outward_number,
        "links": [one.url for one in row.lives if one.url],
        "comments": row.comments,
        "unanswered": row.unanswered,
    }
