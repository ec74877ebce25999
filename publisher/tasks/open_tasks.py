"""The open tasks of an actor, as SQL conditions for lists and counts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, or_, select

from approvals.policy import Actor, Role
from publisher.models.posts import Post
from publisher.models.tasks import Task
from publisher.tasks.specs import TaskKind, TaskQueue

QUEUES: Final[Mapping[Role | None, Collection[TaskQueue]]] = {
    Role.CELL: (TaskQueue.CELL,),
    Role.CELL_LEAD: (TaskQueue.CELL, TaskQueue.LEAD),
    Role.ADMIN: (TaskQueue.ADMIN,),
}
"""The queues from which everybody with the role may take a task."""

SUBJECT: Final = Task.subject + " " + cast(Task.subject_id, String)
"""What a task is about, as one text."""

LINE: Final = func.coalesce(f"{Post.__tablename__} " + cast(Task.post_id, String), SUBJECT)
"""The key of a line in a list: all tasks of a post, or those about one subject."""


_IS_READ: Final = and_(Task.closed_at.is_(None), Task.kind.in_(TaskKind))


def subjects(actor: Actor, kind: TaskKind, *kinds: TaskKind) -> Select[int]:
    """Select the ids of the subjects for which the actor has an open task of these kinds."""
    return select(Task.subject_id).where(*_conditions(actor, kind, *kinds))


def posts(actor: Actor, kind: TaskKind, *kinds: TaskKind) -> Select[int | None]:
    """Select the ids of the posts for which the actor has an open task of these kinds."""
    return select(Task.post_id).where(*_conditions(actor, kind, *kinds))


def everybodys_subjects(*kinds: TaskKind) -> Select[int]:
    """Select the ids of the subjects for which anybody has an open task of these kinds."""
    return select(Task.subject_id).where(is_open(*kinds))


@cache
def is_open(*kinds: str) -> ColumnElement[bool]:
    """The row of `tasks` is open, and of one of these kinds."""
    return and_(Task.closed_at.is_(None), or_(*(Task.kind == kind for kind in kinds)))


def is_waiting(actor: Actor, *, now: datetime) -> ColumnElement[bool]:
    """The row is an open task of the actor that is not put off until later, of a known kind."""
    is_loud = or_(Task.quiet_until.is_(None), Task.quiet_until <= now)
    return and_(_IS_READ, or_(*is_own(actor)), is_loud)


def is_changed(actor: Actor, department_ids: Collection[int], *, since: int) -> ColumnElement[bool]:
    """A task that is or was the actor's, or of these departments, has a later change."""
    concerns = or_(*is_own(actor), Task.department_id.in_(department_ids))
    # With the order the planner begins at the end of the index, however many it expects.
    changes = select(Task.id).where(Task.change_id > since, concerns)
    last = changes.order_by(Task.change_id.desc()).limit(1)
    return last.scalar_subquery().is_not(None)


def _conditions(actor: Actor, *kinds: TaskKind) -> tuple[ColumnElement[bool], ...]:
    return is_open(*kinds), or_(*is_own(actor))


def is_own(actor: Actor) -> Iterator[ColumnElement[bool]]:
    """Yield conditions, one of which holds for each task of an actor; each has an index."""
    # An actor without an appointment would have those of the queues.
    yield Task.appointment_id == (actor.appointment_id or 0)
    for queue in QUEUES.get(actor.role, ()):
        yield Task.queue == queue
