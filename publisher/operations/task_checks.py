"""Checks of the tasks: whether they were written at the upgrade, and are as computed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from publisher.database.session import Database
from publisher.models.tasks import TaskLook
from publisher.operations.health_checks import HealthFinding, HealthSubject
from publisher.tasks.backfill import pending_tables
from publisher.tasks.check import wrong_tasks

LOOKS_LATE_AFTER: Final = timedelta(minutes=5)
"""A look that was due longer ago than this has failed, or no clock runs."""


def check_filled(database: Database) -> HealthFinding:
    """Check that the upgrade has written all tasks; pages without them would show none."""
    with database.reading() as session:
        tables = ", ".join(pending_tables(session))
    code = "tasks_unfilled" if tables else "tasks_filled"
    return HealthFinding(HealthSubject.TASKS, not tables, code, {"tables": tables})


def check_tasks(database: Database, *, now: datetime) -> list[HealthFinding]:
    """Report tasks that are missing, changed or left over, and looks that are overdue."""
    with database.reading() as session:
        wrong = list(wrong_tasks(session, now=now))
        is_late = TaskLook.look_at < now - LOOKS_LATE_AFTER
        late = session.scalar(select(func.count()).select_from(TaskLook).where(is_late))
    findings = []
    if wrong:
        first = f"{wrong[0].fault} {wrong[0].kind} {wrong[0].subject_id}"
        values = {"number": len(wrong), "first": first}
        findings.append(HealthFinding(HealthSubject.TASKS, False, "tasks_wrong", values))
    if late:
        code = "task_looks_late"
        findings.append(HealthFinding(HealthSubject.TASKS, False, code, {"number": late}))
    return findings or [HealthFinding(HealthSubject.TASKS, True, "tasks_right")]
