"""What each transaction does right before its commit: the tasks of what it has changed."""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from publisher import failpoints
from publisher.database.noted_changes import NotedChanges, take_noted
from publisher.database.session import Database
from publisher.tasks import looks
from publisher.tasks.refresh import find_changed_subjects, refresh_changed

log = logging.getLogger("nagarvani.tasks")

FAILED: Final = "tasks were not refreshed; the next tick tries again"


def register(database: Database) -> Database:
    """Let the transactions of this database refresh the tasks of what they change; return it."""
    database.register_before_commit(refresh_tasks)
    return database


def refresh_tasks(session: Session) -> None:
    """Refresh the tasks of what was changed.

    A person is told of an error, and nothing is stored. What the clock has from a platform is
    stored all the same: the error is logged, and the next tick tries again.
    """
    noted = take_noted(session)
    if noted is None:
        return
    session.flush()  # a fault of the use case itself is told as such
    if noted.is_by_person:
        refresh_changed(session, find_changed_subjects(session, noted), now=noted.now)
        failpoints.hit("tasks.refreshed")
        return
    try:
        changed = find_changed_subjects(session, noted)
    except DBAPIError:
        raise  # the transaction can store nothing more
    except Exception:
        log.exception(FAILED)
        _look_again(session, noted)
        return
    if not changed:  # as with most posts that go out: no savepoint
        return
    try:
        with session.begin_nested():
            refresh_changed(session, changed, now=noted.now)
        failpoints.hit("tasks.refreshed")
    except Exception:
        log.exception(FAILED)
        _look_again(session, noted)


def _look_again(session: Session, noted: NotedChanges) -> None:
    for table, ids in noted.ids.items():
        looks.look_now(session, table, ids, now=noted.now)
