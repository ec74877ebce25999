"""The open tasks of an actor, as SQL conditions for lists and counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import ColumnElement, Select, func, or_, select

from approvals.policy import Actor, Role
from publisher.models.tasks import Task
from publisher.tasks.specs import TaskKind, TaskQueue

QUEUES: Final[Mapping[Role | None, TaskQueue]] = {
    Role.CELL: TaskQueue.CELL,
    Role.CELL_LEAD: TaskQueue.CELL,
}
"""The queue of which everybody with the role may take a task."""

_QUEUED: Final = frozenset({TaskKind.COMMENT_UNROUTED, TaskKind.BLOCKED})
"""The kinds that are in a queue; of any other each task is an appointment's."""


def subjects(actor: Actor, kind: TaskKind, *kinds: TaskKind) -> Select[int]:
    """Select the ids of the subjects of which the actor has an open task of these kinds."""
    return select(Task.subject_id).where(*_conditions(actor, kind, *kinds))


def posts(actor: Actor, kind: TaskKind) -> Select[int | None]:
    """Select the ids of the posts of which the actor has an open task of this kind."""
    return select(Task.post_id).where(*_conditions(actor, kind))


def everybodys_subjects(*kinds: TaskKind) -> Select[int]:
    """Select the ids of the subjects of which anybody has an open task of these kinds."""
    return select(Task.subject_id).where(Task.closed_at.is_(None), _has_kind(kinds))


def _conditions(actor: Actor, *kinds: TaskKind) -> tuple[ColumnElement[bool], ...]:
    is_own: ColumnElement[bool] = Task.appointment_id == actor.appointment_id
    if _QUEUED.issuperset(kinds):
        is_own = Task.queue == QUEUES.get(actor.role)
    return Task.closed_at.is_(None), is_own, _has_kind(kinds)


def _has_kind(kinds: Collection[TaskKind]) -> ColumnElement[bool]:
    return or_(*(Task.kind == kind for kind in kinds))


def last_change(actor: Actor) -> ColumnElement[int]:
    """Return the number of the last change of a task that is or was the actor's."""
    # A query for each, since each has an index that ends with the change.
    changes = _max_change(Task.appointment_id == actor.appointment_id)
    if actor.role in QUEUES:
        changes += _max_change(Task.queue == QUEUES[actor.role])
    return changes


def _max_change(is_own: ColumnElement[bool]) -> ColumnElement[int]:
    last = select(func.max(Task.change_id)).where(is_own).scalar_subquery()
    return func.coalesce(last, 0)
