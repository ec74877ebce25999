"""All letters of a call as files: the clock makes a PDF of each, step by step, then one of all."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from approvals.errors import NotAllowed
from approvals.policy import Action, Actor, require
from publisher.database.session import Database
from publisher.models.nominations import CallAddressee, NominationCall, ReminderLetter
from publisher.models.saved_views import Export, ExportFile
from publisher.papers.characters import CannotShape
from publisher.papers.pdf import NoImage, TypesettingFailed
from publisher.papers.reminder_letters import letters_pdf
from publisher.reports import export as exports
from publisher.settings.environment import Settings
from publisher.validation import NotFound

LETTERS: Final = "letters"
STEP: Final = 5
"""How many letters a tick makes: a letter takes the typesetter about a third of a second."""


class NoLetters(NotAllowed):
    """No letter of this call has been written."""

    code = "no_letters"


@dataclass(frozen=True)
class _Step:
    """The part of an export to be made: the letters of the next files, or all if those are made."""

    export_id: int
    done: int
    letters: Sequence[ReminderLetter]
    is_last: bool


def start(session: Session, *, actor: Actor, now: datetime, call: NominationCall) -> Export:
    """Request the files of the letters that a call has by now. Raises `WrongRole`, `NoLetters`."""
    require(actor, Action.OPEN_CALL, None, now=now)
    of_call = ReminderLetter.addressee.has(CallAddressee.call_id == call.id)
    total = session.scalar(select(func.count(ReminderLetter.id)).where(of_call)) or 0
    if not total:
        raise NoLetters
    query = str(call.id)
    return exports.add(session, actor=actor, now=now, page=LETTERS, query=query, total=total)


def newest(session: Session, *, actor: Actor, now: datetime, call: NominationCall) -> Export | None:
    """Return the newest export of this call under the actor's appointment, if there is one."""
    query = (
        select(Export)
        .where(
            Export.page == LETTERS,
            Export.query == str(call.id),
            Export.person_id == actor.person_id,
            Export.appointment_id == actor.appointment_id,
            Export.expires_at > now,
        )
        .order_by(Export.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def tick_letter_exports(
    database: Database, settings: Settings, *, now: datetime, step: int = STEP
) -> int:
    """Make the next files of the oldest unfinished export; return their number."""
    with database.reading() as session:
        part = _next_step(session, now, step)
    if part is None:
        return 0
    try:
        batches = [part.letters] if part.is_last else [[letter] for letter in part.letters]
        files = [
            ExportFile(
                export_id=part.export_id,
                number=part.done + position,
                name="letters.pdf" if part.is_last else file_name(batch[0]),
                content=letters_pdf(batch, settings=settings, now=now),
            )
            for position, batch in enumerate(batches)
        ]
    except (CannotShape, NoImage, TypesettingFailed):
        files = None
    with database.transaction() as session:
        return _store(session, part, files, now=now)


def _next_step(session: Session, now: datetime, step: int) -> _Step | None:
    query = select(Export).where(exports.is_unfinished(LETTERS), Export.expires_at > now)
    export = session.scalars(query.order_by(Export.id).limit(1)).first()
    if export is None:
        return None
    # Letters written after the request come after the last of its own.
    is_last = export.done >= export.total
    most = export.total if is_last else min(step, export.total - export.done)
    letters = _letters(int(export.query)).offset(0 if is_last else export.done).limit(most)
    return _Step(export.id, export.done, session.scalars(letters).all(), is_last)


def _letters(call_id: int) -> Select[ReminderLetter]:
    return (
        select(ReminderLetter)
        .join(ReminderLetter.addressee)
        .where(CallAddressee.call_id == call_id)
        .options(joinedload(ReminderLetter.addressee).joinedload(CallAddressee.department))
        .order_by(ReminderLetter.id)
    )


def file_name(letter: ReminderLetter) -> str:
    """Return the name of a letter's file: its number and the department's code."""
    return f"{letter.number.replace('/', '-')}-{letter.addressee.department.code}.pdf"


def _store(
    session: Session, part: _Step, files: Sequence[ExportFile] | None, *, now: datetime
) -> int:
    export = session.get(Export, part.export_id, with_for_update=True)
    if export is None or export.done != part.done or export.finished_at is not None:
        return 0  # it was removed, or another clock has made this step
    if files is None or not exports.has_same_sight(session, export, now):
        export.failed_at = now
        return 0
    session.add_all(files)
    export.parts += len(files)
    if part.is_last:
        export.finished_at = now
    else:
        export.done += len(files)
    return len(files)


def whole_pdf(session: Session, *, actor: Actor, now: datetime, export_id: int) -> bytes:
    """Return all letters of a finished export as one PDF. Raises `WrongRole`, `NotFound`."""
    *_letter_files, whole = _make_files(session, actor=actor, now=now, export_id=export_id)
    return whole.content


def zip_of_letters(session: Session, *, actor: Actor, now: datetime, export_id: int) -> bytes:
    """Return the PDF of each letter of a finished export in one ZIP; raises as `whole_pdf` does."""
    *letter_files, _whole = _make_files(session, actor=actor, now=now, export_id=export_id)
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as entries:
        for file in letter_files:
            entries.writestr(file.name, file.content)
    return archive.getvalue()


def _make_files(
    session: Session, *, actor: Actor, now: datetime, export_id: int
) -> Sequence[ExportFile]:
    require(actor, Action.OPEN_CALL, None, now=now)
    export = exports.get_export(session, actor=actor, now=now, export_id=export_id, page=LETTERS)
    if export.finished_at is None:
        raise NotFound(export_id)
    query = select(ExportFile).where(ExportFile.export_id == export_id)
    return session.scalars(query.order_by(ExportFile.number)).all()
