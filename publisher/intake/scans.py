"""Have each file scanned for viruses, at once or later: a file that waits is not used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import BinaryIO, Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher import transitions
from publisher.database.session import Database
from publisher.intake.uploads import KeptFile, UploadRefused
from publisher.media.store import MediaStore, MediumChanged, MediumMissing, StoreAway
from publisher.media.virus_scanner import Clamd, ScannerAway, TooLargeForScanner, find_virus
from publisher.models.submissions import ScanResult, SubmissionFile

ENDS_WITHIN: Final = 60.0
"""How many seconds in total the files of one mail or one form wait for the scanner."""
AGAIN_AFTER: Final = timedelta(minutes=5)
MOST_AT_ONCE: Final = 20
INFECTED: Final = "infected"
FIND_VIRUS: Final = "find_virus"


def scan_file(clamd: Clamd, file: KeptFile, source: BinaryIO, *, ends_at: float) -> KeptFile:
    """Return the file with the scanner's result; without a clear answer it waits.

    No transaction may be open. Raises `UploadRefused` if it carries a virus.
    """
    try:
        virus = find_virus(clamd, source, ends_at=ends_at)
    except ScannerAway:
        return replace(file, scan=ScanResult.UNSCANNED)
    if virus:
        raise UploadRefused(INFECTED, {"name": file.name, "virus": virus})
    return replace(file, scan=ScanResult.CLEAN)


def is_waiting() -> ColumnElement[bool]:
    """Return the condition that the file waits for the scanner."""
    return SubmissionFile.scan == ScanResult.UNSCANNED


def tick_scans(
    database: Database,
    store: MediaStore,
    clamd: Clamd,
    *,
    now: Callable[[], datetime],
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Have the waiting files scanned, and return for how many there is a result.

    If the scanner does not answer, or the store is unavailable, the other files are left for the
    next tick, and this one is tried last.
    """
    count = 0
    for file_id, digest in _due(database, now()):
        if is_stopping():
            break
        try:
            with store.open_file(digest) as source:
                virus = find_virus(clamd, source)
        except (TooLargeForScanner, MediumMissing, MediumChanged) as problem:
            _postpone(database, file_id, problem, now())
        except (ScannerAway, StoreAway) as problem:
            _postpone(database, file_id, problem, now())
            break
        else:
            count += 1
            with database.transaction() as session:
                _record(session, file_id, virus, now())
    return count


def _due(database: Database, now: datetime) -> list[tuple[int, str]]:
    """Return ids and digests of the waiting files, first those that were never tried."""
    is_due = or_(SubmissionFile.scan_at.is_(None), SubmissionFile.scan_at <= now - AGAIN_AFTER)
    query = (
        select(SubmissionFile.id, SubmissionFile.sha256)
        .where(is_waiting(), is_due)
        .order_by(SubmissionFile.scan_at.is_not(None), SubmissionFile.scan_at, SubmissionFile.id)
        .limit(MOST_AT_ONCE)
    )
    with database.reading() as session:
        return [(row.id, row.sha256) for row in session.execute(query)]


def _postpone(database: Database, file_id: int, problem: Exception, now: datetime) -> None:
    """Note why the file still waits."""
    with database.transaction() as session:
        if file := _lock_file(session, file_id):
            file.scan_at, file.scan_note = now, f"{type(problem).__name__}: {problem}"[:200]


def _lock_file(session: Session, file_id: int) -> SubmissionFile | None:
    """Return the file if it still waits, and no other clock was faster."""
    query = select(SubmissionFile).where(SubmissionFile.id == file_id, is_waiting())
    return session.scalars(query.with_for_update()).first()


def _record(session: Session, file_id: int, virus: str, now: datetime) -> None:
    """Store the result; a virus is also recorded in the submission's history."""
    file = _lock_file(session, file_id)
    if file is None:
        return
    file.scan = ScanResult.INFECTED if virus else ScanResult.CLEAN
    file.scan_at, file.scan_note = now, virus
    if virus:
        values = {"name": file.name, "virus": virus}
        transitions.record(
            session, file.submission, FIND_VIRUS, actor=CLOCK, now=now, values=values
        )
