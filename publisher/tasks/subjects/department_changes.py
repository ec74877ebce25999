"""The tasks of departments whose day of merger or closing has come and that are still open."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.tasks.specs import (
    DueKind,
    SpecsOfSubjects,
    SubjectTasks,
    TaskKind,
    TaskQueue,
    TaskSpec,
)
from publisher.working_time import day_bounds

_KINDS = {
    DepartmentChangeKind.MERGED: TaskKind.MERGER_DUE,
    DepartmentChangeKind.CLOSED: TaskKind.CLOSING_DUE,
}


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these changes, for leads and admins, in one statement."""
    query = select(
        *(DepartmentChange.id, DepartmentChange.kind, DepartmentChange.department_id),
        *(DepartmentChange.in_force_on, DepartmentChange.recorded_at),
    ).where(DepartmentChange.id.in_(ids), *_PENDING_ENDING)
    specs: list[TaskSpec] = []
    looks: dict[int, datetime] = {}
    for change in session.execute(query):
        due_at = day_bounds(change.in_force_on)[0]
        if due_at > now:
            looks[change.id] = due_at
            continue
        specs += [
            TaskSpec(
                _KINDS[change.kind],
                change.id,
                change.recorded_at,
                department_id=change.department_id,
                queue=queue,
                due_at=due_at,
                due_kind=DueKind.IN_FORCE,
            )
            for queue in (TaskQueue.LEAD, TaskQueue.ADMIN)
        ]
    return SpecsOfSubjects(specs, looks=looks)


_PENDING_ENDING = (
    DepartmentChange.kind.in_(_KINDS),
    DepartmentChange.done_at.is_(None),
    DepartmentChange.dropped_at.is_(None),
)


DEPARTMENT_CHANGES = SubjectTasks(
    table=DepartmentChange.__tablename__,
    kinds=tuple(_KINDS.values()),
    specs_of=list_specs,
    open_ids=select(DepartmentChange.id, DepartmentChange.department_id).where(*_PENDING_ENDING),
    has_offices=False,
)
"""What is asked about mergers and closings of departments."""
