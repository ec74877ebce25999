"""The counts on the tabs and the mark of what a page has shown, read in one query.

A page that stays open sends its mark back, and is told the counts anew only if the history has an
event that concerns its reader and that the page does not show yet, or if the mark is old, since
time alone changes counts too. The mark names the appointment, the event after which it counts, the
number of events after it that concern the reader, the last change of the reader’s tasks, and the
second in which it was made.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    union,
)
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, Role, Scope, scope_of
from publisher.database.session import Base, Key
from publisher.mailbox import quarantine
from publisher.models.comments import Comment, Routing
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.departments import DepartmentAddress
from publisher.models.emergency import Alert, EmergencyTemplate, EmergencyUse
from publisher.models.history import Event
from publisher.models.mailbox import Quarantine, ReceivedMail
from publisher.models.monitoring import Watch
from publisher.models.posts import Post, Revision, RevisionDepartment
from publisher.models.submissions import Submission
from publisher.people import confirmation, recorders, shared_addresses
from publisher.reports import emergency_conditions, inbox_list, open_work
from publisher.reports.decision_board import COUNTED_FOR, decision_count
from publisher.reports.problems import to_count
from publisher.reports.role_queries import MOMENT, RoleQuery, anybody
from publisher.reports.sql_basics import has
from publisher.reports.submission_filters import in_sight
from publisher.reports.todo_kinds import TodoKind, todo_kinds_for
from publisher.states import NoticeState
from publisher.tasks import open_tasks
from publisher.validation import departments_in_sight

LATE = 100
"""Events before the last that a mark counts too: one with a smaller id may be committed later."""

OLDEST = 400
"""Events that a mark may be behind. An older mark is answered with a new one."""

LONGEST_AGE = timedelta(minutes=10)
"""How long a page may go on without a count: deadlines, windows, days and duties end without event.

Counting anew this often costs less than asking everybody's next deadline each time.
"""

_MARK = re.compile(r"(\d{1,18})-(\d{1,18})-(\d{1,18})-(\d{1,18})-(\d{1,12})", re.ASCII)
_OF_EVERYBODY = (
    "absences",
    "accounts",
    "alerts",
    "appointments",
    "duties",
    "emergency_templates",
    "emergency_uses",
    "freezes",
    "stops",
)
"""The subjects whose events concern everybody in office; they are few."""

_SUBJECTS = ("submissions", "posts", "deliveries")
_READ = (*_SUBJECTS, "comments")
"""The subjects of those who only read; comments of all others are tasks."""
_MAILS = ("quarantines", "received_mails")


@dataclass(frozen=True)
class Counts:
    """The count on each tab for this actor.

    `today` counts all tasks, one a post; `submissions` the visible open ones, `comments` those of
    the inbox's first view, `decisions` the lines of the board that need a person. `emergency`
    counts the open emergency work, which is part of Today and of the board; `overdue` the comments
    of Today whose deadline has passed, if they were asked for; `alerts` what is on the tab of those
    on duty. `to_confirm` counts the appointments that the actor may confirm, and `mails` those that
    wait for the Cell, `addresses` the shared addresses to confirm; all are on Today too.
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
    if actor.role is None or _is_present(session, mark, actor, now):
        return None
    return overview_of(session, actor=actor, now=now)


def overview_of(
    session: Session, *, actor: Actor, now: datetime, with_overdue: bool = False
) -> Overview:
    """Return the counts of the actor's tabs and the mark of the present.

    They are one query, but for the appointments to confirm.
    """
    if actor.role is None:
        return Overview(Counts(), "")
    tabs, query = _count_query(actor.role, with_overdue)
    last_id, number, change, *counts = query.execute(session, actor=actor, now=now).one()
    sums: Counter[str] = Counter()
    for tab, count in zip(tabs, counts, strict=True):
        sums[tab] += count
    # Those of the actor's own hand are none of them; nearly everybody is a hand alone.
    if sums["addresses"] and len(recorders.barred_ids(session, actor)) > 1:
        sums["addresses"] = shared_addresses.count_waiting_for(session, actor)
    sums["to_confirm"] = confirmation.count_waiting_for(session, actor, now=now)
    start, made_at = max(0, last_id - LATE), int(now.timestamp())
    parts = (actor.appointment_id, start, number, change, made_at)
    return Overview(Counts(**sums), "-".join(map(str, parts)))


def _is_present(session: Session, mark: str, actor: Actor, now: datetime) -> bool:
    """Return whether nothing that concerns the actor has happened since this mark of theirs."""
    match = _MARK.fullmatch(mark)
    if match is None or actor.role is None or int(match[1]) != actor.appointment_id:
        return False
    start, number, change, made_at = (int(part) for part in match.groups()[1:])
    # On another machine's clock the mark may be of a moment ahead.
    if abs(int(now.timestamp()) - made_at) >= LONGEST_AGE.total_seconds():
        return False
    query = change_query(actor.role)
    row = query.execute(session, actor=actor, now=now, start=start).one()
    last_id, row_count, *present = row
    return start <= last_id and row_count < OLDEST and present == [number, change]


@cache
def change_query(role: Role) -> RoleQuery[int, int, int, int]:
    """Return the query of the last id, of how many events after `start` are read and concern, and
    of the last change of a task.

    Every open page asks it every few seconds: it reads the end of the primary key.
    """
    recent = _events_after(anybody(role), bindparam("start", type_=Key))
    change = open_tasks.last_change(anybody(role)).label("change")
    columns = (_last_id(), func.count(), _number(recent), change)
    return RoleQuery(select(*columns).select_from(recent))


@cache
def _count_query(
    role: Role, with_overdue: bool
) -> tuple[tuple[str, ...], RoleQuery[*tuple[int, ...]]]:
    """Return the tab of each count, and the role's query: the parts of a mark, and the counts."""
    columns = list(_columns(anybody(role)))
    if with_overdue:
        columns += _overdue_columns(anybody(role))
    tabs, counts = zip(*columns, strict=True)
    labelled = [count.label(f"count_{at}") for at, count in enumerate(counts)]
    recent = _events_after(anybody(role), _last_id() - LATE)
    number = select(_number(recent)).scalar_subquery()
    change = open_tasks.last_change(anybody(role)).label("change")
    return tabs, RoleQuery(select(_last_id(), number.label("number"), change, *labelled))


def _last_id() -> ColumnElement[int]:
    return select(func.coalesce(func.max(Event.id), 0)).scalar_subquery()


def _number(recent: Subquery) -> ColumnElement[int]:
    return func.coalesce(func.sum(recent.c.concerns), 0)


def _events_after(actor: Actor, start: ColumnElement[int]) -> Subquery:
    """Return the last events after `start`, and for each 1 if it concerns the actor, else 0."""
    # With the limit the planner begins at the end of the primary key.
    query = select(Event.id, case((_concerns(actor), 1), else_=0).label("concerns"))
    return query.where(Event.id > start).order_by(Event.id.desc()).limit(OLDEST).subquery()


def _concerns(actor: Actor) -> ColumnElement[bool]:
    """The event is about something that this actor's pages may show."""
    visible = departments_in_sight(actor, Action.SEE_POST)
    of_everybody = Event.subject.in_(_OF_EVERYBODY)
    if visible is None:
        hands_in_for_all = scope_of(actor, Action.HAND_IN) is Scope.ANY
        sees_all = Event.subject.in_((*_SUBJECTS, *_MAILS) if hands_in_for_all else _READ)
        did_not_go = Event.state_after == NoticeState.FAILED.value
        return or_(of_everybody, sees_all, and_(Event.subject == "notices", did_not_go))
    of_post = _post_in_sight(Event.subject_id.expression, visible)
    delivery = select(Delivery.post_id).where(Delivery.id == Event.subject_id)
    conditions: dict[str, ColumnElement[bool]] = {
        Post.__tablename__: of_post,
        Delivery.__tablename__: _post_in_sight(
            delivery.correlate(Event).scalar_subquery(), visible
        ),
        Submission.__tablename__: has(
            select(Submission.id).where(
                Submission.id == Event.subject_id, Submission.department_id.in_(visible)
            )
        ),
    }
    if actor.role not in (Role.OFFICER, Role.HEAD):  # those of whom are tasks
        conditions[Comment.__tablename__] = _comment_in_sight(visible)
    return case(conditions, value=Event.subject, else_=of_everybody)


def _post_in_sight(post_id: ColumnElement[int], visible: Collection[int]) -> ColumnElement[bool]:
    """The post belongs to one of these departments, or is joint with one."""
    # `department_id + 0`, here and below, keeps the planner from reading a whole department.
    joint = (
        select(Revision.id)
        .join(RevisionDepartment, RevisionDepartment.revision_id == Revision.id)
        .where(Revision.post_id == Post.id, (RevisionDepartment.department_id + 0).in_(visible))
    )
    is_seen = or_(Post.department_id.in_(visible), has(joint.correlate(Post)))
    return has(select(Post.id).where(Post.id == post_id, is_seen))


def _comment_in_sight(visible: Collection[int]) -> ColumnElement[bool]:
    """The comment is or was with one of these departments: its list loses it too."""
    routing = select(Routing.id).where(
        Routing.comment_id == Event.subject_id, (Routing.department_id + 0).in_(visible)
    )
    comment = select(Comment.id).where(
        Comment.id == Event.subject_id, Comment.department_id.in_(visible)
    )
    return or_(has(comment), has(routing))


def _columns(actor: Actor) -> Iterator[tuple[str, ColumnElement[int]]]:
    """Yield every count with the tab to which it is added."""
    post_ids = []
    for todo_kind in todo_kinds_for(actor, now=MOMENT):
        if (posts := _posts_of(todo_kind)) is not None:
            post_ids.append(posts)
        else:
            yield "today", _count(todo_kind.about, todo_kind.condition)
    if post_ids:  # the tasks of one post are one line of Today
        yield (
            "today",
            select(func.count()).select_from(union(*post_ids).subquery()).scalar_subquery(),
        )
    if scope_of(actor, Action.HAND_IN) is not None:  # whoever only reads has no such tab
        yield (
            "submissions",
            _count(Submission, and_(*in_sight(actor, by_index=False), open_work.is_open())),
        )
    if scope_of(actor, Action.HAND_IN) is Scope.ANY:
        yield "mails", _count(Quarantine, quarantine.is_waiting())
        yield "mails", _count(ReceivedMail, quarantine.is_unreadable())
    if scope_of(actor, Action.CONFIRM_APPOINTMENT) is not None:
        yield "addresses", _count(DepartmentAddress, shared_addresses.waiting_for(actor))
    if actor.role in COUNTED_FOR:
        yield "decisions", decision_count(actor, now=MOMENT)
        yield from (("decisions", column) for column in to_count(actor))
    yield from _emergency_columns(actor)
    if scope_of(actor, Action.ANSWER) is not None:
        first, *_others = inbox_list.views_for(actor)
        yield "comments", _count(Comment, and_(*inbox_list.in_view(actor, first)))


def _overdue_columns(actor: Actor) -> Iterator[tuple[str, ColumnElement[int]]]:
    """Yield the counts of those comments among the actor's tasks that are overdue."""
    for todo_kind in todo_kinds_for(actor, now=MOMENT):
        if todo_kind.about is Comment:
            yield "overdue", _count(Comment, todo_kind.condition & (Comment.due_at < MOMENT))


def _posts_of(todo_kind: TodoKind) -> Select[int] | None:
    """Return the posts that have this kind of task; None if its rows are no parts of posts."""
    if todo_kind.about is Post:
        return select(Post.id).where(todo_kind.condition)
    if todo_kind.about is Delivery:
        return select(Delivery.post_id).where(todo_kind.condition)
    if todo_kind.about is Watch:
        posts = select(Delivery.post_id).select_from(Watch).join(ReceiptRow).join(Delivery)
        return posts.where(todo_kind.condition)
    return None


def _emergency_columns(actor: Actor) -> Iterator[tuple[str, ColumnElement[int]]]:
    """Yield the counts of open emergency work, and whether the actor is on duty (0 or 1)."""
    alerts = _count(Alert, emergency_conditions.is_open_alert())
    yield "alerts", alerts
    takes = emergency_conditions.may_take(actor, now=MOMENT)
    yield "emergency", case((takes, alerts), else_=0)
    for about, condition in (
        (EmergencyUse, emergency_conditions.wants_correction(actor, now=MOMENT)),
        (EmergencyUse, emergency_conditions.is_owed(actor, now=MOMENT)),
        (EmergencyTemplate, emergency_conditions.template_waits(actor, now=MOMENT)),
    ):
        yield "emergency", _count(about, condition)
    yield "on_duty", case((emergency_conditions.is_on_duty(actor, now=MOMENT), 1), else_=0)


def _count(about: type[Base], condition: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(about).where(condition).scalar_subquery()
