"""Compute the tasks of all subjects from scratch, at an upgrade."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.database.session import Database
from publisher.models.people import Department
from publisher.models.tasks import TaskFilling
from publisher.tasks import looks
from publisher.tasks.refresh import AT_ONCE, SUBJECTS, refresh

DEPARTMENTS: Final = Department.__tablename__


def pending_tables(session: Session) -> list[str]:
    """Return the subjects whose tasks an upgrade still has to write."""
    return list(session.scalars(select(TaskFilling.subject).order_by(TaskFilling.subject)))


def fill(
    database: Database, *, now: Callable[[], datetime], tell: Callable[[str, int], None]
) -> int:
    """Write the tasks that an upgrade still has to write; return the number of subjects.

    It continues where an earlier run was stopped. Nobody is notified of what it writes. `tell` is
    called with each subject's table, and how many of its subjects are done.
    """
    count = 0
    with database.reading() as session:
        tables = pending_tables(session)
    for table in tables:
        done = 0
        while number := _fill_next(database, table, now()):
            done += number
            tell(table, done)
        count += done
    return count


def _fill_next(database: Database, table: str, now: datetime) -> int:
    """Write the tasks of the next subjects and the progress in one transaction."""
    with database.transaction() as session:
        filling = session.get(TaskFilling, table, with_for_update=True, populate_existing=True)
        if filling is None:
            return 0
        ids = _next_ids(session, table, filling.last_id)
        if not ids:
            session.delete(filling)
            return 0
        if table == DEPARTMENTS:
            looks.store_department_looks(session, ids, now=now)
        of_table = {subject: ids for subject in SUBJECTS if subject.table == table}
        refresh(session, of_table, now=now, told_at=now)
        filling.last_id = ids[-1]
        return len(ids)


def _next_ids(session: Session, table: str, last_id: int) -> list[int]:
    if table == DEPARTMENTS:
        query = select(Department.id).where(Department.id > last_id).order_by(Department.id)
        return list(session.scalars(query.limit(AT_ONCE)))
    ids = {
        key
        for subject in SUBJECTS
        if subject.table == table
        for key in subject.ids_after(session, last_id, AT_ONCE)
    }
    return sorted(ids)[:AT_ONCE]
