"""The counts on the tabs: of the actor's tasks in one statement, of others in one for each tab."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, Scope, scope_of
from publisher.database.session import Base
from publisher.mailbox import quarantine
from publisher.models.emergency import Alert, EmergencyTemplate, EmergencyUse
from publisher.models.mailbox import Quarantine, ReceivedMail
from publisher.models.submissions import Submission
from publisher.models.tasks import Task
from publisher.people import confirmation, shared_addresses
from publisher.reports import emergency_conditions, live_mark, open_work
from publisher.reports.decision_board import COUNTED_FOR, decision_count
from publisher.reports.problems import to_count
from publisher.reports.submission_filters import in_sight
from publisher.reports.todo_rows import SOURCES
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind

_COMMENT_KINDS: Final = (TaskKind.COMMENT, TaskKind.COMMENT_UNROUTED)
_KINDS_OF_COUNT: Final[Mapping[str, Collection[TaskKind]]] = {
    "comments": (*_COMMENT_KINDS, TaskKind.ANSWER_FAILED),
}
"""The kinds of tasks of which a count has the subjects."""


@dataclass(frozen=True)
class Counts:
    """The count on each tab for this actor.

    `today` counts all tasks, one a post; `submissions` the visible open ones, `comments` those of
    the inbox's first view, `decisions` the lines of the board that need a person. `emergency`
    counts the open emergency work, which is part of Today and of the board; `overdue` the comments
    of Today whose deadline has passed; `alerts` what is on the tab of those on duty. `to_confirm`
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
        """The appointments, mails and addresses, which have lines of their own on Today."""
        return self.to_confirm + self.mails + self.addresses


@dataclass(frozen=True)
class Overview:
    """The counts that a page shows, and the mark by which it asks what has changed since."""

    counts: Counts
    mark: str


def overview_since(session: Session, mark: str, *, actor: Actor, now: datetime) -> Overview | None:
    """Return what there is to be seen if something that concerns the actor has changed, else None.

    A mark that is of another appointment, too old, or none of ours counts as a change.
    """
    if actor.role is None or live_mark.is_present(session, mark, actor=actor, now=now):
        return None
    return overview_of(session, actor=actor, now=now)


def overview_of(session: Session, *, actor: Actor, now: datetime) -> Overview:
    """Return the counts of the actor's tabs and the mark of the present."""
    if actor.role is None:
        return Overview(Counts(), "")
    counts = Counts(
        **_of_tasks(session, actor, now),
        **_of_emergencies(session, actor, now),
        submissions=_submissions(session, actor),
        decisions=_decisions(session, actor, now),
        to_confirm=confirmation.count_waiting_for(session, actor, now=now),
        mails=_mails(session, actor),
        addresses=_addresses(session, actor),
    )
    return Overview(counts, live_mark.mark_of_present(session, actor=actor, now=now))


def _of_tasks(session: Session, actor: Actor, now: datetime) -> dict[str, int]:
    """Return the counts of the actor's tasks by the names of the counts."""
    lines, subjects = (func.count(key.distinct()) for key in (open_tasks.LINE, open_tasks.SUBJECT))
    is_overdue = Task.kind.in_(_COMMENT_KINDS) & (Task.due_at < now)
    columns = {
        "today": lines.filter(Task.subject.in_(SOURCES)),
        "overdue": subjects.filter(is_overdue),
        **{name: subjects.filter(Task.kind.in_(kinds)) for name, kinds in _KINDS_OF_COUNT.items()},
    }
    query = select(*(column.label(name) for name, column in columns.items()))
    row = session.execute(query.where(open_tasks.is_waiting(actor, now=now))).mappings().one()
    return {name: row[name] for name in columns}


def _submissions(session: Session, actor: Actor) -> int:
    if scope_of(actor, Action.HAND_IN) is None:  # whoever only reads has no such tab
        return 0
    return _sum(session, _count(Submission, *in_sight(actor, by_index=False), open_work.is_open()))


def _decisions(session: Session, actor: Actor, now: datetime) -> int:
    if actor.role not in COUNTED_FOR:
        return 0
    return _sum(session, decision_count(actor, now=now), *to_count(actor))


def _mails(session: Session, actor: Actor) -> int:
    if scope_of(actor, Action.HAND_IN) is not Scope.ANY:
        return 0
    unread = _count(ReceivedMail, quarantine.is_unreadable())
    return _sum(session, _count(Quarantine, quarantine.is_waiting()), unread)


def _addresses(session: Session, actor: Actor) -> int:
    if scope_of(actor, Action.CONFIRM_APPOINTMENT) is None:
        return 0
    return shared_addresses.count_waiting_for(session, actor)


def _of_emergencies(session: Session, actor: Actor, now: datetime) -> dict[str, int]:
    """Return the counts of open emergency work, and whether the actor is on duty (0 or 1)."""
    alerts = _count(Alert, emergency_conditions.is_open_alert())
    takes = emergency_conditions.may_take(actor, now=now)
    emergency: ColumnElement[int] = case((takes, alerts), else_=0)
    for table, condition in (
        (EmergencyUse, emergency_conditions.wants_correction(actor, now=now)),
        (EmergencyUse, emergency_conditions.is_owed(actor, now=now)),
        (EmergencyTemplate, emergency_conditions.template_waits(actor, now=now)),
    ):
        emergency += _count(table, condition)
    on_duty = case((emergency_conditions.is_on_duty(actor, now=now), 1), else_=0)
    row = session.execute(select(alerts, emergency, on_duty)).one()
    return dict(zip(("alerts", "emergency", "on_duty"), row, strict=True))


def _count(table: type[Base], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(table).where(*conditions).scalar_subquery()


def _sum(session: Session, *counts: ColumnElement[int]) -> int:
    return sum(session.execute(select(*counts)).one())
