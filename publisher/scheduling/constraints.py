"""Check a delivery's time against its window, its late limit and the times of other posts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from publisher.models.deliveries import OF_TEXTS, Delivery
from publisher.models.posts import Post, PostKind, Revision, Variant
from publisher.states import SENT, UNSENT
from publisher.validation import GRACE, FieldError, Invalid

LATE_LIMIT = 60
LONGEST_LATE_LIMIT = 24 * 60
CLASH = timedelta(minutes=10)


@dataclass(frozen=True)
class OccupiedTime:
    """The time of a post on an account, in the past or in the future."""

    delivery_id: int
    account_id: int
    post_id: int
    title: str
    due_at: datetime

    def is_on(self, account_id: int) -> bool:
        """Return True if it is on this account."""
        return self.account_id == account_id


def occupied_times(session: Session, *, begins: datetime, ends: datetime) -> list[OccupiedTime]:
    """Return the times from ten minutes before `begins` to ten minutes after `ends`, in order.

    Replies to citizens, and cancelled, missed or failed deliveries are left out.
    """
    query = (
        select(Delivery.id, Delivery.account_id, Delivery.post_id, Post.title, Delivery.due_at)
        .join(Post, Post.id == Delivery.post_id)
        .where(
            Post.kind == PostKind.POST,
            Delivery.action.in_(OF_TEXTS),
            Delivery.state.in_((*UNSENT, *SENT)),
            Delivery.due_at > begins - CLASH,
            Delivery.due_at < ends + CLASH,
        )
    )
    rows = session.execute(query.order_by(Delivery.due_at, Delivery.id))
    return [OccupiedTime(*row) for row in rows]


def clash_among(
    others: Collection[OccupiedTime], *, account_id: int, post_id: int, due_at: datetime
) -> OccupiedTime | None:
    """Return the first time of another post on that account within ten minutes of `due_at`."""
    for occupied in others:
        if (
            occupied.is_on(account_id)
            and occupied.post_id != post_id
            and abs(occupied.due_at - due_at) < CLASH
        ):
            return occupied
    return None


def latest_moment(delivery: Delivery) -> datetime:
    """Return the latest time at which a delivery may be sent: its late limit, within its window.

    A takedown order has no window, as its post is already published.
    """
    limit = delivery.due_at + timedelta(minutes=delivery.late_limit)
    if delivery.action not in OF_TEXTS:
        return limit
    not_after = delivery.variant.revision.not_after
    return limit if not_after is None else min(limit, not_after)


def clashes(
    session: Session, *, account_id: int, due_at: datetime, variant_id: int
) -> list[Delivery]:
    """Return the deliveries of other posts on that account within ten minutes of this time.

    Other languages of the same post and replies to citizens do not clash.
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
            Delivery.state.in_((*UNSENT, *SENT)),
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
    """Raise `Invalid` for a past time, a time outside the window, a clash or a wrong late limit."""
    problems = [*wrong_times(variant.revision, due_at, now=now), *_wrong_limit(late_limit)]
    others = clashes(session, account_id=variant.account_id, due_at=due_at, variant_id=variant.id)
    if not problems and others and not despite_clash:
        near = {"title": others[0].post.title, "due_at": others[0].due_at}
        problems.append(FieldError("due_at", "clash", near))
    if problems:
        raise Invalid(problems)


def wrong_times(revision: Revision, due_at: datetime, *, now: datetime) -> list[FieldError]:
    """Return the error of a time that has passed or lies outside the window."""
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
