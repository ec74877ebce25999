"""Queries for open tasks: one or two for each kind, whatever the number of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, UnaryExpression, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from publisher.models.comments import Comment, Reply, Routing
from publisher.models.deliveries import Account, Delivery, ReceiptRow
from publisher.models.departments import DepartmentChange
from publisher.models.monitoring import Watch
from publisher.models.posts import Post, Revision, Variant
from publisher.models.submissions import Priority, Submission
from publisher.notifications import links
from publisher.reports import sql_conditions
from publisher.reports.external_changes import kind_of
from publisher.reports.missing_approvers import lacking_in
from publisher.reports.todo_kinds import DueKind, TodoKind, Waiting, WaitingKind
from publisher.reports.types import Office, account_of, office_of, who_acted, with_names
from publisher.reports.unseen_notes import unseen_notes
from publisher.states import CommentState
from publisher.working_time import day_bounds

Moment = ColumnElement[datetime | None] | InstrumentedAttribute[datetime]
Ordered = UnaryExpression[datetime | None] | UnaryExpression[datetime]
Due = tuple[datetime | None, DueKind | None]
TO_JUDGE = (WaitingKind.TO_APPROVE, WaitingKind.ANSWER_TO_APPROVE)


def gather(
    session: Session, todo_kind: TodoKind, most: int | None = None, *, now: datetime
) -> Iterator[Waiting]:
    """Yield the tasks of this kind in no order: the `most` due first, else all."""
    # Subqueries pick the page before its rows are joined, because a planner that has to join a
    # dozen tables may begin with the largest.
    if todo_kind.about is Submission:
        rows = _submissions(session, todo_kind, most)
        return _with_notes(session, rows) if todo_kind.kind is WaitingKind.NOTE else rows
    if todo_kind.about is Post:
        return _posts(session, todo_kind, most, now)
    if todo_kind.about is Comment:
        return _comments(session, todo_kind, most)
    if todo_kind.about is Delivery:
        return _deliveries(session, todo_kind, most)
    if todo_kind.about is Watch:
        return _watches(session, todo_kind, most)
    if todo_kind.about is DepartmentChange:
        return _endings(session, todo_kind)
    return _accounts(session, todo_kind)


def _first(due_at: Moment, since_at: Moment) -> tuple[Ordered, Ordered]:
    """Return the order by due time (those without one last), then by age."""
    return due_at.asc().nulls_last(), since_at.asc()


def _submissions(session: Session, todo_kind: TodoKind, most: int | None) -> Iterator[Waiting]:
    query = (
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
            *with_names(Submission.handed_in_under),
        )
    )
    for submission in session.scalars(query):
        due_at, due_kind = _due(submission.wished_at, submission.useful_until)
        yield Waiting(
            kind=todo_kind.kind,
            subject="submission",
            subject_id=submission.id,
            path=links.submission(submission.id),
            since_at=submission.state_at,
            due_at=due_at,
            due_kind=due_kind,
            called_urgent=submission.priority is Priority.URGENT,
            title=submission.title,
            number=submission.number,
            department=office_of(submission.department),
            by=who_acted(submission.handed_in_under, submission.handed_in_by),
        )


def _with_notes(session: Session, waiting: Iterable[Waiting]) -> Iterator[Waiting]:
    """Yield the tasks, each with its department's newest unseen note."""
    rows = list(waiting)
    unseen = unseen_notes(session, [row.subject_id for row in rows])
    notes = {note.submission_id: note for note in unseen}
    for row in rows:
        if (note := notes.get(row.subject_id)) is not None:
            by = who_acted(note.appointment, note.person)
            yield replace(row, since_at=note.at, by=by, quote=note.text)


def _due(wished_at: datetime | None, useful_until: datetime | None) -> Due:
    if wished_at is not None:
        return wished_at, DueKind.WISHED
    return useful_until, DueKind.USEFUL_UNTIL if useful_until else None


def _posts(
    session: Session, todo_kind: TodoKind, most: int | None, now: datetime
) -> Iterator[Waiting]:
    wished_at, answer_by = sql_conditions.wished_at(), sql_conditions.answer_by()
    order = _first(func.coalesce(answer_by, wished_at), Post.state_at)
    page = select(Post.id).where(todo_kind.condition).order_by(*order).limit(most).subquery()
    query = (
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
    rows = session.execute(query).all()
    lacking: Mapping[int, list[Office]] = {}
    if todo_kind.kind is WaitingKind.BLOCKED:
        lacking = lacking_in(session, [post.id for post, _, _ in rows], now=now)
    for post, revision, wished in rows:
        waiting = _post(todo_kind, post, revision, wished)
        missing = lacking.get(post.id)
        yield replace(waiting, department=missing[0]) if missing else waiting


def with_texts(session: Session, rows: Sequence[Waiting]) -> list[Waiting]:
    """Return the tasks; those about a post get its first text, its languages and platforms."""
    variants = _variants(session, [row.subject_id for row in rows if row.subject == "post"])
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
    query = (
        select(Post.id, Variant, Account.platform)
        .join(Revision, sql_conditions.newest())
        .join(Variant, Variant.revision_id == Revision.id)
        .join(Account, Account.id == Variant.account_id)
        .where(Post.id.in_(posts))
        .order_by(Variant.position)
    )
    variants_by_post = defaultdict(list)
    for post_id, variant, platform in session.execute(query):
        variants_by_post[post_id].append((variant, platform))
    return variants_by_post


def _post(
    todo_kind: TodoKind,
    post: Post,
    revision: Revision | None,
    wished_at: datetime | None,
) -> Waiting:
    comment = post.reply.comment if post.reply is not None else None
    due_at, due_kind = _due(wished_at, None)
    if comment is not None:
        due_at, due_kind = comment.due_at, DueKind.ANSWER_BY
    return Waiting(
        kind=todo_kind.kind,
        subject="post",
        subject_id=post.id,
        path=(links.review if todo_kind.kind in TO_JUDGE else links.post)(post.id),
        since_at=post.state_at,
        due_at=due_at,
        due_kind=due_kind,
        title=post.title,
        quote=comment.text if comment else "",
        department=office_of(post.department),
        revision=revision.number if revision else None,
        by=who_acted(revision.author_under, revision.author) if revision else None,
    )


def _comments(session: Session, todo_kind: TodoKind, most: int | None) -> Iterator[Waiting]:
    query = (
        select(Comment, Routing.since_at)
        .join(Routing, (Routing.comment_id == Comment.id) & Routing.until_at.is_(None))
        .where(todo_kind.condition)
        .order_by(*_first(Comment.due_at, Routing.since_at))
        .limit(most)
        .options(joinedload(Comment.account), joinedload(Comment.department))
    )
    for comment, since_at in session.execute(query):
        assigned = comment.state is not CommentState.RECEIVED
        yield Waiting(
            kind=todo_kind.kind,
            subject="comment",
            subject_id=comment.id,
            path=links.comment(comment.id),
            since_at=since_at,
            due_at=comment.due_at,
            due_kind=DueKind.ANSWER_BY if assigned else DueKind.ASSIGN_BY,
            quote=comment.text,
            department=office_of(comment.department) if comment.department else None,
            platforms=(comment.account.platform,),
            account=account_of(comment.account),
            author=comment.author_handle or comment.author_name,
        )


def _deliveries(session: Session, todo_kind: TodoKind, most: int | None) -> Iterator[Waiting]:
    order = _first(Delivery.due_at, Delivery.state_at)
    page = select(Delivery.id).where(todo_kind.condition).order_by(*order).limit(most).subquery()
    query = (
        select(Delivery)
        .join(page, page.c.id == Delivery.id)
        .options(
            joinedload(Delivery.account),
            joinedload(Delivery.variant),
            joinedload(Delivery.post).joinedload(Post.department),
            joinedload(Delivery.post).joinedload(Post.reply).joinedload(Reply.comment),
        )
    )
    for delivery in session.scalars(query):
        yield _delivery(todo_kind, delivery)


def _delivery(todo_kind: TodoKind, delivery: Delivery) -> Waiting:
    comment = delivery.post.reply.comment if delivery.post.reply is not None else None
    failed = todo_kind.kind is WaitingKind.ANSWER_FAILED and comment is not None
    return Waiting(
        kind=todo_kind.kind_of(delivery.state),
        subject="comment" if failed and comment else "delivery",
        subject_id=comment.id if failed and comment else delivery.id,
        path=links.comment(comment.id) if failed and comment else links.delivery(delivery.id),
        since_at=delivery.state_at,
        due_at=comment.due_at if failed and comment else delivery.due_at,
        due_kind=DueKind.ANSWER_BY if failed else DueKind.PLANNED,
        title=delivery.post.title,
        quote=comment.text if comment else "",
        text=delivery.variant.text,
        department=office_of(delivery.post.department),
        languages=(delivery.variant.language,),
        platforms=(delivery.account.platform,),
        account=account_of(delivery.account),
        code=str(delivery.reason.get("code", "")),
    )


def _accounts(session: Session, todo_kind: TodoKind) -> Iterator[Waiting]:
    for account in session.scalars(select(Account).where(todo_kind.condition)):
        yield Waiting(
            kind=todo_kind.kind,
            subject="account",
            subject_id=account.id,
            path=links.accounts(),
            since_at=account.state_at,
            title=account.name,
            platforms=(account.platform,),
            account=account_of(account),
            code=account.reason,
        )


def _watches(session: Session, todo_kind: TodoKind, most: int | None) -> Iterator[Waiting]:
    since_at = func.coalesce(Watch.found_gone_at, Watch.differs_at)
    delivery = joinedload(Watch.receipt).joinedload(ReceiptRow.delivery)
    query = (
        select(Watch)
        .where(todo_kind.condition)
        .order_by(since_at, Watch.id)
        .limit(most)
        .options(
            joinedload(Watch.receipt).joinedload(ReceiptRow.account),
            delivery.joinedload(Delivery.post).joinedload(Post.department),
        )
    )
    for watch in session.scalars(query):
        receipt, post = watch.receipt, watch.receipt.delivery.post
        yield Waiting(
            kind=todo_kind.kind_of(kind_of(watch)),
            subject="watch",
            subject_id=watch.id,
            path=links.found(watch.id),
            since_at=watch.found_gone_at or watch.differs_at or receipt.stored_at,
            title=post.title,
            department=office_of(post.department),
            platforms=(receipt.account.platform,),
            account=account_of(receipt.account),
        )


def _endings(session: Session, todo_kind: TodoKind) -> Iterator[Waiting]:
    query = select(DepartmentChange).where(todo_kind.condition).order_by(DepartmentChange.id)
    for change in session.scalars(query.options(joinedload(DepartmentChange.department))):
        yield Waiting(
            kind=todo_kind.kind_of(change.kind),
            subject="department",
            subject_id=change.department_id,
            path=links.department(change.department.code),
            since_at=change.recorded_at,
            due_at=day_bounds(change.in_force_on)[0],
            due_kind=DueKind.IN_FORCE,
            number=change.order_number,
            department=office_of(change.department),
        )
