"""Our replies to comments with their states."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import assert_never

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.states import PostState
from publisher.models.comments import AnswerKind, Comment, Reply
from publisher.models.deliveries import Delivery
from publisher.models.posts import Decision, DecisionKind, Post, Revision
from publisher.notifications import links
from publisher.reports.post_bundles import PostBundle, bundles_by_post
from publisher.reports.types import MACHINE, Who, who_acted
from publisher.states import LIVE, UNCERTAIN, DeliveryState


class ReplyState(StrEnum):
    """The state of a reply as its officer sees it."""

    WAITS_FOR_OFFICER = "waits_for_officer"
    ON_ITS_WAY = "on_its_way"
    UNCONFIRMED = "unconfirmed"
    HELD = "held"
    LIVE = "live"
    FAILED = "failed"
    MISSED = "missed"
    RETURNED = "returned"
    REJECTED = "rejected"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True)
class ReplyView:
    """A reply with its state.

    `code` is the reason of a failure, `refusal_reason` the officer's reason for not approving it;
    `url` and `published_at` are set once it is live. `is_in_force` is false if it was withdrawn, or
    if the comment was opened again after it. `answered_at` is when it was approved, else written.
    """

    post_id: int
    comment_id: int
    path: str
    state: ReplyState
    kind: AnswerKind
    text: str
    by: Who
    written_at: datetime
    answered_at: datetime
    delivery_id: int | None
    url: str
    published_at: datetime | None
    code: str
    refusal_reason: str
    is_in_force: bool

    @property
    def may_be_live(self) -> bool:
        """The reply is live or may be."""
        return self.state in (ReplyState.LIVE, ReplyState.UNCONFIRMED, ReplyState.HELD)


_REFUSALS = {
    DecisionKind.RETURNED: ReplyState.RETURNED,
    DecisionKind.REJECTED: ReplyState.REJECTED,
}


def replies_to(session: Session, comment_ids: Collection[int]) -> list[ReplyView]:
    """Return all replies to these comments, oldest first, in a bounded number of queries."""
    replies = session.scalars(_replies(), {"comment_ids": comment_ids}).all()
    of_revisions = (selectinload(Revision.decisions), selectinload(Revision.variants))
    bundles = bundles_by_post(session, [reply.post for reply in replies], *of_revisions)
    return [_view(reply, reply.comment, bundles[reply.post_id]) for reply in replies]


@cache
def _replies() -> Select[Reply]:
    return (
        select(Reply)
        .join(Post, Post.id == Reply.post_id)
        .where(Reply.comment_id.in_(bindparam("comment_ids")), Post.newest > 0)
        .options(
            joinedload(Reply.comment),
            joinedload(Reply.post).joinedload(Post.department),
        )
        .order_by(Reply.post_id)
    )


def _view(reply: Reply, comment: Comment, bundle: PostBundle) -> ReplyView:
    revision, delivery = bundle.revision, (bundle.deliveries[-1] if bundle.deliveries else None)
    receipt = delivery.receipt if delivery is not None else None
    decisions = bundle.revision.decisions if bundle.revision is not None else []
    refusal = decisions[-1] if decisions and decisions[-1].kind in _REFUSALS else None
    written_at = revision.saved_at if revision else bundle.post.created_at
    return ReplyView(
        post_id=reply.post_id,
        comment_id=reply.comment_id,
        path=links.post(reply.post_id),
        state=_state(reply, bundle, delivery, refusal),
        kind=reply.answer,
        text=revision.variants[0].text if revision and revision.variants else "",
        by=who_acted(revision.author_under, revision.author, revision.saved_at)
        if revision
        else MACHINE,
        written_at=written_at,
        answered_at=_approved_at(bundle) or written_at,
        delivery_id=delivery.id if delivery is not None else None,
        url=receipt.url if receipt is not None else "",
        published_at=receipt.published_at if receipt is not None else None,
        code=str(delivery.reason.get("code", "")) if delivery is not None else "",
        refusal_reason=refusal.reason if refusal is not None else bundle.post.reason,
        is_in_force=reply.withdrawn_at is None and reply.opening == comment.opening,
    )


def _approved_at(bundle: PostBundle) -> datetime | None:
    decisions = bundle.revision.decisions if bundle.revision is not None else []
    approvals = [decision.at for decision in decisions if decision.kind not in _REFUSALS]
    return approvals[-1] if approvals else None


def _state(
    reply: Reply, bundle: PostBundle, delivery: Delivery | None, refusal: Decision | None
) -> ReplyState:
    """Return the reply's state."""
    # A reply that may be live keeps that state whatever was decided about it later.
    if delivery is not None and delivery.state in (*LIVE, *UNCERTAIN):
        gone = delivery.receipt is not None and delivery.receipt.gone_at is not None
        return ReplyState.TAKEN_BACK if gone else _state_by_delivery(delivery.state)
    if refusal is not None:
        return _REFUSALS[refusal.kind]
    if reply.withdrawn_at is not None or bundle.post.state is PostState.WITHDRAWN:
        return ReplyState.TAKEN_BACK
    if bundle.post.state is not PostState.APPROVED:
        return ReplyState.WAITS_FOR_OFFICER
    return ReplyState.ON_ITS_WAY if delivery is None else _state_by_delivery(delivery.state)


def _state_by_delivery(state: DeliveryState) -> ReplyState:
    """Return what a delivery's state means for the reply that it carries."""
    match state:
        case DeliveryState.SCHEDULED | DeliveryState.CLAIMED | DeliveryState.SENDING:
            return ReplyState.ON_ITS_WAY
        case DeliveryState.UNCONFIRMED:
            return ReplyState.UNCONFIRMED
        case DeliveryState.HELD:
            return ReplyState.HELD
        case DeliveryState.PUBLISHED:
            return ReplyState.LIVE
        case DeliveryState.FAILED:
            return ReplyState.FAILED
        case DeliveryState.MISSED:
            return ReplyState.MISSED
        case DeliveryState.CANCELLED:
            return ReplyState.TAKEN_BACK
        case _:
            assert_never(state)
