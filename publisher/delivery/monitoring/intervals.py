"""When a live post is looked at next: less and less often, and an answer only twice.

A new post is read by many, and somebody who breaks into an account changes new posts. A change in a
post of last year is noticed within a month.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_

from publisher.models.deliveries import ReceiptRow
from publisher.models.monitoring import Watch

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
YEAR = timedelta(days=365)

SHORTEST = timedelta(hours=16)
STEP = timedelta(minutes=15)
SPREAD = 12
LONGEST = SHORTEST + STEP * (SPREAD - 1)
"""Less than 19 hours: the rest of the day is a reserve for delays and for a second check."""

DAILY_FOR, WEEKLY_UNTIL = MONTH, YEAR
"""Ages of a post: up to the first it is looked at daily, up to the second weekly, then monthly."""

AGAIN = timedelta(minutes=15)
"""The interval to a second check, if one check proves nothing."""

AFTER_TROUBLE = timedelta(hours=1)


def first_look(receipt_id: int, *, is_answer: bool, now: datetime) -> datetime:
    """Return when a new post or answer is looked at first."""
    return now + (DAY if is_answer else _daily_interval(receipt_id))


def next_look(watch: Watch, now: datetime) -> datetime | None:
    """Return when a post is looked at next; None for an answer that is a week old."""
    receipt = watch.receipt
    age = now - receipt.published_at
    if watch.is_answer:
        return receipt.published_at + WEEK if age < WEEK else None
    if age < DAILY_FOR:
        return now + _daily_interval(receipt.id)
    return now + (WEEK if age < WEEKLY_UNTIL else MONTH)


def _daily_interval(receipt_id: int) -> timedelta:
    """Return the interval of daily looks, which depends on the id, to spread them over the day."""
    return SHORTEST + STEP * (receipt_id % SPREAD)


def seen_at() -> ColumnElement[datetime]:
    """Return when a post was last seen; if it never was, when it was stored."""
    return func.coalesce(Watch.looked_at, ReceiptRow.stored_at, type_=Watch.looked_at.type)


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Return a condition: the post was not seen for a day longer than its interval allows."""
    published_at, last_look = ReceiptRow.published_at, seen_at()
    is_second = and_(published_at < now - WEEK - DAY, last_look < now - DAY)
    answer = or_(and_(Watch.looked_at.is_(None), last_look < now - 2 * DAY), is_second)
    post = and_(
        last_look < now - LONGEST - DAY,
        or_(published_at >= now - DAILY_FOR, last_look < now - WEEK - DAY),
        or_(published_at >= now - WEEKLY_UNTIL, last_look < now - MONTH - DAY),
    )
    return or_(and_(Watch.is_answer.is_(True), answer), and_(Watch.is_answer.is_(False), post))
