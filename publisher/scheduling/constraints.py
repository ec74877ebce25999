"""What a delivery's time must hold: the window, the late limit, and room beside other posts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.posts import Post, PostKind, Revision, Variant
from publisher.states import DeliveryState
from publisher.validation import GRACE, FieldError, Invalid

UNSENT = (DeliveryState.SCHEDULED, DeliveryState.CLAIMED)
GONE = (
    DeliveryState.SENDING,
    DeliveryState.PUBLISHED,
    DeliveryState.UNCONFIRMED,
    DeliveryState.HELD,
)
LATE_LIMIT = 60
LONGEST_LATE_LIMIT = 24 * 60
CLASH = timedelta(minutes=10)


@dataclass(frozen=True)
class OccupiedTime:
    """A moment at which a post leaves on an account, or left."""

    delivery_id: int
    account_id: int
    post_id: int
    title: str
    due_at: datetime

    def is_on(self, account_id: int) -> bool:
        """Whether it is that account."""
        return self.account_id == account_id


def occupied_times(session: Session, *, begins: datetime, ends: datetime) -> list[OccupiedTime]:
    """What leaves from ten minutes before `begins` to ten minutes after `ends`, in order.

    Answers to citizens, and what was cancelled, missed or failed, count for nothing.
    """
    query = (
        select(Delivery.id, Delivery.account_id, Delivery.post_id, Post.title, Delivery.due_at)
        .join(Post, Post.id == Delivery.post_id)
        .where(
            Post.kind == PostKind.POST,
            Delivery.action.in_(OF_TEXTS),
            Delivery.state.in_((*UNSENT, *GONE)),
            Delivery.due_at > begins - CLASH,
            Delivery.due_at < ends + CLASH,
        )
    )
    rows = session.execute(query.order_by(Delivery.due_at, Delivery.id))
    return [OccupiedTime(*row) for row in rows]


def clash_among(
    others: Collection[OccupiedTime], *, account_id: int, post_id: int, due_at: datetime
) -> OccupiedTime | None:
    """The first of another post on that account within ten minutes of this time."""
    for occupied in others:
        if (
            occupied.is_on(account_id)
            and occupied.post_id != post_id
            and abs(occupied.due_at - due_at) < CLASH
        ):
            return occupied
    return None


def latest_moment(delivery: Delivery) -> datetime:
    """Until when this delivery may still leave: its late limit, and never past its window.

    An order is bound by no window: what is to be taken back is long out, as a rule.
    """
    limit = delivery.due_at + timedelta(minutes=delivery.late_limit)
    if delivery.action not in OF_TEXTS:
        return limit
    not_after = delivery.variant.revision.not_after
    return limit if not_after is None else min(limit, not_after)


def clashes(
    session: Session, *, account_id: int, due_at: datetime, variant_id: int
) -> list[Delivery]:
    """Other posts on that account within ten minutes of this time.

    The post's own other languages may stand beside it, and answers to citizens count for nothing.
    """
    own = select(Revision.post_id).join(Variant.revision).where(Variant.id == variant_id)
    query = (
        select(Delivery)
        .join(Post, Post.id == Delivery.post_id)
        .where(
            Delivery.account_id == account_id,
            Delivery.post_id != own.scalar_subquery(),
            Post.kind == PostKind.POST,
            Delivery.action.in_(OF_TEXTS),
            Delivery.state.in_((*UNSENT, *GONE)),
            Delivery.due_at > due_at - CLASH,
            Delivery.due_at < due_at + CLASH,
        )
    )
    return list(session.scalars(query.order_by(Delivery.due_at)))


def check_time(
    session: Session,
    variant: Variant,
    due_at: datetime,
    late_limit: int,
    *,
    now: datetime,
    despite_clash: bool,
) -> None:
    """Raise `Invalid` for a past time, one outside the window, a clash or a wrong limit."""
    problems = [*wrong_times(variant.revision, due_at, now=now), *_wrong_limit(late_limit)]
    others = clashes(session, account_id=variant.account_id, due_at=due_at, variant_id=variant.id)
    if not problems and others and not despite_clash:
        near = {"title": others[0].post.title, "due_at": others[0].due_at}
        problems.append(FieldError("due_at", "clash", near))
    if problems:
        raise Invalid(problems)


def wrong_times(revision: Revision, due_at: datetime, *, now: datetime) -> list[FieldError]:
    """What is wrong with a time by itself: it has passed, or lies outside the window."""
    if due_at < now - GRACE:
        return [FieldError("due_at", "past", {})]
    if revision.not_before is not None and due_at < revision.not_before:
        return [FieldError("due_at", "before_window", {"not_before": revision.not_before})]
    if revision.not_after is not None and due_at > revision.not_after:
        return [FieldError("due_at", "after_window", {"not_after": revision.not_after})]
    return []


def _wrong_limit(late_limit: int) -> list[FieldError]:
    if 1 <= late_limit <= LONGEST_LATE_LIMIT:
        return []
    return [FieldError("late_limit", "limit", {"most": LONGEST_LATE_LIMIT})]
