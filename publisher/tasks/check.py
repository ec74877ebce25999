"""Compare the open tasks with those that all subjects have now; repair them on request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from approvals.policy import CLOCK
from publisher.database.session import AnyRow, Database
from publisher.models.history import Event
from publisher.models.tasks import Task
from publisher.tasks.refresh import AT_ONCE, SUBJECTS, chunks, difference, refresh
from publisher.tasks.specs import SubjectTasks, TaskSpec
from publisher.working_time import local, local_day

CHECKED_FROM: Final = 2
"""The hour of the city from which the clock compares the tasks, once a day."""

VERB: Final = "check_tasks"


@dataclass(frozen=True)
class WrongTask:
    """A difference between the open tasks and those that a subject has."""

    fault: str
    kind: str
    subject: str
    subject_id: int


def tick_task_check(database: Database, *, now: datetime) -> int:
    """Once a night, count the differences and write the number into the history; repair nothing.

    Returns 1 if it compared.
    """
    if local(now).hour < CHECKED_FROM:
        return 0
    with database.reading() as session:
        last = session.scalars(last_check()).first()
        if last is not None and local_day(last.at) == local_day(now):
            return 0
        number = sum(1 for _ in wrong_tasks(session, now=now))
    with database.transaction() as session:
        columns = {"at": now, "subject": Task.__tablename__, "subject_id": 0, "verb": VERB}
        columns |= {"actor_kind": CLOCK.kind, "details": {"wrong": number}}
        session.execute(insert(Event), columns)
    return 1


def last_check() -> Select[Event]:
    """Select the event of the last comparison, with the number of differences."""
    of_checks = (Event.subject == Task.__tablename__, Event.subject_id == 0)
    return select(Event).where(*of_checks).order_by(Event.id.desc()).limit(1)


def wrong_tasks(session: Session, *, now: datetime) -> Iterator[WrongTask]:
    """Yield the differences between the open tasks and those that all subjects have now."""
    for subject, ids in _all_ids(session):
        present = subject.specs_of(session, ids, now=now)
        differing = difference(session, {subject: ids}, present.specs)
        by_fault: dict[str, Sequence[TaskSpec | AnyRow]] = {
            "missing": differing.missing,
            "changed": [spec for _, spec in differing.changed],
            "left over": differing.left_over,
        }
        for subject_id in present.unsettled_ids:
            yield WrongTask("unsettled", "", subject.table, subject_id)
        for fault, tasks in by_fault.items():
            for task in tasks:
                yield WrongTask(fault, task.kind, subject.table, task.subject_id)


def repair(database: Database, *, now: datetime) -> int:
    """Write the tasks of all subjects that differ; nobody is notified. Returns the differences."""
    with database.reading() as session:
        wrong = list(wrong_tasks(session, now=now))
    for subject in SUBJECTS:
        ids = sorted({task.subject_id for task in wrong if task.subject == subject.table})
        for chunk in chunks(ids):
            with database.transaction() as session:
                refresh(session, {subject: chunk}, now=now, told_at=now)
    return len(wrong)


def _all_ids(session: Session) -> Iterator[tuple[SubjectTasks, list[int]]]:
    """Yield the ids of open subjects, and of others that have open tasks, in batches."""
    for subject in SUBJECTS:
        last_id, open_ids = 0, set[int]()
        while ids := subject.ids_after(session, last_id, AT_ONCE):
            last_id = ids[-1]
            open_ids.update(ids)
            yield subject, ids
        open_tasks = select(Task.subject_id).where(
            Task.closed_at.is_(None), Task.subject == subject.table
        )
        others = {*session.scalars(open_tasks)} - open_ids
        for chunk in chunks(sorted(others)):
            yield subject, chunk
