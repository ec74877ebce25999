"""A task before it is a row, and what each kind of subject has to answer about its tasks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, literal
from sqlalchemy.orm import Session

from publisher.database.noted_changes import NotedChanges


class TaskKind(StrEnum):
    """The kind of task; on Today each has its own sentence and button."""

    SUBMISSION = "submission"
    SUBMISSION_RETURNED = "submission_returned"
    NOTE = "note"
    POST_RETURNED = "post_returned"
    DRAFT = "draft"
    TO_SCHEDULE = "to_schedule"
    OUTLIVED = "outlived"  #: A text was not scheduled before the window passed.
    BLOCKED = "blocked"  #: Nobody in the department can approve it.
    TO_APPROVE = "to_approve"
    ANSWER_TO_APPROVE = "answer_to_approve"
    COMMENT_UNROUTED = "comment_unrouted"
    COMMENT = "comment"
    ANSWER_FAILED = "answer_failed"
    DELIVERY_HELD = "delivery_held"
    DELIVERY_MISSED = "delivery_missed"
    DELIVERY_FAILED = "delivery_failed"
    FOUND_GONE = "found_gone"
    FOUND_CHANGED = "found_changed"
    ACCOUNT_PAUSED = "account_paused"
    CREDITS_USED_UP = "credits_used_up"
    MERGER_DUE = "merger_due"
    CLOSING_DUE = "closing_due"
    TRANSFERS_UNCONFIRMED = "transfers_unconfirmed"
    TRANSFERS_HINDERED = "transfers_hindered"
    ALERT = "alert"
    USE_TO_CORRECT = "use_to_correct"
    USE_TO_RATIFY = "use_to_ratify"
    TEMPLATE_TO_APPROVE = "template_to_approve"
    MAIL_WAITING = "mail_waiting"
    MAIL_UNREADABLE = "mail_unreadable"


class TaskQueue(StrEnum):
    """The queues of roles in which everybody may act; a lead also has the cell's."""

    CELL = "cell"
    LEAD = "lead"
    ADMIN = "admin"


class DueKind(StrEnum):
    """The meaning of a task's due time."""

    WISHED = "wished"
    USEFUL_UNTIL = "useful_until"
    ANSWER_BY = "answer_by"
    ASSIGN_BY = "assign_by"
    PLANNED = "planned"
    IN_FORCE = "in_force"


TaskKey = tuple[str, int, int | None, int | None, str | None]
"""Kind, subject's id, department, appointment and queue, which identify one open task."""


@dataclass(frozen=True)
class TaskSpec:
    """A task as its subject requires it; exactly one of `appointment_id` and `queue` is set.

    `told_at` is set if a message of another kind has already reported it.
    """

    kind: TaskKind
    subject_id: int
    since_at: datetime
    department_id: int | None = None
    appointment_id: int | None = None
    queue: TaskQueue | None = None
    post_id: int | None = None
    due_at: datetime | None = None
    due_kind: DueKind | None = None
    is_urgent: bool = False
    told_at: datetime | None = None

    @property
    def key(self) -> TaskKey:
        """The values that identify one open task of these subjects."""
        return self.kind, self.subject_id, self.department_id, self.appointment_id, self.queue


@dataclass(frozen=True)
class SpecsOfSubjects:
    """The tasks of subjects, and the ids of the subjects that have to be settled first.

    `looks` has the next moment at which time alone changes the tasks of a subject, by its id.
    """

    specs: list[TaskSpec]
    unsettled_ids: Sequence[int] = ()
    looks: Mapping[int, datetime] = field(default_factory=dict)


def _none_depend(_session: Session, _noted: NotedChanges) -> Iterable[Select[int]]:
    return ()


def _settle_nothing(_session: Session, _ids: Collection[int], *, now: datetime) -> None:
    del now


@dataclass(frozen=True)
class SubjectTasks:
    """What is asked about subjects of one table.

    - `specs_of` returns the tasks that subjects have; it reads in a bounded number of statements.
    - `open_ids` selects the ids of all subjects that may have tasks; if subjects have
      departments, a row for each of them, with its id.
    - `depending` yields selects of subjects that depend on noted changes of the tables
      `depends_on`.
    - `settle` applies to the subjects themselves what people or time change in them.
    - `open_states` are those in which a subject may have tasks, if it has states.
    - `has_offices`: who has a task depends on who holds an office in the department.
    """

    table: str
    kinds: Collection[TaskKind]
    specs_of: Callable[..., SpecsOfSubjects]
    open_ids: Select[*tuple[Any, ...]]
    depends_on: Collection[str] = ()
    depending: Callable[[Session, NotedChanges], Iterable[Select[int]]] = _none_depend
    settle: Callable[..., None] = _settle_nothing
    open_states: Collection[StrEnum] = ()
    has_offices: bool = True

    def open_in(self, department_ids: Collection[int]) -> Select[Any]:
        """Select the ids of the open subjects of these departments."""
        subject_id, department_id = self._columns()
        query = self.open_ids.with_only_columns(subject_id)
        return query.where(department_id.in_(department_ids))

    def ids_after(self, session: Session, last_id: int, most: int) -> list[int]:
        """Return the ids of the next open subjects, in their order."""
        subject_id, _department_id = self._columns()
        ids = self.open_ids.with_only_columns(subject_id).distinct().where(subject_id > last_id)
        return list(session.scalars(ids.order_by(subject_id).limit(most)))

    def departments_of(self, ids: Collection[int]) -> Select[Any]:
        """Select the departments of the open subjects among these."""
        subject_id, department_id = self._columns()
        return self.open_ids.with_only_columns(department_id).where(subject_id.in_(ids))

    def _columns(self) -> tuple[ColumnElement[int], ColumnElement[int]]:
        subject_id, *department_ids = self.open_ids.selected_columns
        return subject_id, department_ids[0] if department_ids else literal(0)
