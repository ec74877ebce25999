"""What a task is before it is a row, and what a kind of subject has to answer about its tasks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from publisher.database.noted_changes import NotedChanges


class TaskKind(StrEnum):
    """The kinds of tasks that are rows."""

    COMMENT = "comment"
    COMMENT_UNROUTED = "comment_unrouted"
    ANSWER_FAILED = "answer_failed"
    TO_APPROVE = "to_approve"
    ANSWER_TO_APPROVE = "answer_to_approve"
    BLOCKED = "blocked"


class TaskQueue(StrEnum):
    """The queues of those roles of which everybody may act."""

    CELL = "cell"


class DueKind(StrEnum):
    """The meaning of a task's due time."""

    WISHED = "wished"
    USEFUL_UNTIL = "useful_until"
    ANSWER_BY = "answer_by"
    ASSIGN_BY = "assign_by"
    PLANNED = "planned"
    IN_FORCE = "in_force"


TaskKey = tuple[str, int, int | None, int | None, str | None]
"""Kind, subject's id, department, appointment and queue: what only one open task has."""


@dataclass(frozen=True)
class TaskSpec:
    """A task as its subject asks for it; exactly one of `appointment_id` and `queue` is set.

    `told_at` is set if a message of another kind has told of it already.
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
    told_at: datetime | None = None

    @property
    def key(self) -> TaskKey:
        """What only one open task of these subjects has."""
        return self.kind, self.subject_id, self.department_id, self.appointment_id, self.queue


@dataclass(frozen=True)
class SpecsOfSubjects:
    """The tasks that subjects have, and the ids of those that are to be settled first.

    `looks` has the next moment at which time alone changes the tasks of a subject, by its id.
    """

    specs: list[TaskSpec]
    unsettled_ids: list[int]
    looks: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class SubjectTasks:
    """What is asked about subjects of one table.

    - `ids_changed` returns the subjects that the noted changes concern.
    - `ids_in` returns the open subjects of departments, `ids_after` the next open ones by id.
    - `department_ids` selects the departments of subjects.
    - `settle` changes what people or time change in the subjects themselves.
    - `specs_of` returns the tasks that they have; it reads in a bounded number of statements.
    """

    table: str
    kinds: Collection[TaskKind]
    ids_changed: Callable[[Session, NotedChanges], Iterable[int]]
    ids_in: Callable[[Session, Collection[int]], Iterable[int]]
    ids_after: Callable[[Session, int, int], list[int]]
    department_ids: Callable[[Collection[int]], Select[Any]]
    settle: Callable[..., None]
    specs_of: Callable[..., SpecsOfSubjects]
