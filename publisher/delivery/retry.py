"""When to try again: what a platform asked for, else longer and longer pauses."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from publisher import transitions
from publisher.models.deliveries import Account, Delivery

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)


def next_try(delivery: Delivery, *, now: datetime, asked: datetime | None) -> datetime:
    """When to try again: at the time asked for if it lies ahead, else doubling from 30 s.

    Only tries that were put off make the pause longer: a clock that died says nothing of the
    platform, however often it was.
    """
    if asked is not None and asked > now:
        return asked
    put_off = sum(one.outcome == "later" for one in delivery.attempts)
    doubled: timedelta = FIRST_PAUSE * 2 ** min(max(put_off - 1, 0), 10)
    return now + min(doubled, LONGEST_PAUSE)


def quieten(session: Session, account_id: int, *, until: datetime | None) -> None:
    """Leave the account in peace until then, where the platform named a time."""
    account = transitions.lock(session, Account, account_id)
    if account is None or until is None:
        return
    if account.quiet_until is None or until > account.quiet_until:
        account.quiet_until = until
