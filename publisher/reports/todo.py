"""The Today page: what waits for this actor and nothing else, most urgent first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher.reports.todo_kinds import Waiting, todo_kinds_for
from publisher.reports.todo_queries import gather

SOON = timedelta(hours=4)
"""What is due within this span, or over, is urgent."""


def waiting_for(
    session: Session, *, actor: Actor, now: datetime, most: int | None = None
) -> list[Waiting]:
    """What waits for the actor: what is called urgent first, then by due time, then by age.

    The number of queries depends on the actor's role alone. With `most` only so many are read,
    the most urgent ones.
    """
    todo_kinds = todo_kinds_for(actor, now=now)
    found = [one for todo_kind in todo_kinds for one in gather(session, todo_kind, most, now=now)]
    marked = [replace(one, urgent=_is_urgent(one, now)) for one in found]
    return sorted(marked, key=_rank)[:most]


def _is_urgent(one: Waiting, now: datetime) -> bool:
    return one.called_urgent or (one.due_at is not None and one.due_at <= now + SOON)


def _rank(one: Waiting) -> tuple[bool, bool, datetime, datetime, str, int]:
    """What a department calls urgent, then by due time, then by age."""
    due_at = one.due_at or one.since_at
    called = not one.called_urgent
    return called, one.due_at is None, due_at, one.since_at, one.kind, one.subject_id
