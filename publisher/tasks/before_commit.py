"""What each transaction does right before its commit: refresh the tasks of what it changed."""

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
    """Make the transactions of this database refresh the tasks of what they change; return it."""
    database.register_before_commit(refresh_tasks)
    return database


def refresh_tasks(session: Session) -> None:
    """Refresh the tasks of what was changed.

    If a person acts, an error is raised and nothing is stored. What the clock got from a platform
    is stored anyway: the error is logged, and the next tick tries again.
    """
    noted = take_noted(session)
    if noted is None:
        return
    session.flush()  # an error of the use case itself is raised as such
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
    if not changed:  # as for most posts that are sent: no savepoint
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
