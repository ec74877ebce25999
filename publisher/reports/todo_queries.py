"""Queries for open tasks: one or two for each kind, whatever the number of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    UnaryExpression,
    bindparam,
    func,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from approvals.policy import Actor, Role
from publisher.models.comments import Comment, Reply, Routing
from publisher.models.deliveries import Account, Delivery, ReceiptRow
from publisher.models.departments import DepartmentChange
from publisher.models.monitoring import CreditOutage, Watch
from publisher.models.posts import Post, Revision, Variant
from publisher.models.submissions import Priority, Submission
from publisher.models.transfers import TransferList
from publisher.reports import sql_conditions
from publisher.reports.officer_coverage import lacking_in
from publisher.reports.role_queries import MOMENT, RoleQuery, anybody
from publisher.reports.todo_kinds import (
    Thing,
    TodoKind,
    Waiting,
    todo_kinds_for,
)
from publisher.reports.todo_rows import WAITING_OF
from publisher.reports.types import who_acted, with_names
from publisher.reports.unseen_notes import unseen_notes
from publisher.tasks.specs import TaskKind

Moment = ColumnElement[datetime | None] | InstrumentedAttribute[datetime]
Ordered = UnaryExpression[datetime | None] | UnaryExpression[datetime]


def gather(
    session: Session, *, actor: Actor, now: datetime, most: int | None = None
) -> Iterator[Waiting]:
    """Yield the actor's tasks in no order: of each kind the `most` due first, else all."""
    for todo_kind, query in _queries(actor.role, most) if actor.role is not None else ():
        rows = query.execute(session, actor=actor, now=now).all()
        tasks = [WAITING_OF[todo_kind.about](todo_kind, *row) for row in rows]
        yield from _completed(session, todo_kind, tasks, now)


@cache
def _queries(role: Role, most: int | None) -> list[tuple[TodoKind, RoleQuery[*tuple[Any, ...]]]]:
    """Return the role's kinds of tasks, each with its query."""
    # Subqueries pick the page before its rows are joined, because a planner that has to join a
    # dozen tables may begin with the largest.
    return [
        (todo_kind, RoleQuery(_QUERY_OF[todo_kind.about](todo_kind, most)))
        for todo_kind in todo_kinds_for(anybody(role), now=MOMENT)
    ]


def _completed(
    session: Session, todo_kind: TodoKind, tasks: list[Waiting], now: datetime
) -> Iterable[Waiting]:
    """Return the tasks with what a second query tells about their kind."""
    if not tasks:
        return tasks
    match todo_kind.kind:
        case TaskKind.NOTE:
            return _with_notes(session, tasks)
        case TaskKind.BLOCKED:
            return _with_lacking(session, tasks)
        case TaskKind.TO_SCHEDULE:
            return map(partial(_or_outlived, now=now), tasks)
        case _:
            return tasks


def _or_outlived(task: Waiting, *, now: datetime) -> Waiting:
    is_outlived = task.ends_at is not None and task.ends_at <= now
    return replace(task, kind=TaskKind.OUTLIVED) if is_outlived else task


def _first(due_at: Moment, since_at: Moment) -> tuple[Ordered, Ordered]:
    """Return the order by due time (those without one last), then by age."""
    return due_at.asc().nulls_last(), since_at.asc()


def _submissions(todo_kind: TodoKind, most: int | None) -> Select[Submission]:
    return (
        select(Submission)
        .where(todo_kind.condition)
        .order_by(
            (Submission.priority == Priority.URGENT).desc(),
            *_first(
                func.coalesce(Submission.wished_at, Submission.useful_until), Submission.state_at
            ),
        )
        .limit(most)
        .options(
            joinedload(Submission.department),
            joinedload(Submission.handed_in_by),
            joinedload(Submission.taken_by),
            *with_names(Submission.handed_in_under),
        )
    )


def _with_notes(session: Session, tasks: Collection[Waiting]) -> Iterator[Waiting]:
    """Yield the tasks, each with its department's newest unseen note."""
    unseen = unseen_notes(session, [task.subject_id for task in tasks])
    notes = {note.submission_id: note for note in unseen}
    for task in tasks:
        if (note := notes.get(task.subject_id)) is not None:
            by = who_acted(note.appointment, note.person, note.at, mail=note.mail_sender)
            yield replace(task, since_at=note.at, by=by, quote=note.text)


def _posts(todo_kind: TodoKind, most: int | None) -> Select[Post, Revision | None, datetime | None]:
    wished_at, answer_by = sql_conditions.wished_at(), sql_conditions.answer_by()
    order = _first(func.coalesce(answer_by, wished_at), Post.state_at)
    page = select(Post.id).where(todo_kind.condition).order_by(*order).limit(most).subquery()
    return (
        select(Post, Revision, wished_at)
        .join(page, page.c.id == Post.id)
        .outerjoin(Revision, sql_conditions.newest())
        .options(
            joinedload(Post.department),
            joinedload(Post.reply).joinedload(Reply.comment),
            joinedload(Revision.author),
            *with_names(Revision.author_under),
        )
    )


def _with_lacking(session: Session, tasks: Collection[Waiting]) -> Iterator[Waiting]:
    """Yield the tasks, each with the first department where nobody can approve."""
    lacking = lacking_in(session, [task.subject_id for task in tasks])
    for task in tasks:
        missing = lacking.get(task.subject_id)
        yield replace(task, department=missing[0]) if missing else task


def with_texts(session: Session, rows: Sequence[Waiting]) -> list[Waiting]:
    """Return the tasks; those about a post get its first text, its languages and platforms."""
    post_ids = [row.subject_id for row in rows if row.subject == "post"]
    variants = _variants(session, post_ids) if post_ids else {}
    return [
        _with_texts(row, variants[row.subject_id]) if row.subject == "post" else row for row in rows
    ]


def _with_texts(row: Waiting, variants: Sequence[tuple[Variant, str]]) -> Waiting:
    return replace(
        row,
        text=variants[0][0].text if variants else "",
        languages=tuple(dict.fromkeys(variant.language for variant, _ in variants)),
        platforms=tuple(dict.fromkeys(platform for _, platform in variants)),
    )


def _variants(
    session: Session, posts: Collection[int]
) -> defaultdict[int, list[tuple[Variant, str]]]:
    """Returns, by post id, the newest revision's variants and platforms in order."""
    variants_by_post = defaultdict(list)
    for post_id, variant, platform in session.execute(_variants_query(), {"post_ids": posts}):
        variants_by_post[post_id].append((variant, platform))
    return variants_by_post


@cache
def _variants_query() -> Select[int, Variant, str]:
    return (
        select(Post.id, Variant, Account.platform)
        .join(Revision, sql_conditions.newest())
        .join(Variant, Variant.revision_id == Revision.id)
        .join(Account, Account.id == Variant.account_id)
        .where(Post.id.in_(bindparam("post_ids")))
        .order_by(Variant.position)
    )


def _comments(todo_kind: TodoKind, most: int | None) -> Select[Comment, datetime]:
    return (
        select(Comment, Routing.since_at)
        .join(Routing, (Routing.comment_id == Comment.id) & Routing.until_at.is_(None))
        .where(todo_kind.condition)
        .order_by(*_first(Comment.due_at, Routing.since_at))
        .limit(most)
        .options(joinedload(Comment.account), joinedload(Comment.department))
    )


def _deliveries(todo_kind: TodoKind, most: int | None) -> Select[Delivery]:
    page = _first_posts(select(Delivery.post_id), Delivery.due_at.expression, todo_kind, most)
    return (
        select(Delivery)
        .join(page, page.c.post_id == Delivery.post_id)
        .where(todo_kind.condition)
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.variant),
            joinedload(Delivery.post).joinedload(Post.department),
            joinedload(Delivery.post).joinedload(Post.reply).joinedload(Reply.comment),
        )
    )


def _accounts(todo_kind: TodoKind, _most: int | None) -> Select[Account, datetime]:
    """Return the accounts, each with the moment since when its platform has no credits, if so."""
    outage = (CreditOutage.platform == Account.platform) & CreditOutage.ended_at.is_(None)
    query = select(Account, CreditOutage.began_at).outerjoin(CreditOutage, outage)
    return query.where(todo_kind.condition)


def _first_posts(
    post_ids: Select[int], at: ColumnElement[datetime], todo_kind: TodoKind, most: int | None
) -> Subquery:
    """Return the posts of the `most` first tasks, so that no post is cut among its texts."""
    first_posts = post_ids.where(todo_kind.condition).group_by(Delivery.post_id)
    return first_posts.order_by(func.min(at), Delivery.post_id).limit(most).subquery()


def _watches(todo_kind: TodoKind, most: int | None) -> Select[Watch]:
    since_at = func.coalesce(Watch.found_gone_at, Watch.differs_at)
    posts = select(Delivery.post_id).select_from(Watch).join(ReceiptRow).join(Delivery)
    page = _first_posts(posts, since_at, todo_kind, most)
    delivery = joinedload(Watch.receipt).joinedload(ReceiptRow.delivery)
    return (
        select(Watch)
        .join(Watch.receipt)
        .join(ReceiptRow.delivery)
        .join(page, page.c.post_id == Delivery.post_id)
        .where(todo_kind.condition)
        .options(
            joinedload(Watch.receipt).joinedload(ReceiptRow.account),
            delivery.joinedload(Delivery.variant),
            delivery.joinedload(Delivery.post).joinedload(Post.department),
        )
    )


def _endings(todo_kind: TodoKind, _most: int | None) -> Select[DepartmentChange]:
    return (
        select(DepartmentChange)
        .where(todo_kind.condition)
        .order_by(DepartmentChange.id)
        .options(joinedload(DepartmentChange.department))
    )


def _transfers(todo_kind: TodoKind, _most: int | None) -> Select[TransferList]:
    return select(TransferList).where(todo_kind.condition).order_by(TransferList.id)


_QUERY_OF: Mapping[Thing, Callable[[TodoKind, int | None], Select[*tuple[Any, ...]]]] = {
    Submission: _submissions,
    Post: _posts,
    Comment: _comments,
    Delivery: _deliveries,
    Watch: _watches,
    DepartmentChange: _endings,
    TransferList: _transfers,
    Account: _accounts,
}
