"""The inbox: comments by view, with counts, cursors and holders."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from approvals.policy import Action, Actor, Role
from publisher.models.comments import Comment, Routing
from publisher.models.people import Appointment
from publisher.reports import sql_conditions
from publisher.reports.sql_conditions import Condition
from publisher.reports.types import Cursor, Page, with_names
from publisher.states import CommentState
from publisher.tasks import open_tasks
from publisher.tasks.specs import TaskKind
from publisher.validation import departments_in_sight


class InboxView(StrEnum):
    """A view of the inbox: open comments by due time, settled ones by time of settlement."""

    MINE = "mine"
    DEPARTMENT = "department"
    QUEUE = "queue"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True)
class CommentRow:
    """A comment in a list; `holder` is None while it is not routed to a person."""

    comment: Comment
    holder: Appointment | None
    is_mine: bool

    def is_overdue(self, now: datetime) -> bool:
        """The comment is open, and its due time has passed."""
        return self.comment.state in sql_conditions.OPEN and self.comment.due_at <= now


_SETTLED = (InboxView.ANSWERED, InboxView.CLOSED)
_STATES: Mapping[InboxView, CommentState] = {
    InboxView.MINE: CommentState.ROUTED,
    InboxView.DEPARTMENT: CommentState.ROUTED,
    InboxView.QUEUE: CommentState.RECEIVED,
    InboxView.ANSWERED: CommentState.ANSWERED,
    InboxView.CLOSED: CommentState.CLOSED,
}


def list_views(actor: Actor) -> tuple[InboxView, ...]:
    """Return the actor's views; the inbox opens with the first."""
    match actor.role:
        case Role.OFFICER | Role.HEAD:
            return InboxView.MINE, InboxView.DEPARTMENT, *_SETTLED
        case Role.CELL | Role.CELL_LEAD | Role.AUDITOR:
            return InboxView.QUEUE, InboxView.DEPARTMENT, *_SETTLED
        case Role.MEMBER | Role.OVERSIGHT:
            return InboxView.DEPARTMENT, *_SETTLED
        case _:
            return ()


def view_counts(session: Session, *, actor: Actor) -> dict[InboxView, int]:
    """Return the number of comments in each of the actor's views, in one query."""
    views = list_views(actor)
    if not views:
        return {}
    columns = [
        select(func.count())
        .select_from(Comment)
        .where(*view_conditions(actor, view))
        .scalar_subquery()
        .label(view)
        for view in views
    ]
    counts = session.execute(select(*columns)).one()
    return dict(zip(views, counts, strict=True))


def list_comments(
    session: Session,
    *,
    actor: Actor,
    view: InboxView,
    before: Cursor | None = None,
    limit: int = 25,
) -> Page[CommentRow]:
    """Return a page of a view in one query.

    Open comments are sorted by due time, settled ones newest first. Raises `WrongRole` if the
    actor's role sees no comments.
    """
    routing = aliased(Routing)
    query = (
        select(Comment, routing)
        .outerjoin(routing, (routing.comment_id == Comment.id) & routing.until_at.is_(None))
        .where(*view_conditions(actor, view))
        .options(
            joinedload(Comment.account),
            joinedload(Comment.department),
            *with_names(routing.appointment),
        )
        .order_by(*_order(view))
        .limit(limit + 1)
    )
    if before is not None:
        query = query.where(_is_later_row(view, *before))
    rows = [_row(*row, actor) for row in session.execute(query)]
    last = rows[limit - 1].comment if len(rows) > limit else None
    following = (_moment(view, last), last.id) if last is not None else None
    return Page(tuple(rows[:limit]), following)


def comments_by_id(
    session: Session, *, actor: Actor, comment_ids: Collection[int]
) -> dict[int, Comment]:
    """Return those of the comments that the actor sees, by id."""
    visible_departments = departments_in_sight(actor, Action.SEE_COMMENT)
    query = select(Comment).where(Comment.id.in_(comment_ids)).options(joinedload(Comment.account))
    if visible_departments is not None:
        query = query.where(Comment.department_id.in_(visible_departments))
    return {comment.id: comment for comment in session.scalars(query)}


def view_conditions(actor: Actor, view: InboxView) -> list[Condition]:
    """Return the conditions of a view and of visibility. Raises `WrongRole`."""
    visible_departments = departments_in_sight(actor, Action.SEE_COMMENT)
    conditions: list[Condition] = [Comment.state == _STATES[view]]
    if visible_departments is not None:
        conditions.append(Comment.department_id.in_(visible_departments))
    if view is InboxView.MINE:
        kinds = (TaskKind.COMMENT, TaskKind.ANSWER_FAILED)
        conditions.append(Comment.id.in_(open_tasks.subjects(actor, *kinds)))
    return conditions


def _order(view: InboxView) -> tuple[ColumnElement[datetime], ColumnElement[int]]:
    if view in _SETTLED:
        return Comment.state_at.desc(), Comment.id.desc()
    return Comment.due_at.asc(), Comment.id.asc()


def _moment(view: InboxView, comment: Comment) -> datetime:
    return comment.state_at if view in _SETTLED else comment.due_at


def _is_later_row(view: InboxView, at: datetime, last: int) -> Condition:
    if view in _SETTLED:
        return or_(Comment.state_at < at, and_(Comment.state_at == at, Comment.id < last))
    return or_(Comment.due_at > at, and_(Comment.due_at == at, Comment.id > last))


def _row(comment: Comment, routing: Routing | None, actor: Actor) -> CommentRow:
    holder = routing.appointment if routing is not None else None
    is_mine = holder is not None and holder.id == actor.appointment_id
    return CommentRow(comment, holder, is_mine)
