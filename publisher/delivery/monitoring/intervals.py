"""The intervals between two checks of a live post."""

from __future__ import annotations

from datetime import datetime, timedelta

from publisher.models.deliveries import ReceiptRow

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SHORTEST = timedelta(hours=16)
STEP = timedelta(minutes=15)
SPREAD = 12
LONGEST = SHORTEST + STEP * (SPREAD - 1)
"""Less than 19 hours: the rest of the day is a reserve for delays and for a second check."""

AGAIN = timedelta(minutes=15)
"""The interval to a second check, if one check proves nothing."""

AFTER_TROUBLE = timedelta(hours=1)


def pause(receipt_id: int) -> timedelta:
    """Return the interval of a receipt; it depends on the id, to spread checks over the day."""
    return SHORTEST + STEP * (receipt_id % SPREAD)


def next_pause(receipt: ReceiptRow, now: datetime, weekly_after: timedelta | None) -> timedelta:
    """Return the interval to the next check: a week if the post is older than `weekly_after`."""
    is_old = weekly_after is not None and now - receipt.published_at > weekly_after
    return WEEK if is_old else pause(receipt.id)
