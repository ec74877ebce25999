"""What waits for whom: for each role the kinds of thing, each with the condition that finds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, exists, literal, or_

from approvals.policy import Action, Actor, Role, Scope, scope_of
from approvals.states import PostState
from publisher.models.comments import Comment
from publisher.models.deliveries import Account, Delivery
from publisher.models.departments import DepartmentChange, DepartmentChangeKind
from publisher.models.monitoring import Watch
from publisher.models.people import Appointment
from publisher.models.posts import Language, Post, PostKind
from publisher.models.submissions import Submission, SubmissionKind
from publisher.reports import external_changes, sql_conditions, sql_scheduling, unseen_notes
from publisher.reports.external_changes import FindingKind
from publisher.reports.sql_conditions import Condition
from publisher.reports.types import AccountName, Office, Who
from publisher.states import AccountState, CommentState, DeliveryState, SubmissionState
from publisher.working_time import local_day

Thing = (
    type[Submission]
    | type[Post]
    | type[Comment]
    | type[Delivery]
    | type[Account]
    | type[Watch]
    | type[DepartmentChange]
)


class WaitingKind(StrEnum):
    """What has to be done; each is one sentence and one button on the page."""

    SUBMISSION = "submission"
    SUBMISSION_RETURNED = "submission_returned"
    NOTE = "note"
    POST_RETURNED = "post_returned"
    DRAFT = "draft"
    TO_SCHEDULE = "to_schedule"
    BLOCKED = "blocked"
    TO_APPROVE = "to_approve"
    ANSWER_TO_APPROVE = "answer_to_approve"
    COMMENT_UNROUTED = "comment_unrouted"
    COMMENT = "comment"
    ANSWER_FAILED = "answer_failed"
    DELIVERY_HELD = "delivery_held"
    DELIVERY_MISSED = "delivery_missed"
    DELIVERY_FAILED = "delivery_failed"
    ACCOUNT_PAUSED = "account_paused"
    FOUND_GONE = "found_gone"
    FOUND_CHANGED = "found_changed"
    MERGER_DUE = "merger_due"
    CLOSING_DUE = "closing_due"


class DueKind(StrEnum):
    """What the due time of something that waits is."""

    WISHED = "wished"
    USEFUL_UNTIL = "useful_until"
    ANSWER_BY = "answer_by"
    ASSIGN_BY = "assign_by"
    PLANNED = "planned"
    IN_FORCE = "in_force"


@dataclass(frozen=True)
class Waiting:
    """One thing that waits, as plain values; what a kind has nothing of stays empty.

    `quote` is a citizen's own words, `text` ours. `code` says why (a delivery's reason, an
    account's). `by` is who handed in, or wrote the revision. `author` is the citizen.
    `called_urgent` is what the department itself calls so.
    """

    kind: WaitingKind
    subject: str
    subject_id: int
    path: str
    since_at: datetime
    due_at: datetime | None = None
    due_kind: DueKind | None = None
    urgent: bool = False
    called_urgent: bool = False
    title: str = ""
    quote: str = ""
    text: str = ""
    number: str = ""
    submission_kind: SubmissionKind | None = None
    department: Office | None = None
    revision: int | None = None
    languages: tuple[Language, ...] = ()
    platforms: tuple[str, ...] = ()
    account: AccountName | None = None
    author: str = ""
    by: Who | None = None
    code: str = ""


@dataclass(frozen=True)
class TodoKind:
    """One kind of thing that waits for the actor, and the condition on its table.

    `kinds` has further ones that are read in the same query, by what a row is or was found to be.
    """

    kind: WaitingKind
    about: Thing
    condition: Condition
    kinds: Mapping[object, WaitingKind] = field(default_factory=dict)

    def kind_of(self, row: object) -> WaitingKind:
        """What a row is that is known by its state or its kind."""
        return self.kinds.get(row, self.kind)


def todo_kinds_for(actor: Actor, *, now: datetime) -> list[TodoKind]:
    """Everything that can wait for this actor; nothing for those who only read."""
    match actor.role:
        case Role.CELL | Role.CELL_LEAD:
            return [*_at_the_cell(), *_for_the_lead(actor, now), *_found(actor, now)]
        case Role.OFFICER | Role.HEAD:
            return [
                *_of_the_submitter(actor),
                *_of_the_department(actor, now),
                *_found(actor, now),
            ]
        case Role.MEMBER:
            return list(_of_the_submitter(actor))
        case Role.ADMIN:
            paused = Account.state == AccountState.PAUSED
            return [TodoKind(WaitingKind.ACCOUNT_PAUSED, Account, paused), *_endings_due(now)]
        case _:
            return []


def _at_the_cell() -> Iterator[TodoKind]:
    received = Submission.state == SubmissionState.RECEIVED
    draft = (Post.kind == PostKind.POST) & (Post.state == PostState.DRAFT)
    unrouted = Comment.state == CommentState.RECEIVED
    returned = sql_conditions.returned()
    yield TodoKind(WaitingKind.SUBMISSION, Submission, received)
    yield TodoKind(WaitingKind.NOTE, Submission, unseen_notes.has_unseen_note())
    yield TodoKind(WaitingKind.POST_RETURNED, Post, draft & returned)
    yield TodoKind(WaitingKind.DRAFT, Post, draft & ~returned)
    yield TodoKind(WaitingKind.TO_SCHEDULE, Post, sql_scheduling.is_without_a_time())
    yield TodoKind(WaitingKind.COMMENT_UNROUTED, Comment, unrouted)
    yield TodoKind(WaitingKind.DELIVERY_FAILED, Delivery, sql_conditions.stands_still(), _MISSED)


_MISSED: Mapping[object, WaitingKind] = {DeliveryState.MISSED: WaitingKind.DELIVERY_MISSED}


def _for_the_lead(actor: Actor, now: datetime) -> Iterator[TodoKind]:
    """What only the lead may settle or mend; the staff see it on the board of decisions."""
    if scope_of(actor, Action.SETTLE_HELD) is Scope.ANY:
        yield TodoKind(WaitingKind.DELIVERY_HELD, Delivery, Delivery.state == DeliveryState.HELD)
    if scope_of(actor, Action.RECORD_OFFICER) is Scope.ANY:
        yield TodoKind(WaitingKind.BLOCKED, Post, sql_conditions.blocked(now=now))
    if scope_of(actor, Action.RECORD_DEPARTMENT) is Scope.ANY:
        yield from _endings_due(now)


def _endings_due(now: datetime) -> Iterator[TodoKind]:
    """Departments whose day to end has come, though something open keeps them."""
    due = and_(
        DepartmentChange.kind.in_(_ENDINGS),
        DepartmentChange.done_at.is_(None),
        DepartmentChange.dropped_at.is_(None),
        DepartmentChange.in_force_on <= local_day(now),
    )
    yield TodoKind(WaitingKind.MERGER_DUE, DepartmentChange, due, _ENDINGS)


_ENDINGS: Mapping[object, WaitingKind] = {
    DepartmentChangeKind.MERGED: WaitingKind.MERGER_DUE,
    DepartmentChangeKind.CLOSED: WaitingKind.CLOSING_DUE,
}


def _found(actor: Actor, now: datetime) -> Iterator[TodoKind]:
    """What others did to something of ours: for the cell, and the department's officers.

    It is the head's only where the department has no officer.
    """
    more = []
    if actor.role is Role.HEAD:
        more.append(~sql_conditions.officer_serves(Post.department_id.expression, now=now))
    found = external_changes.is_open_for(actor, *more)
    yield TodoKind(WaitingKind.FOUND_CHANGED, Watch, found, _GONE)


_GONE: Mapping[object, WaitingKind] = {FindingKind.GONE: WaitingKind.FOUND_GONE}


def _of_the_submitter(actor: Actor) -> Iterator[TodoKind]:
    """What was returned: to who handed it in, and to those who answer for the department.

    What the cell wrote down for the department waits for all of it.
    """
    at_the_desk = exists().where(
        Appointment.id == Submission.handed_in_under_id,
        Appointment.department_id != Submission.department_id,
    )
    mine = or_(Submission.handed_in_by_id == actor.person_id, at_the_desk)
    own = Submission.department_id == actor.department_id
    returned = (Submission.state == SubmissionState.RETURNED) & own
    if actor.role is Role.MEMBER:
        returned &= mine
    yield TodoKind(WaitingKind.SUBMISSION_RETURNED, Submission, returned)


def _of_the_department(actor: Actor, now: datetime) -> Iterator[TodoKind]:
    head = actor.role is Role.HEAD
    to_approve = _to_approve(actor, now)
    mine = sql_conditions.is_with(actor.appointment_id, actor.department_id, head=head, now=now)
    own = [] if actor.department_id is None else [actor.department_id]
    held = and_(Delivery.state == DeliveryState.HELD, *sql_conditions.of_department(own))
    stuck = and_(sql_conditions.stands_still(), sql_conditions.answers(mine))
    yield TodoKind(WaitingKind.TO_APPROVE, Post, to_approve & (Post.kind == PostKind.POST))
    yield TodoKind(WaitingKind.ANSWER_TO_APPROVE, Post, to_approve & (Post.kind == PostKind.REPLY))
    yield TodoKind(WaitingKind.COMMENT, Comment, mine & ~sql_conditions.answer_given())
    yield TodoKind(WaitingKind.ANSWER_FAILED, Delivery, stuck)
    yield TodoKind(WaitingKind.DELIVERY_HELD, Delivery, held)


def _to_approve(actor: Actor, now: datetime) -> Condition:
    """The actor's department is asked, and four eyes do not keep the actor from it.

    It is the head's only where the department has no officer who can approve it.
    """
    asked, bound = (
        sql_conditions.asked_department(),
        sql_conditions.is_bound(literal(actor.person_id or 0)),
    )
    wanted = [asked == actor.department_id, ~bound]
    if scope_of(actor, Action.APPROVE) is Scope.STANDING_IN:
        wanted.append(~sql_conditions.officer_serves(asked, now=now, unbound=True))
        wanted.append(sql_conditions.unbound_head_serves(asked, now=now))
    return sql_conditions.approval_wanted(*wanted, now=now)
