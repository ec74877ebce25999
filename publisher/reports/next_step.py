"""The next step of a submission or post, with its holders and due time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Final

from approvals.policy import Role
from approvals.states import PostState
from publisher.models.deliveries import Delivery
from publisher.models.posts import DecisionKind, PostKind
from publisher.models.submissions import Submission
from publisher.reports.post_bundles import CommentThread, PostBundle
from publisher.reports.post_tasks import PostTasks
from publisher.reports.types import CELL, CELL_LEAD, MACHINE, Who, actor_of, holder_of, office_of
from publisher.states import (
    IN_FLIGHT,
    MAY_BE_LIVE,
    NEEDS_PERSON,
    UNSENT,
    CommentState,
    DeliveryState,
    SubmissionState,
)
from publisher.tasks.specs import TaskKind


class NextKind(StrEnum):
    """The kind of next step."""

    DRAFT = "draft"
    COMPLETE = "complete"
    CHANGE = "change"
    SEND_FOR_REVIEW = "send_for_review"
    APPROVE = "approve"
    NAME_SOMEBODY = "name_somebody"
    SCHEDULE = "schedule"
    PUBLISH = "publish"
    CONFIRM = "confirm"
    SETTLE_HELD = "settle_held"
    RESCHEDULE = "reschedule"
    ANSWER = "answer"
    ASSIGN = "assign"
    TAKE_BACK = "take_back"
    ORDER_AGAIN = "order_again"


@dataclass(frozen=True)
class Next:
    """The next step; any of `holders` may take it, the first one by preference.

    `quote` is the comment that awaits a reply, `code` the reason why a delivery is stuck.
    """

    kind: NextKind
    holders: tuple[Who, ...]
    since_at: datetime
    due_at: datetime | None = None
    quote: str = ""
    code: str = ""


OF_DELIVERY: Final[Mapping[DeliveryState, tuple[NextKind, Who]]] = {
    DeliveryState.HELD: (NextKind.SETTLE_HELD, CELL_LEAD),
    DeliveryState.FAILED: (NextKind.RESCHEDULE, CELL),
    DeliveryState.MISSED: (NextKind.RESCHEDULE, CELL),
    DeliveryState.UNCONFIRMED: (NextKind.CONFIRM, MACHINE),
    DeliveryState.SENDING: (NextKind.PUBLISH, MACHINE),
    DeliveryState.CLAIMED: (NextKind.PUBLISH, MACHINE),
    DeliveryState.SCHEDULED: (NextKind.PUBLISH, MACHINE),
}
"""The next step of a delivery in each state, and who takes it; the most pressing state is first."""
_PRESSING: Final = list(OF_DELIVERY)


def next_for_submission(
    submission: Submission, bundles: Sequence[PostBundle], tasks: Mapping[int, PostTasks]
) -> Next | None:
    """Return the next step of a submission, or None."""
    wished_at = submission.wished_at
    match submission.state:
        case SubmissionState.RECEIVED:
            taken_at = submission.taken_at or submission.state_at
            return Next(NextKind.DRAFT, _clerk(submission), taken_at, wished_at)
        case SubmissionState.RETURNED:
            holders = (_completer(submission),)
            return Next(NextKind.COMPLETE, holders, submission.state_at, wished_at)
        case SubmissionState.DRAFTED:
            following = _most_pressing(
                next_for_post(bundle, tasks[bundle.post.id], wished_at) for bundle in bundles
            )
            if following is not None and following.kind in _IN_WRITING and submission.taken_by:
                return replace(following, holders=_clerk(submission))
            return following
        case _:
            return None


def _completer(submission: Submission) -> Who:
    """Return who handed it in, else the department's officers."""
    if submission.handed_in_by is None:
        return Who(Role.OFFICER, department=office_of(submission.department))
    return actor_of(submission.handed_in_under, submission.handed_in_by)


_IN_WRITING = (NextKind.DRAFT, NextKind.CHANGE, NextKind.SEND_FOR_REVIEW)


def _clerk(submission: Submission) -> tuple[Who, ...]:
    """Return who has taken the submission, else the cell."""
    return (actor_of(None, submission.taken_by),) if submission.taken_by else (CELL,)


def _most_pressing(candidates: Iterable[Next | None]) -> Next | None:
    """Return the most urgent step: those of persons before the system's, then by time."""
    return min(
        (candidate for candidate in candidates if candidate is not None), key=_urgency, default=None
    )


def _urgency(candidate: Next) -> tuple[bool, datetime]:
    return MACHINE in candidate.holders, candidate.due_at or candidate.since_at


def next_for_post(bundle: PostBundle, tasks: PostTasks, wished_at: datetime | None) -> Next | None:
    """Return the next step of a post, or None."""
    match bundle.post.state:
        case PostState.DRAFT:
            return _writing_step(bundle, tasks, wished_at)
        case PostState.IN_REVIEW:
            since_at, approvers = bundle.post.state_at, tasks.approvers.values()
            if not all(approvers):
                return Next(NextKind.NAME_SOMEBODY, (CELL_LEAD,), since_at, wished_at)
            holders = tuple(chain.from_iterable(approvers))
            return Next(NextKind.APPROVE, holders, since_at, wished_at)
        case PostState.APPROVED:
            return _most_pressing(
                [
                    _leaving_step(bundle, tasks, wished_at),
                    _deletion_step(bundle),
                    _answer_step(bundle.thread),
                ]
            )
        case _:
            return _most_pressing([_deletion_step(bundle), _answer_step(bundle.thread)])


def _writing_step(bundle: PostBundle, tasks: PostTasks, wished_at: datetime | None) -> Next:
    revision = bundle.revision
    if revision is None:
        return Next(NextKind.DRAFT, (CELL,), bundle.post.state_at, wished_at)
    authors = (actor_of(revision.author_under, revision.author),)
    is_returned = TaskKind.POST_RETURNED in tasks.kinds
    if bundle.post.kind is not PostKind.POST:  # changing an answer is not a task of the cell
        is_returned = any(row.kind is DecisionKind.RETURNED for row in revision.decisions)
    if is_returned:
        return Next(NextKind.CHANGE, authors, bundle.post.state_at, wished_at)
    return Next(NextKind.SEND_FOR_REVIEW, authors, revision.saved_at, wished_at)


def _leaving_step(bundle: PostBundle, tasks: PostTasks, wished_at: datetime | None) -> Next | None:
    """Return the step of the most pressing delivery, or of a text without one."""
    deliveries = [
        delivery
        for delivery in bundle.deliveries
        if delivery.state in OF_DELIVERY
        and (delivery.state in MAY_BE_LIVE or bundle.is_newest(delivery))
    ]
    first = min(deliveries, key=_pressing, default=None)
    if tasks.lacks_a_time and (first is None or first.state is DeliveryState.SCHEDULED):
        is_outlived = TaskKind.OUTLIVED in tasks.kinds
        kind = NextKind.RESCHEDULE if is_outlived else NextKind.SCHEDULE
        return Next(kind, (CELL,), bundle.post.state_at, wished_at)
    return _next_for_delivery(first) if first is not None else None


def _pressing(delivery: Delivery) -> tuple[int, datetime]:
    return _PRESSING.index(delivery.state), delivery.due_at


def _next_for_delivery(delivery: Delivery) -> Next:
    kind, holder = OF_DELIVERY[delivery.state]
    code = str(delivery.reason.get("code", ""))
    return Next(kind, (holder,), delivery.state_at, delivery.due_at, code=code)


_IN_PROGRESS = (*UNSENT, *IN_FLIGHT, DeliveryState.UNCONFIRMED)


def _deletion_step(bundle: PostBundle) -> Next | None:
    """Return the step of a deletion that is in progress or stuck."""
    last_orders = {
        delivery.order.receipt_id: delivery
        for delivery in bundle.orders
        if delivery.order is not None
    }
    last_orders.pop(None, None)
    stuck = [delivery for delivery in last_orders.values() if delivery.state in NEEDS_PERSON]
    if stuck:
        return Next(NextKind.ORDER_AGAIN, (CELL_LEAD,), stuck[0].state_at)
    under_way = [delivery for delivery in last_orders.values() if delivery.state in _IN_PROGRESS]
    return Next(NextKind.TAKE_BACK, (MACHINE,), under_way[0].state_at) if under_way else None


def _answer_step(thread: CommentThread) -> Next | None:
    """Return the step of the open comment due first."""
    comment, routing = thread.first, thread.routing
    if comment is None:
        return None
    since_at = routing.since_at if routing else comment.state_at
    if comment.state is CommentState.RECEIVED:
        return Next(NextKind.ASSIGN, (CELL,), since_at, comment.due_at, quote=comment.text)
    holder = holder_of(routing.appointment) if routing and routing.appointment else CELL
    return Next(NextKind.ANSWER, (holder,), since_at, comment.due_at, quote=comment.text)
