"""The time of a retry: what the platform asked for, else an exponential backoff."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from publisher import transitions
from publisher.models.deliveries import Account, Delivery

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)


def next_try(delivery: Delivery, *, now: datetime, retry_at: datetime | None) -> datetime:
    """Return when to try again: at `retry_at` if that is in the future, else with backoff.

    Only attempts that the platform put off make the pause longer; those of dead clocks do not.
    """
    if retry_at is not None and retry_at > now:
        return retry_at
    put_off = sum(attempt.outcome == "later" for attempt in delivery.attempts)
    doubled: timedelta = FIRST_PAUSE * 2 ** min(max(put_off - 1, 0), 10)
    return now + min(doubled, LONGEST_PAUSE)


def quieten(session: Session, account_id: int, *, until: datetime | None) -> None:
    """Send nothing more on the account until then, if the platform named a time."""
    account = transitions.lock(session, Account, account_id)
    if account is None or until is None:
        return
    if account.quiet_until is None or until > account.quiet_until:
        account.quiet_until = until
