"""How the row of each table becomes an open task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from publisher.models.comments import Comment
from publisher.models.deliveries import Account, Delivery
from publisher.models.departments import DepartmentChange
from publisher.models.monitoring import Watch
from publisher.models.posts import Post, Revision
from publisher.models.submissions import Priority, Submission
from publisher.models.transfers import TransferList
from publisher.notifications import links
from publisher.reports.external_changes import kind_of
from publisher.reports.todo_kinds import Thing, TodoKind, Waiting
from publisher.reports.types import account_of, office_of, who_acted, who_submitted
from publisher.states import CommentState
from publisher.tasks.specs import DueKind, TaskKind
from publisher.working_time import day_bounds

Due = tuple[datetime | None, DueKind | None]
TO_JUDGE = (TaskKind.TO_APPROVE, TaskKind.ANSWER_TO_APPROVE)


def _submission(todo_kind: TodoKind, submission: Submission) -> Waiting:
    due_at, due_kind = _due(submission.wished_at, submission.useful_until)
    return Waiting(
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
        by=who_submitted(submission, at=submission.received_at),
        holder=who_acted(None, submission.taken_by) if submission.taken_by else None,
    )


def _due(wished_at: datetime | None, useful_until: datetime | None) -> Due:
    if wished_at is not None:
        return wished_at, DueKind.WISHED
    return useful_until, DueKind.USEFUL_UNTIL if useful_until else None


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
        post_id=post.id,
        ends_at=revision.not_after if revision else None,
        path=(links.review if todo_kind.kind in TO_JUDGE else links.post)(post.id),
        since_at=post.state_at,
        due_at=due_at,
        due_kind=due_kind,
        title=post.title,
        quote=comment.text if comment else "",
        department=office_of(post.department),
        revision=revision.number if revision else None,
        by=who_acted(revision.author_under, revision.author, revision.saved_at)
        if revision
        else None,
    )


def _comment(todo_kind: TodoKind, comment: Comment, since_at: datetime) -> Waiting:
    assigned = comment.state is not CommentState.RECEIVED
    return Waiting(
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
        written_at=comment.written_at,
    )


def _delivery(todo_kind: TodoKind, delivery: Delivery) -> Waiting:
    comment = delivery.post.reply.comment if delivery.post.reply is not None else None
    failed = todo_kind.kind is TaskKind.ANSWER_FAILED and comment is not None
    return Waiting(
        kind=todo_kind.kind_of(delivery.state),
        subject="comment" if failed and comment else "delivery",
        subject_id=comment.id if failed and comment else delivery.id,
        path=links.comment(comment.id) if failed and comment else links.delivery(delivery.id),
        post_id=delivery.post_id,
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


def _account(todo_kind: TodoKind, account: Account, credits_since: datetime | None) -> Waiting:
    has_credits = todo_kind.kind is not TaskKind.CREDITS_USED_UP
    return Waiting(
        kind=todo_kind.kind,
        subject="account",
        subject_id=account.id,
        path=links.ACCOUNTS,
        since_at=account.state_at if has_credits else credits_since or account.state_at,
        title=account.name,
        platforms=(account.platform,),
        account=account_of(account),
        code=account.reason,
    )


def _watch(todo_kind: TodoKind, watch: Watch) -> Waiting:
    receipt, post = watch.receipt, watch.receipt.delivery.post
    return Waiting(
        kind=todo_kind.kind_of(kind_of(watch)),
        subject="watch",
        subject_id=watch.id,
        post_id=post.id,
        path=links.found(watch.id),
        since_at=watch.found_gone_at or watch.differs_at or receipt.stored_at,
        title=post.title,
        department=office_of(post.department),
        languages=(receipt.delivery.variant.language,),
        platforms=(receipt.account.platform,),
        account=account_of(receipt.account),
    )


def _ending(todo_kind: TodoKind, change: DepartmentChange) -> Waiting:
    return Waiting(
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


def _transfers(todo_kind: TodoKind, transfer_list: TransferList) -> Waiting:
    return Waiting(
        kind=todo_kind.kind_of(transfer_list.confirmed_at is not None),
        subject="transfers",
        subject_id=transfer_list.id,
        path=links.transfer_list(transfer_list.id),
        since_at=transfer_list.prepared_at,
        due_at=day_bounds(transfer_list.in_force_on)[0],
        due_kind=DueKind.IN_FORCE,
        number=transfer_list.order_number,
    )


WAITING_OF: Mapping[Thing, Callable[..., Waiting]] = {
    Submission: _submission,
    Post: _post,
    Comment: _comment,
    Delivery: _delivery,
    Watch: _watch,
    DepartmentChange: _ending,
    TransferList: _transfers,
    Account: _account,
}
"""By table, the function that returns the task of a row of `todo_queries`."""
