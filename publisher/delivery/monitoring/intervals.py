"""How long it is from one look at a publication to the next."""

from __future__ import annotations

from datetime import datetime, timedelta

from publisher.models.deliveries import ReceiptRow

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SHORTEST = timedelta(hours=16)
STEP = timedelta(minutes=15)
SPREAD = 12
LONGEST = SHORTEST + STEP * (SPREAD - 1)
"""Never nineteen hours: what is left of the day is for what delays a look, and for a second one."""

AGAIN = timedelta(minutes=15)
"""How soon it is looked at again where one look proves nothing."""

AFTER_TROUBLE = timedelta(hours=1)


def pause(receipt_id: int) -> timedelta:
    """Another one for each, so that looks are spread over the day."""
    return SHORTEST + STEP * (receipt_id % SPREAD)


def next_pause(receipt: ReceiptRow, now: datetime, weekly_after: timedelta | None) -> timedelta:
    """Less than a day, without end; a week where the city holds that to be enough by then."""
    is_old = weekly_after is not None and now - receipt.published_at > weekly_after
    return WEEK if is_old else pause(receipt.id)
