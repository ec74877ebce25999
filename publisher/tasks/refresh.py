"""Write the difference between the open tasks of subjects and those that they have now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice, zip_longest
from typing import Final

from sqlalchemy import Insert, Select, literal, or_, select, union, update
from sqlalchemy.orm import Session

from publisher.database.advisory_locks import TASKS, lock_numbers
from publisher.database.bulk import bulk_insert, bulk_update, insert_for
from publisher.database.noted_changes import NotedChanges, take_noted
from publisher.database.session import AnyRow
from publisher.models.approvals import Absence
from publisher.models.people import Appointment, Department, Person
from publisher.models.tasks import Task, TaskChange
from publisher.tasks import looks
from publisher.tasks.specs import SubjectTasks, TaskKey, TaskSpec
from publisher.tasks.subjects.accounts import ACCOUNTS
from publisher.tasks.subjects.alerts import ALERTS
from publisher.tasks.subjects.comments import COMMENTS
from publisher.tasks.subjects.deliveries import DELIVERIES
from publisher.tasks.subjects.department_changes import DEPARTMENT_CHANGES
from publisher.tasks.subjects.drafts import DRAFTS
from publisher.tasks.subjects.emergency_templates import EMERGENCY_TEMPLATES
from publisher.tasks.subjects.emergency_uses import EMERGENCY_USES
from publisher.tasks.subjects.mails import QUARANTINES, RECEIVED_MAILS
from publisher.tasks.subjects.reviews import REVIEWS
from publisher.tasks.subjects.submissions import SUBMISSIONS
from publisher.tasks.subjects.transfer_lists import TRANSFER_LISTS
from publisher.tasks.subjects.watches import WATCHES

SUBJECTS: Final[Sequence[SubjectTasks]] = (
    *(COMMENTS, REVIEWS, DRAFTS, DELIVERIES, SUBMISSIONS),
    *(WATCHES, DEPARTMENT_CHANGES, TRANSFER_LISTS, ACCOUNTS),
    *(ALERTS, EMERGENCY_USES, EMERGENCY_TEMPLATES, QUARANTINES, RECEIVED_MAILS),
)
"""All subjects that have tasks."""

_TABLES: Final = {kind: subject.table for subject in SUBJECTS for kind in subject.kinds}
"""The table of the subjects of each kind."""

AT_ONCE: Final = 500
"""The number of subjects that are computed together."""

_WATCHED: Final = ("since_at", "due_at", "due_kind", "is_urgent", "post_id")
"""The columns of an open row that follow its subject."""


@dataclass(frozen=True)
class Difference:
    """The difference between the open tasks of some subjects and those that they should have."""

    missing: Sequence[TaskSpec]
    changed: Sequence[tuple[AnyRow, TaskSpec]]
    left_over: Sequence[AnyRow]

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.left_over)


@dataclass(frozen=True)
class ChangedSubjects:
    """The subjects that changes concern, and the departments of changed people.

    `closed_ids` are those that were moved into a state without tasks.
    """

    ids: Mapping[SubjectTasks, Collection[int]]
    department_ids: Collection[int]
    closed_ids: Mapping[SubjectTasks, Collection[int]]

    def __bool__(self) -> bool:
        return bool(self.department_ids) or any(self.ids.values())


def find_changed_subjects(session: Session, noted: NotedChanges) -> ChangedSubjects:
    """Return the subjects that the noted, flushed changes concern."""
    ids = {subject: {*noted.ids.get(subject.table, ())} for subject in SUBJECTS}
    closed_ids = {subject: _ids_to_close(subject, noted) for subject in SUBJECTS if ids[subject]}
    tables = {*noted.ids}
    depending = [
        query.add_columns(literal(at))
        for at, subject in enumerate(SUBJECTS)
        if not tables.isdisjoint(subject.depends_on)
        for query in subject.depending(session, noted)
    ]
    if depending:
        for subject_id, at in session.execute(union(*depending)):
            ids[SUBJECTS[at]].add(subject_id)
    return ChangedSubjects(ids, _departments_with_changes(session, noted), closed_ids)


def _ids_to_close(subject: SubjectTasks, noted: NotedChanges) -> set[int]:
    if not subject.open_states:
        return set()
    return {
        key
        for (table, key), state in noted.states.items()
        if table == subject.table and state not in subject.open_states
    }


def refresh_changed(session: Session, changed: ChangedSubjects, *, now: datetime) -> None:
    """Refresh the tasks of these subjects, and of the open ones of the departments."""
    refresh(
        session,
        changed.ids,
        department_ids=changed.department_ids,
        closed_ids=changed.closed_ids,
        now=now,
    )
    if changed.department_ids:
        looks.store_department_looks(session, changed.department_ids, now=now)


def _departments_with_changes(session: Session, noted: NotedChanges) -> set[int]:
    """Return the departments where an office, or somebody who holds one, was changed."""
    department_ids, appointment_ids, person_ids, absence_ids = (
        noted.ids.get(table.__tablename__, set())
        for table in (Department, Appointment, Person, Absence)
    )
    if not (appointment_ids or person_ids or absence_ids):
        return department_ids
    absent = select(Absence.person_id).where(Absence.id.in_(absence_ids))
    query = select(Appointment.department_id).where(
        Appointment.role.in_(looks.OFFICES),
        or_(
            Appointment.id.in_(appointment_ids),
            Appointment.person_id.in_(person_ids),
            Appointment.person_id.in_(absent),
            # People confirmed by one of the staff may not approve what that one's recorders wrote.
            Appointment.confirmed_under_id.in_(appointment_ids),
        ),
    )
    return {*department_ids, *session.scalars(query)}


def refresh(
    session: Session,
    ids: Mapping[SubjectTasks, Collection[int]],
    *,
    now: datetime,
    department_ids: Collection[int] = (),
    closed_ids: Mapping[SubjectTasks, Collection[int]] | None = None,
    told_at: datetime | None = None,
) -> None:
    """Write the tasks of these subjects, and of the open ones of departments.

    It holds the locks of their departments until the transaction ends. Subjects in `closed_ids`
    have no tasks. `told_at` is set in new rows of which nobody is to be notified.
    """
    if not (department_ids or any(ids.values())):
        return
    all_ids = {subject: set(ids.get(subject, ())) for subject in SUBJECTS}
    # A review asks other departments too: what is open is read before the locks and under them.
    open_subjects = set(_open_subjects(session, department_ids))
    while True:
        for subject, subject_id in open_subjects:
            all_ids[subject].add(subject_id)
        _lock_departments(session, all_ids, department_ids)
        if open_subjects.issuperset(locked := set(_open_subjects(session, department_ids))):
            break
        open_subjects |= locked
    if department_ids:
        for subject, subject_ids in all_ids.items():
            for chunk in chunks(sorted(subject_ids)):
                subject.settle(session, chunk, now=now)
    for batch in zip_longest(*(chunks(sorted(all_ids[subject])) for subject in SUBJECTS)):
        batch_ids = {
            subject: chunk for subject, chunk in zip(SUBJECTS, batch, strict=True) if chunk
        }
        specs = [
            spec
            for subject, chunk in batch_ids.items()
            if (open_ids := sorted({*chunk} - {*(closed_ids or {}).get(subject, ())}))
            for spec in _settle_specs(session, subject, open_ids, now=now)
        ]
        if to_write := difference(session, batch_ids, specs):
            _write(session, to_write, now=now, told_at=told_at)
    if (settled := take_noted(session)) is not None:
        refresh(session, find_changed_subjects(session, settled).ids, now=now, told_at=told_at)


def _open_subjects(
    session: Session, department_ids: Collection[int]
) -> Iterator[tuple[SubjectTasks, int]]:
    """Yield the open subjects of these departments that depend on their offices."""
    if department_ids:
        of_subjects = (
            subject.open_in(department_ids).add_columns(literal(at))
            for at, subject in enumerate(SUBJECTS)
            if subject.has_offices
        )
        for subject_id, at in session.execute(union(*of_subjects)):
            yield SUBJECTS[at], subject_id


def _lock_departments(
    session: Session,
    ids: Mapping[SubjectTasks, Collection[int]],
    department_ids: Collection[int],
) -> None:
    """Lock the departments of the subjects, and those that their open tasks name."""
    if session.connection().dialect.name == "sqlite":  # which has one writer
        return
    queries: list[Select[int | None]] = []
    for subject, subject_ids in ids.items():
        if subject_ids:
            former = select(Task.department_id).where(
                Task.subject == subject.table,
                Task.subject_id.in_(subject_ids),
                Task.closed_at.is_(None),
            )
            queries += [former, subject.departments_of(subject_ids)]
    named = session.scalars(union(*queries)) if queries else ()
    lock_numbers(session, TASKS, {*department_ids, *(number or 0 for number in named)})


def _settle_specs(
    session: Session, subject: SubjectTasks, ids: Sequence[int], *, now: datetime
) -> list[TaskSpec]:
    """Return the tasks of these subjects, after settling what can be settled."""
    present = subject.specs_of(session, ids, now=now)
    if present.unsettled_ids:
        subject.settle(session, present.unsettled_ids, now=now)
        present = subject.specs_of(session, ids, now=now)
        # Another transaction has locked them, and may roll back: the next tick looks again.
        looks.look_now(session, subject.table, present.unsettled_ids, now=now)
    if present.looks:
        looks.store_changed(session, subject.table, present.looks, now=now)
    return present.specs


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Yield the ids in batches, because a statement takes only a limited number."""
    rest = iter(ids)
    while chunk := list(islice(rest, AT_ONCE)):
        yield chunk


def difference(
    session: Session, ids: Mapping[SubjectTasks, Collection[int]], specs: Iterable[TaskSpec]
) -> Difference:
    """Compare the open tasks of these subjects with those that they have."""
    specs_by_key = {spec.key: spec for spec in specs}
    open_tasks = _open_tasks(session, ids)
    return Difference(
        missing=[spec for key, spec in specs_by_key.items() if key not in open_tasks],
        changed=[
            (task, specs_by_key[key])
            for key, task in open_tasks.items()
            if key in specs_by_key and _values(task) != _values(specs_by_key[key])
        ],
        left_over=[task for key, task in open_tasks.items() if key not in specs_by_key],
    )


def _open_tasks(
    session: Session, ids: Mapping[SubjectTasks, Collection[int]]
) -> dict[TaskKey, AnyRow]:
    """Return the open rows of known kinds; those of a newer release stay as they are."""
    names = ("id", "kind", "subject_id", "department_id", "appointment_id", "queue", *_WATCHED)
    of_subjects = (
        (Task.subject == subject.table)
        & Task.subject_id.in_(subject_ids)
        & Task.kind.in_(subject.kinds)
        for subject, subject_ids in ids.items()
    )
    query = select(*(getattr(Task, name) for name in names))
    query = query.where(Task.closed_at.is_(None), or_(*of_subjects))
    return {
        (task.kind, task.subject_id, task.department_id, task.appointment_id, task.queue): task
        for task in session.execute(query)
    }


def _values(task: AnyRow | TaskSpec) -> tuple[object, ...]:
    return tuple(getattr(task, name) for name in _WATCHED)


def _write(
    session: Session, to_write: Difference, *, now: datetime, told_at: datetime | None
) -> None:
    change_id = _next_change(session)
    if to_write.left_over:
        ids = [task.id for task in to_write.left_over]
        closing = update(Task).where(Task.id.in_(ids), Task.closed_at.is_(None))
        session.execute(
            closing.values(closed_at=now, change_id=change_id),
            execution_options={"synchronize_session": False},
        )
    if to_write.changed:
        changed = [
            {"id": task.id, "change_id": change_id, **_columns(spec)}
            for task, spec in to_write.changed
        ]
        bulk_update(session, Task, changed)
    if to_write.missing:
        rows = [
            {
                "kind": spec.kind.value,
                "subject": _TABLES[spec.kind],
                "subject_id": spec.subject_id,
                "department_id": spec.department_id,
                "appointment_id": spec.appointment_id,
                "queue": spec.queue,
                "told_at": spec.told_at or told_at,
                "reminded_at": told_at,
                "change_id": change_id,
                **_columns(spec),
            }
            for spec in to_write.missing
        ]
        bulk_insert(session, Task, rows)


def _columns(spec: TaskSpec) -> Mapping[str, object]:
    return {name: getattr(spec, name) for name in _WATCHED}


def _next_change(session: Session) -> int:
    """Return the next number of a change; the row that holds it is locked until the commit.

    So numbers become visible in order, and a reader that has seen one has missed none before it.
    """
    statement = _increment_change(session.connection().dialect.name)
    return int(session.execute(statement).scalar_one())


#: INSERT INTO task_changes (id, number) VALUES (1, 1)
#: ON CONFLICT (id) DO UPDATE SET number = task_changes.number + 1 RETURNING number
@cache
def _increment_change(dialect: str) -> Insert:
    first = insert_for(dialect, TaskChange).values(id=1, number=1)
    counted = first.on_conflict_do_update(
        index_elements=["id"], set_={"number": TaskChange.number + 1}
    )
    return counted.returning(TaskChange.number)
