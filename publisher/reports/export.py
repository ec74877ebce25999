"""Exports of long lists: written in steps in the background, or read in steps as they are sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Actor
from publisher import transitions
from publisher.auth.sessions import appointment_actor, reporting_department_ids
from publisher.database.session import Database
from publisher.models.comments import Comment, Reply
from publisher.models.people import Person
from publisher.models.posts import Post
from publisher.models.saved_views import Export, ExportFile, ExportPart
from publisher.models.submissions import Priority
from publisher.reports import submission_list
from publisher.reports.submission_filters import SubmissionFilter, filter_from_query
from publisher.reports.submission_list import SubmissionRow
from publisher.reports.types import Cursor, office_of, submitter_of
from publisher.validation import NotFound, person_of

SUBMISSIONS = "submissions"
LIFETIME = timedelta(days=1)
STEP = 500
"""How many rows a tick reads."""
AT_ONCE = 2_000
"""A list with fewer rows is returned directly instead of being exported."""
MOST = 10
"""How many exports of a page a person may have; a new one replaces the oldest."""
Plain = Mapping[str, object]


def start(session: Session, *, actor: Actor, now: datetime, filters: SubmissionFilter) -> Export:
    """Request an export of the list as the actor sees it. Raises `WrongRole`."""
    total = submission_list.submission_total(session, actor=actor, now=now, filters=filters)
    return add(session, actor=actor, now=now, page=SUBMISSIONS, query=filters.query, total=total)


def add(
    session: Session, *, actor: Actor, now: datetime, page: str, query: str, total: int
) -> Export:
    """Add an export of a page's list of `total` rows, which a tick makes."""
    _make_room(session, person_of(actor), page)
    export = Export(
        person_id=person_of(actor),
        appointment_id=actor.appointment_id,
        line=sorted(actor.line),
        page=page,
        query=query,
        asked_at=now,
        total=total,
        expires_at=now + LIFETIME,
    )
    session.add(export)
    record_export(session, actor=actor, now=now, rows=total, page=page)
    return export


def record_export(
    session: Session, *, actor: Actor, now: datetime, rows: int, page: str = SUBMISSIONS
) -> None:
    """Record in the history that the person exports a page's list with this number of rows."""
    # It is recorded for the person: an export is deleted after a day, and its id may be used again.
    person = session.get_one(Person, person_of(actor))
    values = {"page": page, "rows": rows}
    transitions.record(session, person, "export", actor=actor, now=now, values=values)


def _make_room(session: Session, person_id: int, page: str) -> None:
    of_page = Export.person_id == person_id, Export.page == page
    query = select(Export.id).where(*of_page).order_by(Export.id.desc())
    _remove(session, session.scalars(query.offset(MOST - 1)).all())


def list_exports(session: Session, *, actor: Actor, now: datetime) -> Sequence[Export]:
    """Return the person's unexpired exports of submissions, the newest first."""
    mine = Export.person_id == actor.person_id, Export.page == SUBMISSIONS, Export.expires_at > now
    return session.scalars(select(Export).where(*mine).order_by(Export.id.desc())).all()


def get_export(
    session: Session, *, actor: Actor, now: datetime, export_id: int, page: str = SUBMISSIONS
) -> Export:
    """Return a page's export of the actor's current appointment; raises `NotFound` otherwise.

    It also raises `NotFound` if a department has since left the actor's oversight.
    """
    export = session.get(Export, export_id)
    if export is None or export.page != page or export.expires_at <= now:
        raise NotFound(export_id)
    if export.person_id != actor.person_id:
        raise NotFound(export_id)
    if export.appointment_id != actor.appointment_id or not actor.line.issuperset(export.line):
        raise NotFound(export_id)
    return export


def rows_of_part(session: Session, export_id: int, number: int) -> Sequence[Plain]:
    """Return the rows of one part of an export; parts are numbered from 0."""
    return session.get_one(ExportPart, (export_id, number)).rows


def remove(session: Session, *, actor: Actor, now: datetime, export_id: int) -> None:
    """Delete one of the actor's own exports, finished or not."""
    _remove(session, [get_export(session, actor=actor, now=now, export_id=export_id).id])


def _remove(session: Session, ids: Sequence[int]) -> None:
    for table in (ExportPart, ExportFile):
        session.execute(delete(table).where(table.export_id.in_(ids)))
    session.execute(delete(Export).where(Export.id.in_(ids)))


def tick_exports(database: Database, *, now: datetime, step: int = STEP) -> int:
    """Advance the oldest unfinished export of submissions; returns the rows read.

    Expired exports of every page are deleted.
    """
    with database.reading() as session:
        if session.scalar(select(Export.id).where(_is_due(now)).limit(1)) is None:
            return 0  # nothing is written, and nobody has to wait, if there is nothing to do
    with database.transaction() as session:
        _remove(session, session.scalars(select(Export.id).where(Export.expires_at <= now)).all())
        query = select(Export).where(_is_due(now)).order_by(Export.id).limit(1)
        export = session.scalars(query.with_for_update(skip_locked=True)).one_or_none()
        return _step(session, export, now, step) if export is not None else 0


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an export of submissions is unfinished, or any has expired."""
    return or_(is_unfinished(SUBMISSIONS), Export.expires_at <= now)


def is_unfinished(page: str) -> ColumnElement[bool]:
    """Return the condition of a page's exports that are unfinished and have not failed."""
    open_ends = Export.finished_at.is_(None), Export.failed_at.is_(None)
    return and_(Export.page == page, *open_ends)


def _step(session: Session, export: Export, now: datetime, step: int) -> int:
    """Write the next part; fails the export if the appointment has ended or sees less."""
    if not has_same_sight(session, export, now):
        export.failed_at = now
        return 0
    page = submission_list.read_on(
        session,
        actor=appointment_actor(export.appointment, export.line),
        now=now,
        filters=export_filters(export),
        after=_parse_cursor(export.place),
        limit=step,
    )
    rows = [plain_row(row) for row in page.rows]
    session.add(ExportPart(export_id=export.id, number=export.parts, rows=rows))
    export.parts += 1
    export.done += len(rows)
    export.place = "" if page.following is None else _cursor_text(page.following)
    if page.following is None:
        export.finished_at, export.total = now, export.done
    return len(rows)


def has_same_sight(session: Session, export: Export, now: datetime) -> bool:
    """Return True while its appointment is in force and sees no less than at the request."""
    appointment = export.appointment
    in_office = appointment.in_force(now) and appointment.person.disabled_at is None
    return in_office and reporting_department_ids(session, appointment).issuperset(export.line)


def export_filters(export: Export) -> SubmissionFilter:
    """Return the view and filters of an export."""
    return filter_from_query(dict(parse_qsl(export.query)))


def _cursor_text(cursor: Cursor) -> str:
    return f"{cursor[0].isoformat()}_{cursor[1]}"


def _parse_cursor(text: str) -> Cursor | None:
    moment, _, key = text.rpartition("_")
    return (datetime.fromisoformat(moment), int(key)) if text else None


def plain_row(row: SubmissionRow) -> dict[str, object]:
    """Return a row as JSON values that are worded on download; times in ISO 8601."""
    submission, following = row.submission, row.next
    handed_in_by = submitter_of(submission, at=submission.received_at)
    return {
        "number": submission.number,
        "title": submission.title,
        "kind": submission.kind.value,
        "urgent": submission.priority is Priority.URGENT,
        "department": asdict(office_of(submission.department)),
        "stage": row.stage.value,
        "left": row.left.value if row.left else "",
        "next": following.kind.value if following else "",
        "holders": [asdict(holder) for holder in following.holders] if following else [],
        "since_at": following.since_at.isoformat() if following else "",
        "wished_at": submission.wished_at.isoformat() if submission.wished_at else "",
        "received_at": submission.received_at.isoformat(),
        "handed_in_by": asdict(handed_in_by),
        "outward_number": submission.outward_number,
        "links": [live.url for live in row.lives if live.url],
        "comments": row.comments,
        "unanswered": row.unanswered,
    }


def posts_by_id(session: Session, ids: Sequence[int]) -> list[Post]:
    """Return the posts with these ids, in this order, with what a list shows of them."""
    options = (joinedload(Post.department), joinedload(Post.reply).joinedload(Reply.comment))
    query = select(Post).options(*options).where(Post.id.in_(ids))
    by_id = {post.id: post for post in session.scalars(query)}
    return [by_id[post_id] for post_id in ids]


def comments_by_id(session: Session, ids: Sequence[int]) -> list[Comment]:
    """Return the comments with these ids, in this order, with what a list shows of them."""
    query = select(Comment).options(joinedload(Comment.department)).where(Comment.id.in_(ids))
    by_id = {comment.id: comment for comment in session.scalars(query)}
    return [by_id[comment_id] for comment_id in ids]
