"""The counts on the tabs, read in one query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Select, and_, case, func, select, union
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, Role, scope_of
from publisher.database.session import Base
from publisher.models.comments import Comment
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.emergency import Alert, EmergencyTemplate, EmergencyUse
from publisher.models.monitoring import Watch
from publisher.models.posts import Post
from publisher.models.submissions import Submission
from publisher.reports import emergency_conditions, inbox_list, open_work
from publisher.reports.decision_board import COUNTED_FOR, decision_count
from publisher.reports.problems import to_count
from publisher.reports.role_queries import MOMENT, RoleQuery, anybody
from publisher.reports.submission_filters import in_sight
from publisher.reports.todo_kinds import TodoKind, todo_kinds_for


@dataclass(frozen=True)
class Counts:
    """The count on each tab for this actor.

    `today` counts all tasks, one a post; `submissions` the visible open ones, `comments` those of
    the inbox's first view, `decisions` the lines of the board that need a person. `emergency`
    counts the open emergency work, which is part of Today and of the board; `overdue` the comments
    of Today whose deadline has passed, if they were asked for; `alerts` what is on the tab of those
    on duty.
    """

    today: int = 0
    submissions: int = 0
    decisions: int = 0
    comments: int = 0
    emergency: int = 0
    overdue: int = 0
    alerts: int = 0
    on_duty: int = 0


def counts(session: Session, *, actor: Actor, now: datetime, with_overdue: bool = False) -> Counts:
    """Return the counts of the actor's tabs, in one query."""
    tabs, query = _count_query(actor.role, with_overdue) if actor.role is not None else ((), None)
    if query is None:
        return Counts()
    sums: Counter[str] = Counter()
    for tab, count in zip(tabs, query.execute(session, actor=actor, now=now).one(), strict=True):
        sums[tab] += count
    return Counts(**sums)


@cache
def _count_query(
    role: Role,
    with_overdue: bool,
) -> tuple[tuple[str, ...], RoleQuery[*tuple[int, ...]] | None]:
    """Return the tab of each column and the role's query, or None if it has no counts."""
    columns_by_tab = [
        *_columns(anybody(role)),
        *(_overdue_columns(anybody(role)) if with_overdue else ()),
    ]
    if not columns_by_tab:
        return (), None
    tabs, columns = zip(*columns_by_tab, strict=True)
    labelled = [column.label(f"count_{at}") for at, column in enumerate(columns)]
    return tabs, RoleQuery(select(*labelled))


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
    if actor.role in COUNTED_FOR:
        yield "decisions", decision_count(actor, now=MOMENT)
        yield from (("decisions", column) for column in to_count(actor))
    yield from _emergency_columns(actor)
    if scope_of(actor, Action.ANSWER) is not None:
        first, *_others = inbox_list.views_for(actor)
        yield "comments", _count(Comment, and_(*inbox_list.in_view(actor, first, now=MOMENT)))


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
