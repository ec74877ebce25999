"""The clock's tick of tasks: what time alone has changed, and the messages that are due."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher import failpoints
from publisher.database.advisory_locks import TASKS, try_lock_number
from publisher.database.noted_changes import NotedChanges
from publisher.database.session import Database
from publisher.models.people import Department
from publisher.models.posts import Post
from publisher.models.tasks import TaskLook
from publisher.tasks import messages, review_reminders
from publisher.tasks.refresh import find_changed_subjects, refresh_changed

log = logging.getLogger("nagarvani.tasks")


def tick_tasks(
    database: Database,
    *,
    now: Callable[[], datetime],
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Refresh the tasks that time has changed, and notify people of what came for them.

    Returns the number of looks and of messages.
    """
    due = select(TaskLook.subject, TaskLook.subject_id).where(TaskLook.look_at <= now())
    with database.reading() as session:
        subjects = session.execute(due.order_by(TaskLook.look_at)).all()
    count = 0
    for table, subject_id in subjects:
        if is_stopping():
            break
        try:
            with database.transaction() as session:
                count += _look(session, table, subject_id, now=now())
        except Exception:
            # The look stays due. A failure of one subject must not prevent looks at others.
            log.exception("the tasks of %s %d were not refreshed", table, subject_id)
    count += messages.queue_messages(database, now=now())
    return count + review_reminders.notify_heads(database, now=now())


def _look(session: Session, table: str, subject_id: int, *, now: datetime) -> int:
    """Refresh one subject, unless another transaction is doing so; return 1 if it did."""
    if table == Department.__tablename__ and not try_lock_number(session, TASKS, subject_id):
        return 0
    look = session.get(TaskLook, (table, subject_id), populate_existing=True)
    if look is None or look.look_at > now:
        return 0
    session.delete(look)  # a department stores its next one
    noted = NotedChanges(now)
    noted.ids[table].add(subject_id)
    refresh_changed(session, find_changed_subjects(session, noted), now=now)
    if table == Post.__tablename__:
        review_reminders.remind_due(session, subject_id, now=now)
    failpoints.hit("tasks.look_in_commit")
    return 1
