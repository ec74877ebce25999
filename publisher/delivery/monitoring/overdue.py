"""Overdue checks: live posts of an account that were not read back in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from publisher.delivery.costs import budget
from publisher.delivery.monitoring.intervals import is_overdue, seen_at
from publisher.models.deliveries import Account, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.platforms.base.charges import Cause
from publisher.states import AccountState


@dataclass(frozen=True)
class OverdueChecks:
    """The number of an account's posts whose check is overdue by more than a day.

    `since` is the last check of the post that has waited longest.
    """

    account_id: int
    number: int
    since: datetime


def find_overdue_checks(session: Session, *, now: datetime) -> Mapping[int, OverdueChecks]:
    """Return the accounts whose checks are overdue by more than a day, by account id.

    Disconnected accounts are left out, since nothing can be read there.
    """
    # The last check counts, not when the next is due, since each failure puts that off. A check
    # that the budget slows is overdue only after the slower interval.
    is_slow = budget.is_slowed(Cause.LOOKS, ReceiptRow.account_id, now)
    query = (
        select(ReceiptRow.account_id, func.count(), func.min(seen_at(), type_=Watch.looked_at.type))
        .join(Watch, Watch.receipt_id == ReceiptRow.id)
        .join(Account, Account.id == ReceiptRow.account_id)
        .where(
            Watch.look_at.is_not(None),
            Account.state != AccountState.DISCONNECTED,
            is_overdue(now),
            or_(~is_slow, is_overdue(now - budget.SLOW_LOOKS)),
        )
        .group_by(ReceiptRow.account_id)
    )
    return {
        account_id: OverdueChecks(account_id, number, since)
        for account_id, number, since in session.execute(query)
    }
