"""How far a submission has come, as its department understands it; in SQL, so that lists filter."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, select

from approvals.lifecycle import PostState
from publisher.lifecycle import DeliveryState, SubmissionState
from publisher.models.content import Post, PostSubmission, Submission
from publisher.models.deliveries import Delivery
from publisher.office.reporting import conditions
from publisher.office.reporting.conditions import Condition


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


def _points(now: datetime) -> list[tuple[Stage, Condition]]:
    return [
        (Stage.LIVE, _has_delivery(Delivery.state == DeliveryState.PUBLISHED)),
        (Stage.HELD, _has_delivery(Delivery.state == DeliveryState.HELD)),
        (Stage.FAILED, _has_delivery(conditions.stands_still([DeliveryState.FAILED]))),
        (Stage.MISSED, _has_delivery(conditions.stands_still([DeliveryState.MISSED]))),
        (Stage.UNCONFIRMED, _has_delivery(Delivery.state == DeliveryState.UNCONFIRMED)),
        (Stage.SENDING, _has_delivery(Delivery.state.in_(_ON_ITS_WAY))),
        (Stage.SCHEDULED, _has_delivery(Delivery.state == DeliveryState.SCHEDULED)),
        (Stage.APPROVED, _has_post([PostState.APPROVED])),
        (Stage.BLOCKED, _has_post([PostState.IN_REVIEW], conditions.blocked(now=now))),
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
            Post.state.in_(states),
            *conditions_on_it,
        )
    )
    return posts.correlate(Submission).exists()


def _has_delivery(condition: Condition) -> Condition:
    deliveries = (
        select(Delivery.id)
        .join(PostSubmission, PostSubmission.post_id == Delivery.post_id)
        .where(PostSubmission.submission_id == Submission.id, and_(condition))
    )
    return deliveries.correlate(Submission).exists()
