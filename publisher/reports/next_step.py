"""The next step of a submission or post, with its holders and due time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from approvals.policy import Role
from approvals.states import PostState
from publisher.models.deliveries import Delivery
from publisher.models.posts import DecisionKind, Revision, Variant
from publisher.models.submissions import Submission
from publisher.reports.officer_coverage import Roster
from publisher.reports.post_bundles import CommentThread, PostBundle
from publisher.reports.types import CELL, CELL_LEAD, MACHINE, Who, office_of, who_acted, who_of
from publisher.review import gate_adapter
from publisher.review.department_approvers import approvers_among
from publisher.states import (
    IN_FLIGHT,
    MAY_BE_LIVE,
    NEEDS_PERSON,
    UNSENT,
    CommentState,
    DeliveryState,
    SubmissionState,
)


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


# The states of deliveries that need a next step, the most pressing first; a test keeps it complete.
STATE_ORDER = (
    DeliveryState.HELD,
    DeliveryState.FAILED,
    DeliveryState.MISSED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.SENDING,
    DeliveryState.CLAIMED,
    DeliveryState.SCHEDULED,
)


def next_for_submission(
    submission: Submission, bundles: Sequence[PostBundle], roster: Roster
) -> Next | None:
    """Return the next step of a submission, or None."""
    match submission.state:
        case SubmissionState.RECEIVED:
            taken_at = submission.taken_at or submission.state_at
            return Next(NextKind.DRAFT, _clerk(submission), taken_at, submission.wished_at)
        case SubmissionState.RETURNED:
            return Next(
                NextKind.COMPLETE,
                (_completer(submission),),
                submission.state_at,
                submission.wished_at,
            )
        case SubmissionState.DRAFTED:
            candidates = [next_for_post(bundle, roster, submission.wished_at) for bundle in bundles]
            following = _most_pressing(candidates)
            if following is not None and following.kind in _IN_WRITING and submission.taken_by:
                return replace(following, holders=_clerk(submission))
            return following
        case _:
            return None


def _completer(submission: Submission) -> Who:
    """Return who handed it in, else the department's officers."""
    if submission.handed_in_by is None:
        return Who(Role.OFFICER, department=office_of(submission.department))
    return who_acted(submission.handed_in_under, submission.handed_in_by)


_IN_WRITING = (NextKind.DRAFT, NextKind.CHANGE, NextKind.SEND_FOR_REVIEW)


def _clerk(submission: Submission) -> tuple[Who, ...]:
    """Return who has taken the submission, else the cell."""
    return (who_acted(None, submission.taken_by),) if submission.taken_by else (CELL,)


def _most_pressing(candidates: Iterable[Next | None]) -> Next | None:
    """Return the most urgent step: those of persons before the system's, then by time."""
    return min(
        (candidate for candidate in candidates if candidate is not None), key=_urgency, default=None
    )


def _urgency(candidate: Next) -> tuple[bool, datetime]:
    return MACHINE in candidate.holders, candidate.due_at or candidate.since_at


def next_for_post(bundle: PostBundle, roster: Roster, wished_at: datetime | None) -> Next | None:
    """Return the next step of a post, or None."""
    match bundle.post.state:
        case PostState.DRAFT:
            revision = bundle.revision
            if revision is None:
                return Next(NextKind.DRAFT, (CELL,), bundle.post.state_at, wished_at)
            author = who_acted(revision.author_under, revision.author)
            back = any(decision.kind is DecisionKind.RETURNED for decision in revision.decisions)
            kind = NextKind.CHANGE if back else NextKind.SEND_FOR_REVIEW
            since_at = bundle.post.state_at if back else revision.saved_at
            return Next(kind, (author,), since_at, wished_at)
        case PostState.IN_REVIEW:
            return _to_approve(bundle, roster, wished_at)
        case PostState.APPROVED:
            candidates = [
                _to_leave(bundle, wished_at, roster.now),
                _to_take_back(bundle),
                _to_answer(bundle.thread),
            ]
            return _most_pressing(candidates)
        case _:
            return _most_pressing([_to_take_back(bundle), _to_answer(bundle.thread)])


def _to_approve(bundle: PostBundle, roster: Roster, wished_at: datetime | None) -> Next | None:
    revision = bundle.revision
    if revision is None:
        return None
    due_at, since_at = wished_at, bundle.post.state_at
    approvers = {
        department_id: _approvers_in(revision, roster, department_id)
        for department_id in _undecided(revision, roster.now)
    }
    if not all(approvers.values()):
        return Next(NextKind.NAME_SOMEBODY, (CELL_LEAD,), since_at, due_at)
    holders = tuple(
        approver for department_approvers in approvers.values() for approver in department_approvers
    )
    return Next(NextKind.APPROVE, holders, since_at, due_at)


def _undecided(revision: Revision, now: datetime) -> Iterator[int]:
    """Return the asked departments that have not approved this revision."""
    approved = {
        decision.department_id
        for decision in revision.decisions
        if decision.kind in gate_adapter.APPROVAL_KINDS
        and gate_adapter.is_in_force(decision, now=now)
    }
    return (
        department_id
        for department_id in gate_adapter.asked_department_ids(revision)
        if department_id not in approved
    )


def _approvers_in(revision: Revision, roster: Roster, department_id: int) -> tuple[Who, ...]:
    offices = roster.of(department_id)
    approvers = approvers_among(offices, revision, now=roster.now).everybody
    appointment_ids = {approver.appointment_id for approver in approvers}
    in_office = [*offices.officers, *offices.heads]
    return tuple(who_of(office) for office in in_office if office.id in appointment_ids)


def _to_leave(bundle: PostBundle, wished_at: datetime | None, now: datetime) -> Next | None:
    """Return the step of the most pressing delivery, or of a variant without one."""
    deliveries = [delivery for delivery in bundle.deliveries if _counts(delivery, bundle)]
    for state in STATE_ORDER:
        in_state = [delivery for delivery in deliveries if delivery.state is state]
        if in_state and state is not DeliveryState.SCHEDULED:
            return _next_for_delivery(min(in_state, key=_due_at))
    if any(_has_no_time(variant, bundle) for variant in _variants(bundle)):
        not_after = bundle.revision.not_after if bundle.revision is not None else None
        is_outlived = not_after is not None and not_after <= now
        kind = NextKind.RESCHEDULE if is_outlived else NextKind.SCHEDULE
        return Next(kind, (CELL,), bundle.post.state_at, wished_at)
    scheduled = [delivery for delivery in deliveries if delivery.state is DeliveryState.SCHEDULED]
    return _next_for_delivery(min(scheduled, key=_due_at)) if scheduled else None


def _counts(delivery: Delivery, bundle: PostBundle) -> bool:
    """The delivery is held, unconfirmed or sending, or belongs to the newest revision."""
    if delivery.state in MAY_BE_LIVE:
        return True
    return delivery.variant_id in {variant.id for variant in _variants(bundle)}


def _variants(bundle: PostBundle) -> Sequence[Variant]:
    return bundle.revision.variants if bundle.revision is not None else ()


def _has_no_time(variant: Variant, bundle: PostBundle) -> bool:
    return all(
        delivery.variant_id != variant.id or _is_void(delivery, bundle)
        for delivery in bundle.deliveries
    )


def _is_void(delivery: Delivery, bundle: PostBundle) -> bool:
    """The delivery was cancelled before the current approval, or with all others.

    It is `sql_scheduling.has_no_time` of one post.
    """
    if delivery.state is not DeliveryState.CANCELLED:
        return False
    newest = {variant.id for variant in _variants(bundle)}
    goes_ahead = any(
        other.variant_id in newest and other.state is not DeliveryState.CANCELLED
        for other in bundle.deliveries
    )
    return delivery.state_at < bundle.post.state_at or not goes_ahead


def _due_at(delivery: Delivery) -> datetime:
    return delivery.due_at


def _next_for_delivery(delivery: Delivery) -> Next:
    kind, holders = _kind_and_holders(delivery.state)
    code = str(delivery.reason.get("code", ""))
    return Next(kind, holders, delivery.state_at, delivery.due_at, code=code)


def _kind_and_holders(state: DeliveryState) -> tuple[NextKind, tuple[Who, ...]]:
    """Return what is done next with a delivery in this state, and by whom."""
    match state:
        case DeliveryState.HELD:
            return NextKind.SETTLE_HELD, (CELL_LEAD,)
        case DeliveryState.FAILED | DeliveryState.MISSED:
            return NextKind.RESCHEDULE, (CELL,)
        case DeliveryState.UNCONFIRMED:
            return NextKind.CONFIRM, (MACHINE,)
        case DeliveryState.SENDING | DeliveryState.CLAIMED | DeliveryState.SCHEDULED:
            return NextKind.PUBLISH, (MACHINE,)
        case DeliveryState.PUBLISHED | DeliveryState.CANCELLED:
            raise ValueError(f"nothing is next for a delivery that is {state}")
        case _:
            assert_never(state)


_IN_PROGRESS = (*UNSENT, *IN_FLIGHT, DeliveryState.UNCONFIRMED)


def _to_take_back(bundle: PostBundle) -> Next | None:
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


def _to_answer(thread: CommentThread) -> Next | None:
    """Return the step of the open comment due first."""
    comment, routing = thread.first, thread.routing
    if comment is None:
        return None
    since_at = routing.since_at if routing else comment.state_at
    if comment.state is CommentState.RECEIVED:
        return Next(NextKind.ASSIGN, (CELL,), since_at, comment.due_at, quote=comment.text)
    holder = who_of(routing.appointment) if routing and routing.appointment else CELL
    return Next(NextKind.ANSWER, (holder,), since_at, comment.due_at, quote=comment.text)
