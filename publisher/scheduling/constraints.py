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


def times_in_use(session: Session, *, begins: datetime, ends: datetime) -> list[OccupiedTime]:
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


def clashes(
    others: Collection[OccupiedTime], *, account_id: int, post_id: int, due_at: datetime
) -> list[FieldError]:
    """Return the error of a time within ten minutes of another post on that account.

    Other languages of the same post do not clash.
    """
    for occupied in others:
        is_other_post = occupied.account_id == account_id and occupied.post_id != post_id
        if is_other_post and abs(occupied.due_at - due_at) < CLASH:
            near = {"title": occupied.title, "due_at": occupied.due_at}
            return [FieldError("due_at", "clash", near)]
    return []


def latest_moment(delivery: Delivery) -> datetime:
    """Return the latest time at which a delivery may be sent: its late limit, within its window.

    A takedown order has no window, as its post is already published.
    """
    limit = delivery.due_at + timedelta(minutes=delivery.late_limit)
    if delivery.action not in OF_TEXTS:
        return limit
    not_after = delivery.variant.revision.not_after
    return limit if not_after is None else min(limit, not_after)


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
    problems = [*wrong_times(variant.revision, due_at, now=now), *wrong_limit(late_limit)]
    if not problems and not despite_clash:
        others = times_in_use(session, begins=due_at, ends=due_at)
        account_id, post_id = variant.account_id, variant.revision.post_id
        problems = clashes(others, account_id=account_id, post_id=post_id, due_at=due_at)
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


def wrong_limit(late_limit: int) -> list[FieldError]:
    """Return the error of a late limit, in minutes, that is not between one minute and a day."""
    if 1 <= late_limit <= LONGEST_LATE_LIMIT:
        return []
    return [FieldError("late_limit", "limit", {"most": LONGEST_LATE_LIMIT})]
