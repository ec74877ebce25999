"""What comes next for a submission or a post, who has it since when, and by when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from approvals.states import PostState
from publisher.models.deliveries import Delivery
from publisher.models.posts import DecisionKind, Post, Revision, Variant
from publisher.models.submissions import Submission
from publisher.reports.officer_coverage import Roster
from publisher.reports.post_bundles import CommentThread, PostBundle
from publisher.reports.types import CELL, CELL_LEAD, MACHINE, Who, who_acted, who_of
from publisher.review import gate_adapter
from publisher.states import CommentState, DeliveryState, SubmissionState


class NextKind(StrEnum):
    """What has to happen next."""

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
    """What comes next; `holders` are those of whom one acts, the first one first.

    `quote` is the comment that waits for an answer, `code` why a delivery stands still.
    """

    kind: NextKind
    holders: tuple[Who, ...]
    since_at: datetime
    due_at: datetime | None = None
    quote: str = ""
    code: str = ""


_STATE_ORDER = (
    DeliveryState.HELD,
    DeliveryState.FAILED,
    DeliveryState.MISSED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.SENDING,
    DeliveryState.CLAIMED,
    DeliveryState.SCHEDULED,
)


def next_for_submission(
    submission: Submission, strands: Sequence[PostBundle], roster: Roster
) -> Next | None:
    """What comes next; None where nothing does."""
    match submission.state:
        case SubmissionState.RECEIVED:
            return Next(NextKind.DRAFT, (CELL,), submission.state_at, submission.wished_at)
        case SubmissionState.RETURNED:
            holder = who_acted(submission.handed_in_under, submission.handed_in_by)
            return Next(NextKind.COMPLETE, (holder,), submission.state_at, submission.wished_at)
        case SubmissionState.DRAFTED:
            return _next_of_strands(submission, strands, roster)
        case _:
            return None


def _next_of_strands(
    submission: Submission, strands: Sequence[PostBundle], roster: Roster
) -> Next | None:
    """Of several posts the one that needs a person first."""
    return _most_pressing(next_for_post(one, roster, submission.wished_at) for one in strands)


def _most_pressing(found: Iterable[Next | None]) -> Next | None:
    """What waits for a person before what the machine does, then by time."""
    return min((one for one in found if one is not None), key=_pressing, default=None)


def _pressing(one: Next) -> tuple[bool, datetime]:
    return MACHINE in one.holders, one.due_at or one.since_at


def next_for_post(bundle: PostBundle, roster: Roster, wished_at: datetime | None) -> Next | None:
    """What comes next for one post; None where nothing does."""
    match bundle.post.state:
        case PostState.DRAFT:
            return _to_write(bundle, wished_at)
        case PostState.IN_REVIEW:
            return _to_approve(bundle, roster, wished_at)
        case PostState.APPROVED:
            left = [_to_leave(bundle, wished_at), _to_take_back(bundle), _to_answer(bundle.talk)]
            return _most_pressing(left)
        case _:
            return _most_pressing([_to_take_back(bundle), _to_answer(bundle.talk)])


def _to_write(bundle: PostBundle, wished_at: datetime | None) -> Next:
    revision = bundle.revision
    if revision is None:
        return Next(NextKind.DRAFT, (CELL,), bundle.post.state_at, wished_at)
    author = who_acted(revision.author_under, revision.author)
    back = any(one.kind is DecisionKind.RETURNED for one in revision.decisions)
    kind = NextKind.CHANGE if back else NextKind.SEND_FOR_REVIEW
    since_at = bundle.post.state_at if back else revision.saved_at
    return Next(kind, (author,), since_at, wished_at)


def _to_approve(bundle: PostBundle, roster: Roster, wished_at: datetime | None) -> Next | None:
    revision = bundle.revision
    if revision is None:
        return None
    due_at, since_at = wished_at, bundle.post.state_at
    able = {one: _able(revision, roster, one) for one in _undecided(revision, roster.now)}
    if not all(able.values()):
        return Next(NextKind.NAME_SOMEBODY, (CELL_LEAD,), since_at, due_at)
    holders = tuple(who for everybody in able.values() for who in everybody)
    return Next(NextKind.APPROVE, holders, since_at, due_at)


def _undecided(revision: Revision, now: datetime) -> Iterator[int]:
    """The asked departments that have not approved this revision."""
    given = {
        one.department_id
        for one in revision.decisions
        if one.kind in gate_adapter.APPROVALS and gate_adapter.is_in_force(one, now=now)
    }
    return (one for one in gate_adapter.asked_departments(revision) if one not in given)


def _able(revision: Revision, roster: Roster, department_id: int) -> tuple[Who, ...]:
    here = roster.of(department_id)
    return here.named(here.approvers(gate_adapter.bound_authors(revision)).everybody)


def _to_leave(bundle: PostBundle, wished_at: datetime | None) -> Next | None:
    """The delivery that most needs somebody; before it, a variant that has no time yet."""
    standing = [one for one in bundle.deliveries if _counts(one, bundle)]
    for state in _STATE_ORDER:
        found = [one for one in standing if one.state is state]
        if found and state is not DeliveryState.SCHEDULED:
            return _of_delivery(min(found, key=_due_at))
    if any(_has_no_time(variant, bundle) for variant in _variants(bundle)):
        return Next(NextKind.SCHEDULE, (CELL,), bundle.post.state_at, wished_at)
    ahead = [one for one in standing if one.state is DeliveryState.SCHEDULED]
    return _of_delivery(min(ahead, key=_due_at)) if ahead else None


def _counts(delivery: Delivery, bundle: PostBundle) -> bool:
    """A held or unconfirmed one always does; any other only with the newest revision."""
    if delivery.state in (DeliveryState.HELD, DeliveryState.UNCONFIRMED, DeliveryState.SENDING):
        return True
    return delivery.variant_id in {one.id for one in _variants(bundle)}


def _variants(bundle: PostBundle) -> Sequence[Variant]:
    return bundle.revision.variants if bundle.revision is not None else ()


def _has_no_time(variant: Variant, bundle: PostBundle) -> bool:
    return all(
        one.variant_id != variant.id or _is_void(one, bundle.post) for one in bundle.deliveries
    )


def _is_void(delivery: Delivery, post: Post) -> bool:
    """Cancelled with an approval that was taken back, before the one that stands."""
    return delivery.state is DeliveryState.CANCELLED and delivery.state_at < post.state_at


def _due_at(delivery: Delivery) -> datetime:
    return delivery.due_at


_OF_STATE: Mapping[DeliveryState, tuple[NextKind, tuple[Who, ...]]] = {
    DeliveryState.HELD: (NextKind.SETTLE_HELD, (CELL_LEAD,)),
    DeliveryState.FAILED: (NextKind.RESCHEDULE, (CELL,)),
    DeliveryState.MISSED: (NextKind.RESCHEDULE, (CELL,)),
    DeliveryState.UNCONFIRMED: (NextKind.CONFIRM, (MACHINE,)),
    DeliveryState.SENDING: (NextKind.PUBLISH, (MACHINE,)),
    DeliveryState.CLAIMED: (NextKind.PUBLISH, (MACHINE,)),
    DeliveryState.SCHEDULED: (NextKind.PUBLISH, (MACHINE,)),
}


def _of_delivery(delivery: Delivery) -> Next:
    kind, holders = _OF_STATE[delivery.state]
    code = str(delivery.reason.get("code", ""))
    return Next(kind, holders, delivery.state_at, delivery.due_at, code=code)


_GOES_ON = (
    DeliveryState.SCHEDULED,
    DeliveryState.CLAIMED,
    DeliveryState.SENDING,
    DeliveryState.UNCONFIRMED,
)
_STOPPED = (DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.MISSED)


def _to_take_back(bundle: PostBundle) -> Next | None:
    """A deletion that is ordered and not carried out: the machine's, or stuck and the lead's."""
    last = {one.order.receipt_id: one for one in bundle.orders if one.order is not None}
    last.pop(None, None)
    stuck = [one for one in last.values() if one.state in _STOPPED]
    if stuck:
        return Next(NextKind.ORDER_AGAIN, (CELL_LEAD,), stuck[0].state_at)
    under_way = [one for one in last.values() if one.state in _GOES_ON]
    return Next(NextKind.TAKE_BACK, (MACHINE,), under_way[0].state_at) if under_way else None


def _to_answer(talk: CommentThread) -> Next | None:
    """The open comment that is due first, with whoever has it."""
    comment, routing = talk.first, talk.routing
    if comment is None:
        return None
    since_at = routing.since_at if routing else comment.state_at
    if comment.state is CommentState.RECEIVED:
        return Next(NextKind.ASSIGN, (CELL,), since_at, comment.due_at, quote=comment.text)
    holder = who_of(routing.appointment) if routing and routing.appointment else CELL
    return Next(NextKind.ANSWER, (holder,), since_at, comment.due_at, quote=comment.text)
