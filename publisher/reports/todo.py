"""The Today page: the actor's open tasks, most urgent first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.models.tasks import Task
from publisher.reports.todo_rows import SOURCES, load_subjects
from publisher.reports.todo_values import Waiting
from publisher.tasks import open_tasks
from publisher.tasks.specs import DueKind, TaskKind

SOON = timedelta(hours=4)
"""Tasks that are due within this span, or overdue, are urgent."""


def list_waiting(
    session: Session, *, actor: Actor, now: datetime, most: int | None = None
) -> list[Waiting]:
    """Return the actor's tasks: urgent ones first, then by due time, then by age.

    The tasks of one post are one, with its `parts`. The number of statements depends only on the
    kinds of tasks. With `most`, only the most urgent ones are read.
    """
    tasks: dict[tuple[str, int], Waiting] = {}
    for row in session.execute(_first_tasks(actor, now, most)):
        # A post may be blocked in several departments.
        tasks.setdefault(
            (row.kind, row.subject_id),
            Waiting(
                TaskKind(row.kind),
                row.subject,
                row.subject_id,
                row.since_at,
                due_at=row.due_at,
                due_kind=DueKind(row.due_kind) if row.due_kind else None,
                urgent=row.is_urgent or (row.due_at is not None and row.due_at <= now + SOON),
                called_urgent=row.is_urgent,
                post_id=row.post_id,
            ),
        )
    lines: dict[tuple[str, int], list[Waiting]] = {}
    for task in load_subjects(session, list(tasks.values())):
        key = (task.kind, task.subject_id) if task.post_id is None else ("", task.post_id)
        lines.setdefault(key, []).append(task)
    return [
        replace(parts[0], parts=tuple(parts)) if len(parts) > 1 else parts[0]
        for parts in lines.values()
    ]


#: WITH own AS (SELECT …, 'posts ' || post_id … AS line, row_number() OVER (ORDER BY …) AS position
#:   FROM tasks WHERE …)
#: SELECT own.* FROM own JOIN (SELECT line, min(position) AS first FROM own GROUP BY line
#:   ORDER BY first LIMIT :most) AS lines ON lines.line = own.line
#: ORDER BY lines.first, own.position
def _first_tasks(actor: Actor, now: datetime, most: int | None) -> Select[*tuple[object, ...]]:
    """Select the tasks of the most urgent lines, always including all tasks of a line."""
    order = (Task.is_urgent.desc(), Task.due_at.nulls_last(), Task.since_at)
    own = (
        select(
            *(Task.kind, Task.subject, Task.subject_id, Task.post_id, Task.since_at),
            *(Task.due_at, Task.due_kind, Task.is_urgent),
            open_tasks.LINE.label("line"),
            func.row_number().over(order_by=(*order, Task.kind, Task.subject_id)).label("position"),
        )
        .where(open_tasks.is_waiting(actor, now=now), Task.subject.in_(SOURCES))
        .cte("own")
    )
    first = func.min(own.c.position).label("first")
    lines = select(own.c.line, first).group_by(own.c.line).order_by(first).limit(most).subquery()
    query = select(own).join(lines, lines.c.line == own.c.line)
    return query.order_by(lines.c.first, own.c.position)
