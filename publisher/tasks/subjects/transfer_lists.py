"""The tasks of lists of transfers whose day has come: one was not confirmed, or is hindered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.models.transfers import TransferList
from publisher.tasks.specs import (
    DueKind,
    SpecsOfSubjects,
    SubjectTasks,
    TaskKind,
    TaskQueue,
    TaskSpec,
)
from publisher.working_time import day_bounds


def list_specs(session: Session, ids: Collection[int], *, now: datetime) -> SpecsOfSubjects:
    """Return the tasks of these lists, for leads and admins, in one statement."""
    query = select(
        *(TransferList.id, TransferList.in_force_on, TransferList.prepared_at),
        *(TransferList.confirmed_at, TransferList.hindered_at),
    ).where(TransferList.id.in_(ids), *_PENDING)
    specs: list[TaskSpec] = []
    looks: dict[int, datetime] = {}
    for transfer_list in session.execute(query):
        due_at = day_bounds(transfer_list.in_force_on)[0]
        is_confirmed = transfer_list.confirmed_at is not None
        if due_at > now:
            looks[transfer_list.id] = due_at
        elif not is_confirmed or transfer_list.hindered_at is not None:
            specs += [
                TaskSpec(
                    TaskKind.TRANSFERS_HINDERED if is_confirmed else TaskKind.TRANSFERS_UNCONFIRMED,
                    transfer_list.id,
                    transfer_list.prepared_at,
                    queue=queue,
                    due_at=due_at,
                    due_kind=DueKind.IN_FORCE,
                )
                for queue in (TaskQueue.LEAD, TaskQueue.ADMIN)
            ]
    return SpecsOfSubjects(specs, looks=looks)


_PENDING = (TransferList.done_at.is_(None), TransferList.dropped_at.is_(None))


TRANSFER_LISTS = SubjectTasks(
    table=TransferList.__tablename__,
    kinds=(TaskKind.TRANSFERS_UNCONFIRMED, TaskKind.TRANSFERS_HINDERED),
    specs_of=list_specs,
    open_ids=select(TransferList.id).where(*_PENDING),
    has_offices=False,
)
"""What is asked about lists of transfers."""
