"""The kinds of open tasks of each role, with the SQL condition that finds each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, exists, or_

from approvals.policy import Action, Actor, Role, Scope, scope_of
from approvals.states import PostState
from publisher.delivery import platform_credits
from publisher.models.comments import Comment
from publisher.models.deliveries import Account, Delivery
from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.models.monitoring import Watch
from publisher.models.people import Appointment
from publisher.models.posts import Language, Post, PostKind
from publisher.models.submissions import Submission
from publisher.models.transfers import TransferList
from publisher.reports import (
    external_changes,
    sql_conditions,
    sql_scheduling,
    unseen_notes,
)
from publisher.reports.external_changes import FindingKind
from publisher.reports.sql_basics import is_one_of
from publisher.reports.sql_conditions import Condition
from publisher.reports.types import AccountName, Office, Who
from publisher.states import STUCK, AccountState, DeliveryState, SubmissionState
from publisher.tasks import open_tasks
from publisher.tasks.specs import DueKind, TaskKind
from publisher.working_time import local_day

Thing = (
    type[Submission]
    | type[Post]
    | type[Comment]
    | type[Delivery]
    | type[Account]
    | type[Watch]
    | type[DepartmentChange]
    | type[TransferList]
)


@dataclass(frozen=True)
class Waiting:
    """A task as plain values; fields that its kind does not use stay empty.

    `quote` is a citizen's or a department's text, `text` ours. `code` is the reason of a delivery
    or an account. `by` handed in the submission or wrote the revision, `holder` has taken it.
    `author` is the citizen, who wrote at `written_at`. `called_urgent` is true if the department
    marked it as urgent.
    `post_id` is the post of which it is a part; `parts` are all the tasks of that post, if there
    are several. `ends_at` is the end of a post's window.
    """

    kind: TaskKind
    subject: str
    subject_id: int
    path: str
    since_at: datetime
    due_at: datetime | None = None
    due_kind: DueKind | None = None
    urgent: bool = False
    called_urgent: bool = False
    written_at: datetime | None = None
    title: str = ""
    quote: str = ""
    text: str = ""
    number: str = ""
    department: Office | None = None
    revision: int | None = None
    languages: tuple[Language, ...] = ()
    platforms: tuple[str, ...] = ()
    account: AccountName | None = None
    author: str = ""
    by: Who | None = None
    holder: Who | None = None
    code: str = ""
    post_id: int | None = None
    ends_at: datetime | None = None
    parts: tuple[Waiting, ...] = ()


@dataclass(frozen=True)
class TodoKind:
    """A kind of task for an actor, with the condition on its table.

    `kinds` maps states or kinds of rows to further kinds that the same query reads.
    """

    kind: TaskKind
    about: Thing
    condition: Condition
    kinds: Mapping[object, TaskKind] = field(default_factory=dict)

    def kind_of(self, row: object) -> TaskKind:
        """Return the kind of a row by its state or kind."""
        return self.kinds.get(row, self.kind)


def todo_kinds_for(actor: Actor, *, now: datetime) -> list[TodoKind]:
    """Return the kinds of tasks this actor can have; none for roles that only read."""
    match actor.role:
        case Role.CELL | Role.CELL_LEAD:
            return [*_at_the_cell(actor), *_for_the_lead(actor, now), *_findings(actor, now)]
        case Role.OFFICER | Role.HEAD:
            return [
                *_of_the_submitter(actor),
                *_of_the_department(actor),
                *_findings(actor, now),
            ]
        case Role.MEMBER:
            return list(_of_the_submitter(actor))
        case Role.ADMIN:
            paused = Account.state == AccountState.PAUSED
            unpaid = (Account.state == AccountState.CONNECTED) & platform_credits.are_used_up()
            accounts = TodoKind(TaskKind.ACCOUNT_PAUSED, Account, paused)
            no_credits = TodoKind(TaskKind.CREDITS_USED_UP, Account, unpaid)
            return [accounts, no_credits, *_endings_due(now), _transfers_due(now)]
        case _:
            return []


def _at_the_cell(actor: Actor) -> Iterator[TodoKind]:
    unrouted = Comment.id.in_(open_tasks.subjects(actor, TaskKind.COMMENT_UNROUTED))
    received = Submission.state == SubmissionState.RECEIVED
    draft = (Post.kind == PostKind.POST) & (Post.state == PostState.DRAFT)
    returned = sql_conditions.returned()
    yield TodoKind(TaskKind.SUBMISSION, Submission, received)
    yield TodoKind(TaskKind.NOTE, Submission, unseen_notes.has_unseen_note())
    yield TodoKind(TaskKind.POST_RETURNED, Post, draft & returned)
    yield TodoKind(TaskKind.DRAFT, Post, draft & ~returned)
    yield TodoKind(TaskKind.TO_SCHEDULE, Post, sql_scheduling.is_without_a_time())
    yield TodoKind(TaskKind.COMMENT_UNROUTED, Comment, unrouted)
    yield TodoKind(TaskKind.DELIVERY_FAILED, Delivery, sql_conditions.stands_still(), _MISSED)


_MISSED: Mapping[object, TaskKind] = {DeliveryState.MISSED: TaskKind.DELIVERY_MISSED}


def _for_the_lead(actor: Actor, now: datetime) -> Iterator[TodoKind]:
    """Yield the tasks that only the lead may settle."""
    if scope_of(actor, Action.SETTLE_HELD) is Scope.ANY:
        yield TodoKind(TaskKind.DELIVERY_HELD, Delivery, Delivery.state == DeliveryState.HELD)
    if scope_of(actor, Action.RECORD_OFFICER) is Scope.ANY:
        yield TodoKind(TaskKind.BLOCKED, Post, sql_conditions.is_blocked())
    if scope_of(actor, Action.RECORD_DEPARTMENT) is Scope.ANY:
        yield from _endings_due(now)
        yield _transfers_due(now)


def _endings_due(now: datetime) -> Iterator[TodoKind]:
    """Yield departments whose day of merger or closing has come and that are still open."""
    due = and_(
        DepartmentChange.kind.in_(_ENDINGS),
        DepartmentChange.done_at.is_(None),
        DepartmentChange.dropped_at.is_(None),
        DepartmentChange.in_force_on <= local_day(now),
    )
    yield TodoKind(TaskKind.MERGER_DUE, DepartmentChange, due, _ENDINGS)


def _transfers_due(now: datetime) -> TodoKind:
    """Return the lists whose day has come, and that nobody confirmed or something hinders."""
    due = and_(
        TransferList.done_at.is_(None),
        TransferList.dropped_at.is_(None),
        TransferList.in_force_on <= local_day(now),
        or_(TransferList.confirmed_at.is_(None), TransferList.hindered_at.is_not(None)),
    )
    return TodoKind(TaskKind.TRANSFERS_UNCONFIRMED, TransferList, due, _CONFIRMED)


_CONFIRMED: Mapping[object, TaskKind] = {True: TaskKind.TRANSFERS_HINDERED}


_ENDINGS: Mapping[object, TaskKind] = {
    DepartmentChangeKind.MERGED: TaskKind.MERGER_DUE,
    DepartmentChangeKind.CLOSED: TaskKind.CLOSING_DUE,
}


def _findings(actor: Actor, now: datetime) -> Iterator[TodoKind]:
    """Yield open external changes, for the cell and the department's officers.

    The head gets them only if the department has no officer.
    """
    more = []
    if actor.role is Role.HEAD:
        more.append(~sql_conditions.officer_serves(Post.department_id.expression, now=now))
    is_open_finding = external_changes.is_open_for(actor, *more)
    yield TodoKind(TaskKind.FOUND_CHANGED, Watch, is_open_finding, _GONE)


_GONE: Mapping[object, TaskKind] = {FindingKind.GONE: TaskKind.FOUND_GONE}


def _of_the_submitter(actor: Actor) -> Iterator[TodoKind]:
    """Yield returned submissions: for their submitter and the department's approvers.

    Submissions that the cell recorded for the department, or that came by mail from an address of
    nobody's own, go to all of its people.
    """
    at_the_desk = exists().where(
        Appointment.id == Submission.handed_in_under_id,
        Appointment.department_id != Submission.department_id,
    )
    is_nobodys = Submission.handed_in_by_id.is_(None)
    mine = or_(Submission.handed_in_by_id == actor.person_id, is_nobodys, at_the_desk)
    is_of_department = Submission.department_id == actor.department_id
    returned = (Submission.state == SubmissionState.RETURNED) & is_of_department
    if actor.role is Role.MEMBER:
        returned &= mine
    yield TodoKind(TaskKind.SUBMISSION_RETURNED, Submission, returned)


def _of_the_department(actor: Actor) -> Iterator[TodoKind]:
    to_answer = Comment.id.in_(open_tasks.subjects(actor, TaskKind.COMMENT))
    own_department_ids = [] if actor.department_id is None else [actor.department_id]
    is_held = and_(
        Delivery.state == DeliveryState.HELD, *sql_conditions.of_department(own_department_ids)
    )
    failed = open_tasks.posts(actor, TaskKind.ANSWER_FAILED)
    stuck = and_(Delivery.post_id.in_(failed), is_one_of(Delivery.state, STUCK))
    to_approve = Post.id.in_(open_tasks.subjects(actor, TaskKind.TO_APPROVE))
    answer_to_approve = Post.id.in_(open_tasks.subjects(actor, TaskKind.ANSWER_TO_APPROVE))
    yield TodoKind(TaskKind.TO_APPROVE, Post, to_approve)
    yield TodoKind(TaskKind.ANSWER_TO_APPROVE, Post, answer_to_approve)
    yield TodoKind(TaskKind.COMMENT, Comment, to_answer)
    yield TodoKind(TaskKind.ANSWER_FAILED, Delivery, stuck)
    yield TodoKind(TaskKind.DELIVERY_HELD, Delivery, is_held)
