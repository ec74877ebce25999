"""How far a submission has come, as its department understands it; in SQL, so that lists filter."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import ColumnElement, String, and_, case, null, or_, select, type_coerce, union_all
from sqlalchemy.orm import InstrumentedAttribute

from approvals.lifecycle import PostState
from publisher.lifecycle import DeliveryState, SubmissionState
from publisher.models.content import Post, PostSubmission, Submission
from publisher.models.deliveries import Delivery
from publisher.office.reporting import conditions
from publisher.office.reporting.conditions import Condition

State = TypeVar("State", PostState, DeliveryState)


class Stage(StrEnum):
    """The furthest point that anything of a submission has reached."""

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

    @property
    def look(self) -> tuple[str, str]:
        """The thing and its state, by which pages choose word, icon and colour."""
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
}
_ENDED = {
    SubmissionState.RETURNED: Stage.RETURNED,
    SubmissionState.DECLINED: Stage.DECLINED,
    SubmissionState.MERGED: Stage.MERGED,
    SubmissionState.WITHDRAWN: Stage.WITHDRAWN,
}
_ON_ITS_WAY = (DeliveryState.CLAIMED, DeliveryState.SENDING)


def stage_of(*, now: datetime) -> ColumnElement[str]:
    """The stage of a row of `submissions`: the first of these that holds."""
    return case(
        *((Submission.state == state, stage.value) for state, stage in _ENDED.items()),
        *((condition, stage.value) for stage, condition in _points(now)),
        (Submission.state == SubmissionState.DRAFTED, Stage.DRAFTED.value),
        else_=Stage.RECEIVED.value,
    )


def work_left(*, now: datetime) -> ColumnElement[str | None]:
    """What of a row of `submissions` still needs work, the most pressing first; NULL for nothing.

    It differs from the stage where a part is live and another is not yet.
    """
    waits = (SubmissionState.RECEIVED, SubmissionState.RETURNED)
    lacks_a_time = _has_post([PostState.APPROVED], conditions.is_partly_unscheduled())
    left = {stage: condition for stage, condition in _points(now) if stage in _LEFT}
    return case(
        *((Submission.state == state, Stage(state.value).value) for state in waits),
        (Submission.state != SubmissionState.DRAFTED, null()),
        *(
            (lacks_a_time if stage is Stage.APPROVED else condition, stage.value)
            for stage, condition in left.items()
        ),
        else_=null(),
    )


_LEFT = frozenset(
    {
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
    }
)


def is_open() -> Condition:
    """Something of the row of `submissions` still needs work: `work_left` is not NULL.

    Asked of what is under way, of which there is little, and not of all that was ever published.
    """
    waits = Submission.state.in_((SubmissionState.RECEIVED, SubmissionState.RETURNED))
    posts = select(PostSubmission.submission_id).join(Post, Post.id == PostSubmission.post_id)
    deliveries = select(PostSubmission.submission_id).join(
        Delivery, Delivery.post_id == PostSubmission.post_id
    )
    under_way = union_all(
        posts.where(Post.state.in_((PostState.DRAFT, PostState.IN_REVIEW))),
        posts.where(conditions.is_without_a_time()),
        deliveries.where(Delivery.state.in_(_NOT_SETTLED)),
        deliveries.where(conditions.stands_still()),
    )
    drafted = Submission.state == SubmissionState.DRAFTED
    return or_(waits, and_(drafted, Submission.id.in_(under_way)))


_NOT_SETTLED = (
    DeliveryState.SCHEDULED,
    *_ON_ITS_WAY,
    DeliveryState.UNCONFIRMED,
    DeliveryState.HELD,
)


def is_live() -> Condition:
    """Something of the row of `submissions` is live, and it has not ended otherwise."""
    published = _has_delivery([DeliveryState.PUBLISHED])
    return and_(Submission.state.not_in(tuple(_ENDED)), published)


def _points(now: datetime) -> list[tuple[Stage, Condition]]:
    current = conditions.is_current()
    nobody = conditions.nobody_can_approve(now=now)
    return [
        (Stage.LIVE, _has_delivery([DeliveryState.PUBLISHED])),
        (Stage.HELD, _has_delivery([DeliveryState.HELD])),
        (Stage.FAILED, _has_delivery([DeliveryState.FAILED], current)),
        (Stage.MISSED, _has_delivery([DeliveryState.MISSED], current)),
        (Stage.UNCONFIRMED, _has_delivery([DeliveryState.UNCONFIRMED])),
        (Stage.SENDING, _has_delivery(_ON_ITS_WAY)),
        (Stage.SCHEDULED, _has_delivery([DeliveryState.SCHEDULED])),
        (Stage.APPROVED, _has_post([PostState.APPROVED])),
        (Stage.BLOCKED, _has_post([PostState.IN_REVIEW], nobody)),
        (Stage.IN_REVIEW, _has_post([PostState.IN_REVIEW])),
        (Stage.CHANGES_WANTED, _has_post([PostState.DRAFT], conditions.returned())),
        (Stage.DRAFT, _has_post([PostState.DRAFT])),
        (Stage.REJECTED, _has_post([PostState.REJECTED])),
        (Stage.POST_WITHDRAWN, _has_post([PostState.WITHDRAWN])),
    ]


def _has_post(states: Collection[PostState], *conditions_on_it: Condition) -> Condition:
    posts = (
        select(Post.id)
        .join(PostSubmission, PostSubmission.post_id == Post.id)
        .where(
            PostSubmission.submission_id == Submission.id,
            _is_one_of(Post.state, states),
            *conditions_on_it,
        )
    )
    return posts.correlate(Submission).exists()


def _has_delivery(states: Collection[DeliveryState], *conditions_on_it: Condition) -> Condition:
    deliveries = (
        select(Delivery.id)
        .join(PostSubmission, PostSubmission.post_id == Delivery.post_id)
        .where(
            PostSubmission.submission_id == Submission.id,
            _is_one_of(Delivery.state, states),
            *conditions_on_it,
        )
    )
    return deliveries.correlate(Submission).exists()


def _is_one_of(column: InstrumentedAttribute[State], states: Collection[State]) -> Condition:
    """The state is one of these; asked so that no index on it is taken.

    A submission has a few posts, and there are very many in each state; without statistics of
    its tables a planner that may take either begins with the state.
    """
    return type_coerce(column, String).concat("").in_([one.value for one in states])
