"""The open tasks of an actor, as SQL conditions for lists and counts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import reduce
from operator import add
from typing import Final

from sqlalchemy import ColumnElement, Select, func, or_, select

from approvals.policy import Actor, Role
from publisher.models.tasks import Task
from publisher.tasks.specs import TaskKind, TaskQueue

QUEUES: Final[Mapping[Role | None, Collection[TaskQueue]]] = {
    Role.CELL: (TaskQueue.CELL,),
    Role.CELL_LEAD: (TaskQueue.CELL, TaskQueue.LEAD),
    Role.ADMIN: (TaskQueue.ADMIN,),
}
"""The queues of which everybody with the role may take a task."""


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
    return Task.closed_at.is_(None), or_(*is_own(actor)), _has_kind(kinds)


def is_own(actor: Actor) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions of which one holds for the tasks of an actor, each with an index."""
    # An actor without an appointment would have those of the queues.
    yield Task.appointment_id == (actor.appointment_id or 0)
    for queue in QUEUES.get(actor.role, ()):
        yield Task.queue == queue


def _has_kind(kinds: Collection[TaskKind]) -> ColumnElement[bool]:
    return or_(*(Task.kind == kind for kind in kinds))


def last_change(actor: Actor) -> ColumnElement[int]:
    """Return the number of the last change of a task that is or was the actor's."""
    # A query for each, since each has an index that ends with the change.
    changes = (
        select(func.max(Task.change_id)).where(condition).scalar_subquery()
        for condition in is_own(actor)
    )
    return reduce(add, (func.coalesce(last, 0) for last in changes))
