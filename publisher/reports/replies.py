"""Our replies to comments with their states."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from approvals.states import PostState
from publisher.models.comments import AnswerKind, Reply
from publisher.models.deliveries import Delivery, ReceiptRow
from publisher.models.posts import Decision, DecisionKind, Post, Revision
from publisher.notifications import links
from publisher.reports import sql_conditions
from publisher.reports.types import Who, actor_of, with_name, with_names
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
_STATES: Final[Mapping[DeliveryState, ReplyState]] = {
    DeliveryState.SCHEDULED: ReplyState.ON_ITS_WAY,
    DeliveryState.CLAIMED: ReplyState.ON_ITS_WAY,
    DeliveryState.SENDING: ReplyState.ON_ITS_WAY,
    DeliveryState.UNCONFIRMED: ReplyState.UNCONFIRMED,
    DeliveryState.HELD: ReplyState.HELD,
    DeliveryState.PUBLISHED: ReplyState.LIVE,
    DeliveryState.FAILED: ReplyState.FAILED,
    DeliveryState.MISSED: ReplyState.MISSED,
    DeliveryState.CANCELLED: ReplyState.TAKEN_BACK,
}
"""What the state of a delivery means for the reply that it carries."""


def list_replies(session: Session, comment_ids: Collection[int]) -> list[ReplyView]:
    """Return all replies to these comments, oldest first, in two statements."""
    rows = session.execute(_replies(), {"comment_ids": comment_ids}).unique()
    return [_view(reply, revision) for reply, revision in rows]


@cache
def _replies() -> Select[Reply, Revision]:
    return (
        select(Reply, Revision)
        .join(Reply.post)
        .join(Revision, sql_conditions.newest())
        .where(Reply.comment_id.in_(bindparam("comment_ids")))
        .options(
            joinedload(Reply.comment),
            contains_eager(Reply.post)
            .selectinload(Post.deliveries)
            .joinedload(Delivery.receipt)
            .defer(ReceiptRow.answer),
            with_name(Revision.author),
            *with_names(Revision.author_under),
            joinedload(Revision.decisions),
            joinedload(Revision.variants),
        )
        .order_by(Reply.post_id)
    )


def _view(reply: Reply, revision: Revision) -> ReplyView:
    post, decisions = reply.post, revision.decisions
    delivery = post.deliveries[-1] if post.deliveries else None
    receipt = delivery.receipt if delivery is not None else None
    refusal = decisions[-1] if decisions and decisions[-1].kind in _REFUSALS else None
    approvals = [decision.at for decision in decisions if decision.kind not in _REFUSALS]
    return ReplyView(
        post_id=reply.post_id,
        comment_id=reply.comment_id,
        path=links.post(reply.post_id),
        state=_state(reply, delivery, refusal),
        kind=reply.answer,
        text=revision.variants[0].text if revision.variants else "",
        by=actor_of(revision.author_under, revision.author, revision.saved_at),
        written_at=revision.saved_at,
        answered_at=approvals[-1] if approvals else revision.saved_at,
        delivery_id=delivery.id if delivery is not None else None,
        url=receipt.url if receipt is not None else "",
        published_at=receipt.published_at if receipt is not None else None,
        code=str(delivery.reason.get("code", "")) if delivery is not None else "",
        refusal_reason=refusal.reason if refusal is not None else post.reason,
        is_in_force=reply.withdrawn_at is None and reply.opening == reply.comment.opening,
    )


def _state(reply: Reply, delivery: Delivery | None, refusal: Decision | None) -> ReplyState:
    """Return the reply's state."""
    # A reply that may be live keeps that state whatever was decided about it later.
    if delivery is not None and delivery.state in (*LIVE, *UNCERTAIN):
        gone = delivery.receipt is not None and delivery.receipt.gone_at is not None
        return ReplyState.TAKEN_BACK if gone else _STATES[delivery.state]
    if refusal is not None:
        return _REFUSALS[refusal.kind]
    if reply.withdrawn_at is not None or reply.post.state is PostState.WITHDRAWN:
        return ReplyState.TAKEN_BACK
    if reply.post.state is not PostState.APPROVED:
        return ReplyState.WAITS_FOR_OFFICER
    return ReplyState.ON_ITS_WAY if delivery is None else _STATES[delivery.state]
