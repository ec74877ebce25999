"""The board of decisions: deliveries and posts that need a person to act on them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, Role
from publisher.database.session import AnyRow
from publisher.models.controls import Order
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.models.posts import Post, Revision, Variant
from publisher.models.tasks import Task
from publisher.reports import external_changes, sql_conditions
from publisher.reports.board_rows import (
    BoardKind,
    BoardLine,
    BoardRow,
    delivery_row,
    finding_row,
    post_row,
)
from publisher.reports.officer_coverage import lacking_in
from publisher.reports.sql_basics import has
from publisher.reports.sql_conditions import Condition
from publisher.states import DeliveryState
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind
from publisher.validation import departments_in_sight

Columns = TypeVarTuple("Columns")

NEAR = timedelta(hours=24)
"""A post that is not approved appears on the board this long before its wished time."""

MOST_LINES, MOST_UNCONFIRMED = 20, 20
"""The most posts on a page of the board, and the most texts that are still being looked for."""

COUNTED_FOR = (Role.ADMIN, Role.CELL, Role.CELL_LEAD, Role.OFFICER, Role.HEAD)
"""The roles that see the number of open decisions."""


@dataclass(frozen=True)
class Board:
    """A page of the board.

    `tally` is the number of posts by their most pressing kind, on all pages. `unconfirmed` are
    texts that the reconciliation is still looking for; they need no decision and are not counted.
    """

    lines: tuple[BoardLine, ...]
    tally: Mapping[BoardKind, int]
    unconfirmed: tuple[BoardRow, ...]

    @property
    def total(self) -> int:
        """Return the number of posts that need a decision."""
        return sum(self.tally.values())


_ORDER: Final = list(BoardKind)
_KINDS: Final[Mapping[str, BoardKind]] = {
    TaskKind.DELIVERY_HELD: BoardKind.HELD,
    TaskKind.DELIVERY_MISSED: BoardKind.MISSED,
    TaskKind.DELIVERY_FAILED: BoardKind.FAILED,
    TaskKind.BLOCKED: BoardKind.BLOCKED,
    TaskKind.TO_APPROVE: BoardKind.UNAPPROVED,
    TaskKind.OUTLIVED: BoardKind.OUTLIVED,
    TaskKind.FOUND_GONE: BoardKind.FOUND,
    TaskKind.FOUND_CHANGED: BoardKind.FOUND,
}


def board(session: Session, *, actor: Actor, now: datetime, skip: int = 0) -> Board:
    """Return the posts that need a decision, by kind and then by time, after the first `skip`.

    Raises `WrongRole` if the actor's role sees no posts.
    """
    columns = (Task.post_id, Task.kind, Task.subject, Task.subject_id, Task.due_at, Task.since_at)
    query = select(*columns, has(_live_texts()).label("is_live")).distinct()
    tasks = session.execute(_open(query, actor, now=now))
    by_post: defaultdict[int, list[AnyRow]] = defaultdict(list)
    for task in sorted(tasks, key=_task_rank):
        by_post[task.post_id].append(task)
    page = {post_id: by_post[post_id] for post_id in list(by_post)[skip : skip + MOST_LINES]}
    rows = list(_rows(session, page, actor, now))
    return Board(
        tuple(_lines(page, rows)),
        Counter(_KINDS[first.kind] for first, *_others in by_post.values()),
        tuple(row for row in rows if row.post_id not in page),
    )


def _task_rank(task: AnyRow) -> tuple[int, datetime, int]:
    return _ORDER.index(_KINDS[task.kind]), task.due_at or task.since_at, task.post_id


def decision_count(actor: Actor, *, now: datetime) -> ColumnElement[int]:
    """Return the number of posts that need a decision, as a column."""
    query = _open(select(func.count(Task.post_id.distinct())), actor, now=now)
    return query.correlate(None).scalar_subquery()


def _open(query: Select[*Columns], actor: Actor, *, now: datetime) -> Select[*Columns]:
    """Restrict a query of tasks to those on the actor's board, whoever they are assigned to."""
    is_near = or_(Task.kind != TaskKind.TO_APPROVE, Task.due_at <= now + NEAR)
    query = query.where(open_tasks.is_open(*_KINDS), is_near)
    visible_departments = departments_in_sight(actor, Action.SEE_POST)
    if visible_departments is None:
        return query
    # `+ 0` keeps the planner from starting with an index over all posts.
    in_sight = (Post.department_id + 0).in_(visible_departments)
    return query.join(Post, Post.id == Task.post_id).where(in_sight)


def _lines(
    page: Mapping[int, list[AnyRow]], board_rows: Collection[BoardRow]
) -> Iterator[BoardLine]:
    for post_id, tasks in page.items():
        if rows := [row for row in board_rows if row.post_id == post_id]:
            yield BoardLine(tuple(sorted(rows, key=_rank)), tasks[0].is_live)


def _rows(
    session: Session, page: Mapping[int, list[AnyRow]], actor: Actor, now: datetime
) -> Iterator[BoardRow]:
    """Yield the rows of the page's posts, and the texts that are looked for of any other post."""
    kinds: dict[int, BoardKind] = {}
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for task in (task for tasks in page.values() for task in tasks):
        ids[task.subject].append(task.subject_id)
        if task.subject == Post.__tablename__:
            kinds.setdefault(task.post_id, _KINDS[task.kind])
    yield from _deliveries(
        session,
        actor,
        now,
        or_(
            Delivery.id.in_(ids[Delivery.__tablename__]),
            and_(Delivery.state == DeliveryState.UNCONFIRMED, Delivery.post_id.in_(page)),
            Delivery.id.in_(_texts_in_lookup(actor, now)),
        ),
    )
    yield from _posts(session, actor, kinds)
    yield from _findings(session, ids[Watch.__tablename__])


def _texts_in_lookup(actor: Actor, now: datetime) -> Select[int]:
    """Return the unconfirmed texts of posts that are not on the board."""
    query = select(Delivery.id).where(
        Delivery.state == DeliveryState.UNCONFIRMED,
        Delivery.post_id.not_in(_open(select(Task.post_id), actor, now=now)),
        *sql_conditions.department_conditions(departments_in_sight(actor, Action.SEE_POST)),
    )
    return query.order_by(Delivery.state_at, Delivery.id).limit(MOST_UNCONFIRMED).correlate(None)


def _live_texts() -> Select[int]:
    """Return the texts of the task's post that are live on their platforms."""
    return (
        select(Delivery.id)
        .join(ReceiptRow, ReceiptRow.delivery_id == Delivery.id)
        .correlate(Task)
        .where(
            Delivery.post_id == Task.post_id,
            Delivery.state == DeliveryState.PUBLISHED,
            Delivery.action == DeliveryAction.PUBLISH,
            ReceiptRow.gone_at.is_(None),
        )
    )


def _rank(row: BoardRow) -> tuple[int, datetime, int]:
    return _ORDER.index(row.kind), row.due_at or row.since_at, row.subject_id


def _deliveries(
    session: Session, actor: Actor, now: datetime, condition: Condition
) -> Iterator[BoardRow]:
    query = (
        select(Delivery, sql_conditions.number(Delivery.post_id))
        .where(condition)
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.order).load_only(Order.comment_id),
            joinedload(Delivery.variant).joinedload(Variant.revision).load_only(Revision.not_after),
            joinedload(Delivery.post).joinedload(Post.department),
        )
        .order_by(Delivery.state_at, Delivery.id)
    )
    for delivery, number in session.execute(query):
        yield delivery_row(delivery, number=number, actor=actor, now=now)


def _posts(session: Session, actor: Actor, kinds: Mapping[int, BoardKind]) -> Iterator[BoardRow]:
    query = (
        select(Post, Revision, sql_conditions.earliest_wish(), sql_conditions.number(Post.id))
        .join(Revision, sql_conditions.newest())
        .where(Post.id.in_(kinds))
        .options(joinedload(Post.department))
    )
    blocked_ids = [key for key, kind in kinds.items() if kind is BoardKind.BLOCKED]
    lacking = lacking_in(session, blocked_ids)
    for post, revision, wished_at, number in session.execute(query) if kinds else ():
        yield post_row(
            post,
            revision,
            kinds[post.id],
            wished_at=wished_at,
            number=number,
            lacking=lacking[post.id],
            actor=actor,
        )


def _findings(session: Session, watch_ids: Collection[int]) -> Iterator[BoardRow]:
    number = sql_conditions.number(Delivery.post_id)
    query = external_changes.findings_query().where(Watch.id.in_(watch_ids)).add_columns(number)
    for watch, number_of_post in session.execute(query) if watch_ids else ():
        yield finding_row(watch, number_of_post)
