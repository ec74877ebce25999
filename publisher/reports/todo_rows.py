"""What Today shows about the subjects of tasks, read by one statement for each table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, subqueryload

from publisher.models.comments import Comment, Reply
from publisher.models.deliveries import Account, Delivery, ReceiptRow
from publisher.models.departments import DepartmentChange
from publisher.models.monitoring import Watch
from publisher.models.people import Person
from publisher.models.posts import Post, Revision, Variant
from publisher.models.submissions import Submission
from publisher.models.transfers import TransferList
from publisher.notifications import links
from publisher.reports import sql_conditions
from publisher.reports.officer_coverage import lacking_in
from publisher.reports.sql_basics import has_state_among
from publisher.reports.todo_values import Waiting
from publisher.reports.types import account_of, actor_of, office_of, submitter_of, with_names
from publisher.reports.unseen_notes import unseen_notes
from publisher.states import STUCK
from publisher.tasks.specs import TaskKind

_TO_JUDGE: Final = (TaskKind.TO_APPROVE, TaskKind.ANSWER_TO_APPROVE)


class _Source(NamedTuple):
    """A query that begins with the subject's id, and a function to complete a task from a row."""

    query: Select[*tuple[Any, ...]]
    complete: Callable[..., Waiting]


def load_subjects(session: Session, tasks: Sequence[Waiting]) -> list[Waiting]:
    """Return the tasks with the values that are shown, without those whose subject is not found."""
    rows: dict[tuple[str, int], Sequence[Any]] = {}
    for name, source in SOURCES.items():
        ids = [number for source_name, number in map(_source_key, tasks) if source_name == name]
        query = source.query.where(source.query.selected_columns[0].in_(ids))
        for number, *row in session.execute(query) if ids else ():
            rows.setdefault((name, number), row)
    completed = [
        SOURCES[key[0]].complete(task, *rows[key])
        for task in tasks
        if (key := _source_key(task)) in rows
    ]
    return list(_add_lacking(session, [*_add_notes(session, completed)]))


def _source_key(task: Waiting) -> tuple[str, int]:
    """Return the source of a task and its id there: a failed answer is known by its post."""
    if task.kind is TaskKind.ANSWER_FAILED:
        return task.kind, task.post_id or 0
    return task.subject, task.subject_id


def _add_notes(session: Session, tasks: Sequence[Waiting]) -> Iterator[Waiting]:
    """Yield the tasks, those about notes with their department's newest unseen note."""
    ids = [task.subject_id for task in tasks if task.kind is TaskKind.NOTE]
    notes = {note.submission_id: note for note in unseen_notes(session, ids)} if ids else {}
    for task in tasks:
        if task.kind is not TaskKind.NOTE:
            yield task
        elif (note := notes.get(task.subject_id)) is not None:
            by = actor_of(note.appointment, note.person, note.at, mail=note.mail_sender)
            yield replace(task, by=by, quote=note.text)


def _add_lacking(session: Session, tasks: Sequence[Waiting]) -> Iterator[Waiting]:
    """Yield the tasks, blocked ones with the first department where nobody can approve."""
    ids = [task.subject_id for task in tasks if task.kind is TaskKind.BLOCKED]
    lacking = lacking_in(session, ids) if ids else {}
    for task in tasks:
        missing = lacking.get(task.subject_id) if task.kind is TaskKind.BLOCKED else None
        yield replace(task, department=missing[0]) if missing else task


def _submission(task: Waiting, submission: Submission) -> Waiting:
    return replace(
        task,
        path=links.submission(submission.id),
        title=submission.title,
        number=submission.number,
        department=office_of(submission.department),
        by=submitter_of(submission, at=submission.received_at),
        holder=actor_of(None, submission.taken_by) if submission.taken_by else None,
    )


def _post(task: Waiting, post: Post, revision: Revision | None) -> Waiting:
    variants = revision.variants if revision else []
    return replace(
        task,
        path=(links.review if task.kind in _TO_JUDGE else links.post)(post.id),
        title=post.title,
        quote=post.reply.comment.text if post.reply is not None else "",
        text=variants[0].text if variants else "",
        department=office_of(post.department),
        revision=revision.number if revision else None,
        languages=tuple(dict.fromkeys(variant.language for variant in variants)),
        platforms=tuple(dict.fromkeys(variant.account.platform for variant in variants)),
        by=actor_of(revision.author_under, revision.author, revision.saved_at)
        if revision
        else None,
    )


def _comment(task: Waiting, comment: Comment) -> Waiting:
    return replace(
        task,
        path=links.comment(comment.id),
        quote=comment.text,
        department=office_of(comment.department) if comment.department else None,
        platforms=(comment.account.platform,),
        account=account_of(comment.account),
        author=comment.author_handle or comment.author_name,
        written_at=comment.written_at,
    )


def _delivery(task: Waiting, delivery: Delivery) -> Waiting:
    post, variant = delivery.post, delivery.variant
    is_answer = task.subject == Comment.__tablename__
    return replace(
        task,
        path=links.comment(task.subject_id) if is_answer else links.delivery(delivery.id),
        title=post.title,
        quote=post.reply.comment.text if post.reply is not None else "",
        text=variant.text,
        department=office_of(post.department),
        languages=(variant.language,),
        platforms=(delivery.account.platform,),
        account=account_of(delivery.account),
        code=str(delivery.reason.get("code", "")),
    )


def _account(task: Waiting, account: Account) -> Waiting:
    return replace(
        task,
        path=links.ACCOUNTS,
        title=account.name,
        platforms=(account.platform,),
        account=account_of(account),
        code=account.reason,
    )


def _watch(task: Waiting, watch: Watch) -> Waiting:
    receipt, delivery = watch.receipt, watch.receipt.delivery
    return replace(
        task,
        path=links.external_change(watch.id),
        title=delivery.post.title,
        department=office_of(delivery.post.department),
        languages=(delivery.variant.language,),
        platforms=(receipt.account.platform,),
        account=account_of(receipt.account),
    )


def _department_change(task: Waiting, change: DepartmentChange) -> Waiting:
    return replace(
        task,
        path=links.department(change.department.code),
        number=change.order_number,
        department=office_of(change.department),
    )


def _transfer_list(task: Waiting, transfer_list: TransferList) -> Waiting:
    path = links.transfer_list(transfer_list.id)
    return replace(task, path=path, number=transfer_list.order_number)


_NAMES: Final = (Person.name_mr, Person.name_en, Person.designation)
_POST: Final = joinedload(Delivery.post).joinedload(Post.department)
_DELIVERY_OPTIONS: Final = (
    joinedload(Delivery.account),
    joinedload(Delivery.variant),
    _POST,
    joinedload(Delivery.post).joinedload(Post.reply).joinedload(Reply.comment),
)
SOURCES: Final[Mapping[str, _Source]] = {
    Submission.__tablename__: _Source(
        select(Submission.id, Submission).options(
            joinedload(Submission.department),
            joinedload(Submission.handed_in_by).load_only(*_NAMES),
            joinedload(Submission.taken_by).load_only(*_NAMES),
            *with_names(Submission.handed_in_under),
        ),
        _submission,
    ),
    Post.__tablename__: _Source(
        select(Post.id, Post, Revision)
        .outerjoin(Revision, sql_conditions.newest())
        .options(
            joinedload(Post.department),
            joinedload(Post.reply).joinedload(Reply.comment),
            joinedload(Revision.author).load_only(*_NAMES),
            *with_names(Revision.author_under),
            subqueryload(Revision.variants).joinedload(Variant.account),
        ),
        _post,
    ),
    Comment.__tablename__: _Source(
        select(Comment.id, Comment).options(
            joinedload(Comment.account), joinedload(Comment.department)
        ),
        _comment,
    ),
    Delivery.__tablename__: _Source(
        select(Delivery.id, Delivery).options(*_DELIVERY_OPTIONS), _delivery
    ),
    TaskKind.ANSWER_FAILED: _Source(
        select(Delivery.post_id, Delivery)
        .where(has_state_among(Delivery.state, STUCK))
        .order_by(Delivery.id)
        .options(*_DELIVERY_OPTIONS),
        _delivery,
    ),
    Watch.__tablename__: _Source(
        select(Watch.id, Watch).options(
            joinedload(Watch.receipt).joinedload(ReceiptRow.account),
            joinedload(Watch.receipt)
            .joinedload(ReceiptRow.delivery)
            .options(joinedload(Delivery.variant), _POST),
        ),
        _watch,
    ),
    DepartmentChange.__tablename__: _Source(
        select(DepartmentChange.id, DepartmentChange).options(
            joinedload(DepartmentChange.department)
        ),
        _department_change,
    ),
    TransferList.__tablename__: _Source(select(TransferList.id, TransferList), _transfer_list),
    Account.__tablename__: _Source(select(Account.id, Account), _account),
}
"""What Today shows about a task, by the table of its subject; a failed answer has its own."""
