"""The board of decisions: deliveries and posts that need a person to act on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, joinedload

from approvals.policy import Action, Actor, Role
from publisher.models.deliveries import Delivery, DeliveryAction, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.models.posts import Post, PostKind, Revision, Variant
from publisher.reports import external_changes, sql_conditions, sql_scheduling
from publisher.reports.board_rows import (
    BoardKind,
    BoardLine,
    BoardRow,
    delivery_row,
    finding_row,
    post_row,
)
from publisher.reports.officer_coverage import lacking_in
from publisher.reports.sql_conditions import Condition
from publisher.states import DeliveryState
from publisher.validation import departments_in_sight

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
    texts for which the reconciliation still looks; they need nobody and are not counted.
    """

    lines: tuple[BoardLine, ...]
    tally: Mapping[BoardKind, int]
    unconfirmed: tuple[BoardRow, ...]

    @property
    def total(self) -> int:
        """Return the number of posts that need a decision."""
        return sum(self.tally.values())


_ORDER = list(BoardKind)
_STATE_KINDS = (BoardKind.HELD, BoardKind.MISSED, BoardKind.FAILED)


def board(session: Session, *, actor: Actor, now: datetime, skip: int = 0) -> Board:
    """Return the posts that need a decision, by kind and then by time, after the first `skip`.

    Raises `WrongRole` if the actor's role sees no posts.
    """
    visible_departments = departments_in_sight(actor, Action.SEE_POST)
    open_rows = _open_rows(actor, now=now).subquery()
    lines = (
        select(
            open_rows.c.post_id,
            func.min(open_rows.c.rank).label("rank"),
            func.min(open_rows.c.at).label("at"),
        )
        .group_by(open_rows.c.post_id)
        .subquery()
    )
    ranks = session.execute(select(lines.c.rank, func.count()).group_by(lines.c.rank)).all()
    page = (
        select(lines.c.post_id)
        .order_by(lines.c.rank, lines.c.at, lines.c.post_id)
        .limit(MOST_LINES)
        .offset(skip)
    )
    is_looked_for = and_(
        Delivery.state == DeliveryState.UNCONFIRMED,
        Delivery.post_id.not_in(select(lines.c.post_id)),
        *sql_conditions.of_department(visible_departments),
    )
    return Board(
        _lines(session, session.scalars(page).all(), actor, now),
        {_ORDER[rank]: count for rank, count in sorted(ranks)},
        tuple(_deliveries(session, actor, now, is_looked_for)),
    )


def _lines(
    session: Session, post_ids: Sequence[int], actor: Actor, now: datetime
) -> tuple[BoardLine, ...]:
    rows: dict[int, list[BoardRow]] = {post_id: [] for post_id in post_ids}
    states = (DeliveryState.HELD, DeliveryState.UNCONFIRMED)
    for row in (
        *_deliveries(session, actor, now, sql_conditions.is_or_stands_still(states), post_ids),
        *_posts(session, actor, now, post_ids),
        *_findings(session, post_ids),
    ):
        rows[row.post_id].append(row)
    live_ids = set(session.scalars(_live_posts().where(Delivery.post_id.in_(post_ids))))
    return tuple(
        BoardLine(tuple(sorted(post_rows, key=_rank)), post_id in live_ids)
        for post_id, post_rows in rows.items()
        if post_rows
    )


def _live_posts() -> Select[int]:
    """Return the ids of posts of which a text stands on its platform."""
    return (
        select(Delivery.post_id)
        .join(ReceiptRow, ReceiptRow.delivery_id == Delivery.id)
        .where(
            Delivery.state == DeliveryState.PUBLISHED,
            Delivery.action == DeliveryAction.PUBLISH,
            ReceiptRow.gone_at.is_(None),
        )
    )


def _rank(row: BoardRow) -> tuple[int, datetime, int]:
    return _ORDER.index(row.kind), row.due_at or row.since_at, row.subject_id


def decision_count(actor: Actor, *, now: datetime) -> ColumnElement[int]:
    """Return the number of posts that need a decision, as a column."""
    open_rows = _open_rows(actor, now=now).subquery()
    return select(func.count(open_rows.c.post_id.distinct())).scalar_subquery()


def _open_rows(actor: Actor, *, now: datetime) -> CompoundSelect[int, int, datetime]:
    """Return what needs a decision: the post's id, the rank of the kind, and the time.

    Unconfirmed deliveries are left out: the reconciliation checks them itself.
    """
    visible_departments = departments_in_sight(actor, Action.SEE_POST)
    state_ranks = {kind.value: _ORDER.index(kind) for kind in _STATE_KINDS}
    deliveries = select(
        Delivery.post_id,
        case(state_ranks, value=Delivery.state, else_=len(_ORDER)).label("rank"),
        Delivery.due_at.label("at"),
    ).where(
        sql_conditions.is_or_stands_still((DeliveryState.HELD,)),
        *sql_conditions.of_department(visible_departments),
    )
    at = func.coalesce(sql_conditions.wished_at(), Post.state_at)
    posts = [
        select(Post.id, literal(_ORDER.index(kind)), at).where(
            condition,
            *([] if visible_departments is None else [Post.department_id.in_(visible_departments)]),
        )
        for kind, condition in _post_conditions(now).items()
    ]
    findings = (
        select(
            Delivery.post_id,
            literal(_ORDER.index(BoardKind.FOUND)),
            func.coalesce(Watch.found_gone_at, Watch.differs_at),
        )
        .select_from(Watch)
        .join(ReceiptRow)
        .join(Delivery)
        .where(external_changes.is_open_for(actor))
    )
    return union_all(deliveries, *posts, findings)


def _post_conditions(now: datetime) -> dict[BoardKind, Condition]:
    """Return by kind when a post itself needs a decision, whatever its deliveries do."""
    return {
        BoardKind.BLOCKED: sql_conditions.is_blocked(),
        BoardKind.UNAPPROVED: _unapproved(now),
        BoardKind.OUTLIVED: and_(
            sql_scheduling.is_without_a_time(), sql_scheduling.has_outlived_its_window(now=now)
        ),
    }


def _unapproved(now: datetime) -> Condition:
    """The post is in review, and its wished time is near or past."""
    return and_(
        Post.kind == PostKind.POST,
        sql_conditions.is_undecided(),
        sql_conditions.wished_at() <= now + NEAR,
    )


def _deliveries(
    session: Session,
    actor: Actor,
    now: datetime,
    condition: Condition,
    post_ids: Sequence[int] | None = None,
) -> Iterator[BoardRow]:
    query = (
        select(Delivery, sql_conditions.number(Delivery.post_id))
        .where(condition)
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.order),
            joinedload(Delivery.variant).joinedload(Variant.revision),
            joinedload(Delivery.post).joinedload(Post.department),
        )
        .order_by(Delivery.state_at, Delivery.id)
    )
    if post_ids is None:
        query = query.limit(MOST_UNCONFIRMED)
    else:
        query = query.where(Delivery.post_id.in_(post_ids))
    for delivery, number in session.execute(query):
        yield delivery_row(delivery, number=number, actor=actor, now=now)


def _posts(
    session: Session, actor: Actor, now: datetime, post_ids: Sequence[int]
) -> Iterator[BoardRow]:
    conditions = _post_conditions(now)
    query = (
        select(
            Post,
            Revision,
            sql_conditions.wished_at(),
            sql_conditions.number(Post.id),
            *conditions.values(),
        )
        .join(Revision, sql_conditions.newest())
        .where(Post.id.in_(post_ids), or_(*conditions.values()))
        .options(joinedload(Post.department))
    )
    rows = session.execute(query).all()
    lacking = lacking_in(session, [post.id for post, *_ in rows])
    for post, revision, wished_at, number, *holds in rows:
        kind = next(kind for kind, is_so in zip(conditions, holds, strict=True) if is_so)
        yield post_row(
            post,
            revision,
            kind,
            wished_at=wished_at,
            number=number,
            lacking=lacking[post.id],
            actor=actor,
        )


def _findings(session: Session, post_ids: Sequence[int]) -> Iterator[BoardRow]:
    query = external_changes.open_findings_query().where(Delivery.post_id.in_(post_ids))
    for watch, number in session.execute(
        query.add_columns(sql_conditions.number(Delivery.post_id))
    ):
        yield finding_row(watch, number)
