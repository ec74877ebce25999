"""The Today page: the actor's open tasks, most urgent first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.reports.todo_kinds import Waiting
from publisher.reports.todo_queries import gather, with_texts

SOON = timedelta(hours=4)
"""Tasks that are due within this span, or overdue, are urgent."""


def waiting_for(
    session: Session, *, actor: Actor, now: datetime, most: int | None = None
) -> list[Waiting]:
    """Return the actor's tasks: urgent ones first, then by due time, then by age.

    The tasks of one post are one, with its `parts`. The number of queries depends on the actor's
    role alone. With `most`, only the most urgent ones are read.
    """
    rows = gather(session, actor=actor, now=now, most=most)
    marked = [replace(row, urgent=_is_urgent(row, now)) for row in rows]
    return with_texts(session, sorted(_by_post(marked), key=_rank)[:most])


def _by_post(rows: Iterable[Waiting]) -> list[Waiting]:
    """Return one task a post: the most pressing, with all of them as its parts."""
    tasks: list[Waiting] = []
    rows_by_post: defaultdict[int, list[Waiting]] = defaultdict(list)
    for row in rows:
        (tasks if row.post_id is None else rows_by_post[row.post_id]).append(row)
    for of_post in rows_by_post.values():
        of_post.sort(key=_rank)
        parts = tuple(of_post) if len(of_post) > 1 else ()
        tasks.append(replace(of_post[0], parts=parts))
    return tasks


def _is_urgent(row: Waiting, now: datetime) -> bool:
    return row.called_urgent or (row.due_at is not None and row.due_at <= now + SOON)


def _rank(row: Waiting) -> tuple[bool, bool, datetime, datetime, str, int]:
    """Return the sort key: marked as urgent, then by due time, then by age."""
    due_at = row.due_at or row.since_at
    called = not row.called_urgent
    return called, row.due_at is None, due_at, row.since_at, row.kind, row.subject_id
