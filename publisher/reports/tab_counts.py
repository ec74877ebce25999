"""The counts on the tabs: one statement for the actor's tasks, and one for each other tab."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, scope_of
from publisher.database.session import Base
from publisher.emergency import alerts
from publisher.models.departments import DepartmentAddress
from publisher.models.emergency import Alert, EmergencyUse
from publisher.models.submissions import Submission
from publisher.models.tasks import Task
from publisher.people import confirmation, recorders, roster, shared_addresses
from publisher.reports import live_mark, open_work
from publisher.reports.decision_board import COUNTED_FOR, decision_count
from publisher.reports.emergency_work import OWN_KINDS, is_to_correct
from publisher.reports.problems import number_columns
from publisher.reports.submission_filters import sight_conditions
from publisher.reports.todo_rows import SOURCES
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind

_COMMENT_KINDS: Final = (TaskKind.COMMENT, TaskKind.COMMENT_UNROUTED)
_MAIL_KINDS: Final = (TaskKind.MAIL_WAITING, TaskKind.MAIL_UNREADABLE)


@dataclass(frozen=True)
class Counts:
    """The count on each tab for this actor.

    `today` counts all tasks, one per post; `submissions` the visible open ones, `comments` those of
    the inbox's first view, `decisions` the lines of the board that need a person. `emergency`
    counts the open emergency work, which is part of Today and of the board; `overdue` the comments
    of Today whose deadline has passed; `alerts` the rows on the tab of those on duty. `to_confirm`
    counts the appointments that the actor may confirm, and `mails` those that wait for the Cell,
    `addresses` the shared addresses to confirm; all are on Today too.
    """

    today: int = 0
    submissions: int = 0
    decisions: int = 0
    comments: int = 0
    emergency: int = 0
    overdue: int = 0
    alerts: int = 0
    on_duty: int = 0
    to_confirm: int = 0
    mails: int = 0
    addresses: int = 0

    @property
    def about_people(self) -> int:
        """The appointments, mails and addresses, which have separate lines on Today."""
        return self.to_confirm + self.mails + self.addresses


@dataclass(frozen=True)
class Overview:
    """The counts that a page shows, and the mark with which it asks what has changed since."""

    counts: Counts
    mark: str


def overview_since(session: Session, mark: str, *, actor: Actor, now: datetime) -> Overview | None:
    """Return the overview if something that concerns the actor has changed, else None.

    A mark that is of another appointment, too old, or not one of ours counts as a change.
    """
    if actor.role is None or live_mark.is_present(session, mark, actor=actor, now=now):
        return None
    return overview_of(session, actor=actor, now=now)


def overview_of(session: Session, *, actor: Actor, now: datetime) -> Overview:
    """Return the counts of the actor's tabs and the present mark, in three statements."""
    if actor.role is None:
        return Overview(Counts(), "")
    counts, mark = _counts_and_mark(session, actor, now)
    counts |= _task_counts(session, actor, now)
    return Overview(Counts(**counts, submissions=_submissions(session, actor)), mark)


def _task_counts(session: Session, actor: Actor, now: datetime) -> dict[str, int]:
    """Return the counts of the actor's tasks, and those of emergencies, by name."""
    lines, subjects = (func.count(key.distinct()) for key in (open_tasks.LINE, open_tasks.SUBJECT))
    to_correct = _count(EmergencyUse, is_to_correct(actor, now=now))
    columns = {
        "today": lines.filter(Task.subject.in_(SOURCES)),
        "overdue": subjects.filter(Task.kind.in_(_COMMENT_KINDS) & (Task.due_at < now)),
        "comments": subjects.filter(Task.kind.in_((*_COMMENT_KINDS, TaskKind.ANSWER_FAILED))),
        "mails": subjects.filter(Task.kind.in_(_MAIL_KINDS)),
        "emergency": subjects.filter(Task.kind.in_(OWN_KINDS)) + to_correct,
        "alerts": _count(Alert, alerts.is_open()),
        "on_duty": case((roster.has_duty(actor.person_id, now=now), 1), else_=0),
    }
    query = select(*(column.label(name) for name, column in columns.items()))
    row = session.execute(query.where(open_tasks.is_waiting(actor, now=now))).mappings().one()
    return {name: row[name] for name in columns}


def _submissions(session: Session, actor: Actor) -> int:
    if scope_of(actor, Action.HAND_IN) is None:  # a role that only reads has no such tab
        return 0
    count = _count(Submission, *sight_conditions(actor, by_index=False), open_work.is_open())
    return session.execute(select(count)).scalar_one()


def _counts_and_mark(session: Session, actor: Actor, now: datetime) -> tuple[dict[str, int], str]:
    """Return the counts of decisions and confirmations to make, and the mark."""
    columns = {"decisions": _NONE, "to_confirm": _NONE, "addresses": _NONE}
    if actor.role in COUNTED_FOR:
        columns["decisions"] = sum(number_columns(actor), decision_count(actor, now=now))
    if scope_of(actor, Action.CONFIRM_APPOINTMENT) is not None:
        columns["to_confirm"] = confirmation.count_within_reach(actor, now=now)
        columns["addresses"] = _count(DepartmentAddress, shared_addresses.is_confirmable(actor))
    query = select(*columns.values(), *live_mark.columns(actor))
    *values, last_id, number, change = session.execute(query).one()
    counts = dict(zip(columns, values, strict=True))
    # Nobody may confirm what their own hand recorded; mostly nothing waits.
    if counts["to_confirm"]:
        counts["to_confirm"] = confirmation.count_confirmable(session, actor, now=now)
    if counts["addresses"] and len(recorders.ids_to_bar(session, actor)) > 1:
        counts["addresses"] = shared_addresses.count_confirmable(session, actor)
    return counts, live_mark.make_mark(actor, last_id, number, change, now=now)


_NONE: Final[ColumnElement[int]] = literal(0)


def _count(table: type[Base], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(table).where(*conditions).scalar_subquery()
