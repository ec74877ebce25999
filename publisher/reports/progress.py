"""The stage that a submission has reached, and its most pressing open work."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from approvals.states import PostState
from publisher.models.deliveries import OF_TEXTS, Delivery, DeliveryAction, ReceiptRow
from publisher.models.posts import Post, Revision, Variant
from publisher.models.submissions import PostSubmission, Submission
from publisher.reports.post_bundles import PostBundle
from publisher.reports.post_tasks import PostTasks
from publisher.reports.sql_basics import has, has_state_among
from publisher.reports.sql_conditions import Condition
from publisher.states import ENDED_SUBMISSION, DeliveryState, SubmissionState
from publisher.tasks.specs import TaskKind


class Stage(StrEnum):
    """The furthest point that any part of a submission has reached."""

    RECEIVED = "received"
    RETURNED = "returned"
    DECLINED = "declined"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    DRAFTED = "drafted"
    DRAFT = "draft"
    CHANGES_WANTED = "changes_wanted"
    IN_REVIEW = "in_review"
    BLOCKED = "blocked"
    REJECTED = "rejected"
    POST_WITHDRAWN = "post_withdrawn"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    UNCONFIRMED = "unconfirmed"
    FAILED = "failed"
    MISSED = "missed"
    HELD = "held"
    LIVE = "live"
    PARTLY_LIVE = "partly_live"  #: Only for a post (`post_stages`); a list says what is left.
    GONE = "gone"

    @property
    def look(self) -> tuple[str, str]:
        """Return the subject and state from which pages choose word, icon and colour."""
        return _LOOKS[self]


_LOOKS = {
    Stage.RECEIVED: ("submission", "received"),
    Stage.RETURNED: ("submission", "returned"),
    Stage.DECLINED: ("submission", "declined"),
    Stage.MERGED: ("submission", "merged"),
    Stage.WITHDRAWN: ("submission", "withdrawn"),
    Stage.DRAFTED: ("submission", "drafted"),
    Stage.DRAFT: ("post", "draft"),
    Stage.CHANGES_WANTED: ("post", "returned"),
    Stage.IN_REVIEW: ("post", "in_review"),
    Stage.BLOCKED: ("post", "blocked"),
    Stage.REJECTED: ("post", "rejected"),
    Stage.POST_WITHDRAWN: ("post", "withdrawn"),
    Stage.APPROVED: ("post", "approved"),
    Stage.SCHEDULED: ("delivery", "scheduled"),
    Stage.SENDING: ("delivery", "sending"),
    Stage.UNCONFIRMED: ("delivery", "unconfirmed"),
    Stage.FAILED: ("delivery", "failed"),
    Stage.MISSED: ("delivery", "missed"),
    Stage.HELD: ("delivery", "held"),
    Stage.LIVE: ("delivery", "published"),
    Stage.PARTLY_LIVE: ("post", "partly_published"),
    Stage.GONE: ("post", "deleted"),
}
_WITHOUT_POSTS = (SubmissionState.RETURNED, *ENDED_SUBMISSION)
"""The states in which the posts do not count: the submission has the stage of its own state."""


def stage_of(
    submission: Submission, bundles: Collection[PostBundle], tasks: Mapping[int, PostTasks]
) -> Stage:
    """Return the stage of a submission."""
    own = Stage(submission.state.value)
    if submission.state in _WITHOUT_POSTS:
        return own
    stages = (stage for bundle in bundles for stage in _stages(bundle, tasks[bundle.post.id]))
    return min(stages, key=_ORDER.index, default=own)


def work_left(
    submission: Submission, bundles: Collection[PostBundle], tasks: Mapping[int, PostTasks]
) -> Stage | None:
    """Return the most pressing open work of a submission, or None.

    It differs from the stage if one part is live and another is not yet.
    """
    match submission.state:
        case SubmissionState.RECEIVED | SubmissionState.RETURNED:
            return Stage(submission.state.value)
        case SubmissionState.DRAFTED:
            stages = {
                stage
                for bundle in bundles
                for stage in _stages(bundle, tasks[bundle.post.id])
                if stage is not Stage.APPROVED or tasks[bundle.post.id].lacks_a_time
            }
            return min(stages.intersection(PRESSING), key=PRESSING.index, default=None)
        case _:
            return None


def _stages(bundle: PostBundle, tasks: PostTasks) -> Iterator[Stage]:
    """Yield the stages of a post and of its texts."""
    if TaskKind.BLOCKED in tasks.kinds:
        yield Stage.BLOCKED
    elif TaskKind.POST_RETURNED in tasks.kinds:
        yield Stage.CHANGES_WANTED
    else:
        yield _stage_of_state(bundle.post.state)
    for delivery in bundle.deliveries:
        receipt = delivery.receipt
        is_still_live = (
            receipt is not None
            and receipt.action is DeliveryAction.PUBLISH
            and receipt.gone_at is None
        )
        is_current = bundle.post.state is PostState.APPROVED and bundle.is_newest(delivery)
        stage = _stage_of_text(delivery.state, is_current=is_current, is_still_live=is_still_live)
        if stage is not None:
            yield stage


PRESSING = (
    Stage.RECEIVED,
    Stage.RETURNED,
    Stage.HELD,
    Stage.FAILED,
    Stage.MISSED,
    Stage.UNCONFIRMED,
    Stage.SENDING,
    Stage.SCHEDULED,
    Stage.APPROVED,
    Stage.BLOCKED,
    Stage.IN_REVIEW,
    Stage.CHANGES_WANTED,
    Stage.DRAFT,
)
"""The stages with open work, the most pressing first."""


def is_live() -> Condition:
    """A part of the submission is live, and the submission has not ended otherwise."""
    alive = Submission.state.not_in(_WITHOUT_POSTS)
    return and_(alive, has(live_deliveries(Submission.id.expression).correlate(Submission)))


def live_deliveries(submission_id: ColumnElement[int]) -> Select[int]:
    """Return the live deliveries of the submission's posts."""
    return (
        select(Delivery.id)
        .join(PostSubmission, PostSubmission.post_id == Delivery.post_id)
        .join(ReceiptRow, ReceiptRow.delivery_id == Delivery.id)
        .where(
            PostSubmission.submission_id == submission_id,
            Delivery.action.in_(OF_TEXTS),
            has_state_among(Delivery.state, [DeliveryState.PUBLISHED]),
            ReceiptRow.action == DeliveryAction.PUBLISH,
            ReceiptRow.gone_at.is_(None),
        )
    )


def _stage_of_text(state: DeliveryState, *, is_current: bool, is_still_live: bool) -> Stage | None:
    """Return the stage of a submission with a text in this state, or None."""
    stage = STAGE_OF_DELIVERY.get(state)
    if stage is Stage.LIVE and not is_still_live:
        stage = Stage.GONE
    return stage if is_current or stage not in _ONLY_CURRENT else None


def post_stages(session: Session, posts: Collection[Post]) -> dict[int, Stage]:
    """Return by post id the stage of each post that is shown: that of its texts, else its own.

    A post with a live text is live, even while its correction is drafted; it is partly live while
    another text of its approved revision is not published.
    """
    incomplete: set[int] = set()
    by_id = {post.id: post for post in posts}
    stages_by_post = {post.id: {_stage_of_state(post.state)} for post in posts}
    is_still_live = (ReceiptRow.delivery_id == Delivery.id) & ReceiptRow.gone_at.is_(None)
    query = (
        select(Delivery.post_id, Delivery.state, Revision.number, ReceiptRow.id)
        .join(Variant, Variant.id == Delivery.variant_id)
        .join(Revision, Revision.id == Variant.revision_id)
        .outerjoin(ReceiptRow, is_still_live & (ReceiptRow.action == DeliveryAction.PUBLISH))
        .where(Delivery.post_id.in_(by_id), Delivery.action == DeliveryAction.PUBLISH)
    )
    for post_id, state, number, receipt_id in session.execute(query):
        post = by_id[post_id]
        is_current = post.state is PostState.APPROVED and number == post.newest
        stage = _stage_of_text(state, is_current=is_current, is_still_live=receipt_id is not None)
        if stage is not None:
            stages_by_post[post_id].add(stage)
        if is_current and state is not DeliveryState.PUBLISHED:
            incomplete.add(post_id)
    return {
        post_id: Stage.PARTLY_LIVE
        if Stage.LIVE in stages and post_id in incomplete
        else min(stages, key=_ORDER.index)
        for post_id, stages in stages_by_post.items()
    }


def _stage_of_state(state: PostState) -> Stage:
    return Stage.POST_WITHDRAWN if state is PostState.WITHDRAWN else Stage(state.value)


_ONLY_CURRENT = (Stage.FAILED, Stage.MISSED, Stage.GONE)
_ORDER = (
    Stage.LIVE,
    Stage.HELD,
    Stage.FAILED,
    Stage.MISSED,
    Stage.UNCONFIRMED,
    Stage.SENDING,
    Stage.SCHEDULED,
    Stage.GONE,
    Stage.APPROVED,
    Stage.BLOCKED,
    Stage.IN_REVIEW,
    Stage.CHANGES_WANTED,
    Stage.DRAFT,
    Stage.REJECTED,
    Stage.POST_WITHDRAWN,
)
"""The stages of posts and their texts: the first that applies is shown to readers."""
STAGE_OF_DELIVERY: Final[Mapping[DeliveryState, Stage]] = {
    DeliveryState.SCHEDULED: Stage.SCHEDULED,
    DeliveryState.CLAIMED: Stage.SENDING,
    DeliveryState.SENDING: Stage.SENDING,
    DeliveryState.PUBLISHED: Stage.LIVE,
    DeliveryState.UNCONFIRMED: Stage.UNCONFIRMED,
    DeliveryState.HELD: Stage.HELD,
    DeliveryState.MISSED: Stage.MISSED,
    DeliveryState.FAILED: Stage.FAILED,
}
"""The stage that a text in this state brings its submission to; a cancelled text brings none."""
