"""The stage that a submission has reached, in SQL so that lists can filter by it."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import assert_never

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    null,
    select,
)
from sqlalchemy.orm import Session

from approvals.states import PostState
from publisher.models.deliveries import OF_TEXTS, Delivery, DeliveryAction, ReceiptRow
from publisher.models.posts import Post
from publisher.models.submissions import PostSubmission, Submission
from publisher.reports import sql_conditions, sql_scheduling
from publisher.reports.sql_basics import has, is_one_of
from publisher.reports.sql_conditions import Condition
from publisher.states import ENDED_SUBMISSION, DeliveryState, SubmissionState


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
    PARTLY_LIVE = "partly_live"  #: Only of a post (`post_stages`); a list says what is left.
    GONE = "gone"

    @property
    def look(self) -> tuple[str, str]:
        """Return the subject and state by which pages choose word, icon and colour."""
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


def stage_of() -> ColumnElement[str]:
    """Return the stage of a row of `submissions`: the first whose condition holds."""
    return case(
        *((Submission.state == state, Stage(state.value).value) for state in _WITHOUT_POSTS),
        *((condition, stage.value) for stage, condition in _stage_conditions()),
        (Submission.state == SubmissionState.DRAFTED, Stage.DRAFTED.value),
        else_=Stage.RECEIVED.value,
    )


def work_left() -> ColumnElement[str | None]:
    """Return the most pressing open work of a row of `submissions`; NULL if there is none.

    It differs from the stage if one part is live and another is not yet.
    """
    waiting_states = (SubmissionState.RECEIVED, SubmissionState.RETURNED)
    lacks_a_time = _has_post([PostState.APPROVED], sql_scheduling.is_partly_unscheduled())
    pressing = {stage: condition for stage, condition in _stage_conditions() if stage in PRESSING}
    return case(
        *((Submission.state == state, Stage(state.value).value) for state in waiting_states),
        (Submission.state != SubmissionState.DRAFTED, null()),
        *(
            (lacks_a_time if stage is Stage.APPROVED else condition, stage.value)
            for stage, condition in pressing.items()
        ),
        else_=null(),
    )


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
    return and_(alive, has(published_of(Submission.id.expression).correlate(Submission)))


def published_of(submission_id: ColumnElement[int]) -> Select[int]:
    """Return the live deliveries of the submission's posts."""
    return (
        select(Delivery.id)
        .join(PostSubmission, PostSubmission.post_id == Delivery.post_id)
        .join(ReceiptRow, ReceiptRow.delivery_id == Delivery.id)
        .where(
            PostSubmission.submission_id == submission_id,
            Delivery.action.in_(OF_TEXTS),
            is_one_of(Delivery.state, [DeliveryState.PUBLISHED]),
            ReceiptRow.action == DeliveryAction.PUBLISH,
            ReceiptRow.gone_at.is_(None),
        )
    )


def _stage_of_text(state: DeliveryState) -> Stage | None:
    """Return the stage of a submission of which a text is in this state; None if cancelled."""
    match state:
        case DeliveryState.SCHEDULED:
            return Stage.SCHEDULED
        case DeliveryState.CLAIMED | DeliveryState.SENDING:
            return Stage.SENDING
        case DeliveryState.PUBLISHED:
            return Stage.LIVE
        case DeliveryState.UNCONFIRMED:
            return Stage.UNCONFIRMED
        case DeliveryState.HELD:
            return Stage.HELD
        case DeliveryState.MISSED:
            return Stage.MISSED
        case DeliveryState.FAILED:
            return Stage.FAILED
        case DeliveryState.CANCELLED:
            return None
        case _:
            assert_never(state)


def post_stages(session: Session, posts: Collection[Post]) -> dict[int, Stage]:
    """Return by post id what a reader is told of each post: the stage of its texts, else its own.

    A post with a live text is live, even while its correction is drafted; it is partly live while
    another text of its approved revision is not published.
    """
    incomplete: set[int] = set()
    stages_by_post: dict[int, set[Stage]] = {
        post.id: {_stage_of_state(post.state)} for post in posts
    }
    query = select(
        Delivery.post_id, Delivery.state, sql_conditions.is_current(), _is_still_live()
    ).where(Delivery.post_id.in_(stages_by_post), Delivery.action == DeliveryAction.PUBLISH)
    for post_id, state, is_current, is_still_live in session.execute(query):
        stage = _stage_of_text(state)
        if stage is Stage.LIVE and not is_still_live:
            stage = Stage.GONE
        if stage and (is_current or stage not in _ONLY_CURRENT):
            stages_by_post[post_id].add(stage)
        if is_current and state is not DeliveryState.PUBLISHED:
            incomplete.add(post_id)
    return {
        post_id: Stage.PARTLY_LIVE
        if Stage.LIVE in stages and post_id in incomplete
        else min(stages, key=_POST_ORDER.index)
        for post_id, stages in stages_by_post.items()
    }


def _stage_of_state(state: PostState) -> Stage:
    return Stage.POST_WITHDRAWN if state is PostState.WITHDRAWN else Stage(state.value)


_ONLY_CURRENT = (Stage.FAILED, Stage.MISSED, Stage.GONE)
_POST_ORDER = (
    Stage.LIVE,
    Stage.HELD,
    Stage.FAILED,
    Stage.MISSED,
    Stage.UNCONFIRMED,
    Stage.SENDING,
    Stage.SCHEDULED,
    Stage.GONE,
    *(_stage_of_state(state) for state in PostState),
)
"""The stages of a post, in the order of `_stage_conditions`."""


def states_at(stage: Stage) -> tuple[DeliveryState, ...]:
    """Return the states of the texts that bring a submission to this stage."""
    return tuple(state for state in DeliveryState if _stage_of_text(state) is stage)


def _stage_conditions() -> list[tuple[Stage, Condition]]:
    current = sql_conditions.is_current()
    nobody = sql_conditions.is_blocked()
    return [
        (Stage.LIVE, _has_delivery(states_at(Stage.LIVE), _is_still_live())),
        (Stage.HELD, _has_delivery(states_at(Stage.HELD))),
        (Stage.FAILED, _has_delivery(states_at(Stage.FAILED), current)),
        (Stage.MISSED, _has_delivery(states_at(Stage.MISSED), current)),
        (Stage.UNCONFIRMED, _has_delivery(states_at(Stage.UNCONFIRMED))),
        (Stage.SENDING, _has_delivery(states_at(Stage.SENDING))),
        (Stage.SCHEDULED, _has_delivery(states_at(Stage.SCHEDULED))),
        (Stage.GONE, _has_delivery(states_at(Stage.LIVE), sql_conditions.is_current())),
        (Stage.APPROVED, _has_post([PostState.APPROVED])),
        (Stage.BLOCKED, _has_post([PostState.IN_REVIEW], nobody)),
        (Stage.IN_REVIEW, _has_post([PostState.IN_REVIEW])),
        (Stage.CHANGES_WANTED, _has_post([PostState.DRAFT], sql_conditions.returned())),
        (Stage.DRAFT, _has_post([PostState.DRAFT])),
        (Stage.REJECTED, _has_post([PostState.REJECTED])),
        (Stage.POST_WITHDRAWN, _has_post([PostState.WITHDRAWN])),
    ]


def _has_post(states: Collection[PostState], *conditions: Condition) -> Condition:
    posts = (
        select(Post.id)
        .join(PostSubmission, PostSubmission.post_id == Post.id)
        .where(
            PostSubmission.submission_id == Submission.id,
            is_one_of(Post.state, states),
            *conditions,
        )
    )
    return posts.correlate(Submission).exists()


def _has_delivery(states: Collection[DeliveryState], *conditions: Condition) -> Condition:
    deliveries = (
        select(Delivery.id)
        .join(PostSubmission, PostSubmission.post_id == Delivery.post_id)
        .where(
            PostSubmission.submission_id == Submission.id,
            Delivery.action.in_(OF_TEXTS),
            is_one_of(Delivery.state, states),
            *conditions,
        )
    )
    return deliveries.correlate(Submission).exists()


def _is_still_live() -> Condition:
    """The text that the delivery published is still on its platform."""
    receipt = select(ReceiptRow.id).where(
        ReceiptRow.delivery_id == Delivery.id,
        ReceiptRow.action == DeliveryAction.PUBLISH,
        ReceiptRow.gone_at.is_(None),
    )
    return receipt.correlate(Delivery).exists()
