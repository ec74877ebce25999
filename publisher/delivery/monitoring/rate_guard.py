"""Accounts that may be polled now: polling leaves half of the rate limits to publishing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_

from publisher.delivery import platform_credits
from publisher.delivery.costs import budget
from publisher.delivery.rate_limits import response_limits
from publisher.delivery.worker_context import WorkerContext
from publisher.models.accounts import AllowanceRow
from publisher.models.deliveries import Account, ReceiptRow
from publisher.models.monitoring import Watch
from publisher.platforms.base.charges import Cause
from publisher.platforms.base.protocol import CreditsUsedUp, Platform, PostOrError, TryLater
from publisher.platforms.base.rate_limits import PUBLISH
from publisher.platforms.base.types import Allowance
from publisher.states import AccountState

WAIT = "looks.wait"
"""The name of a stored limit of our own: until when polling has to wait."""


def may_be_asked(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return conditions: `Account` works, waits for nothing, and has half of its limits left."""
    # Shares of an hour are Facebook's, which counts polling and publishing together.
    is_share = AllowanceRow.name.startswith(f"{PUBLISH}.")
    is_share &= AllowanceRow.name.endswith("_hour", autoescape=True)
    is_half_used = is_share & (AllowanceRow.remaining * 2 < AllowanceRow.most)
    holds = exists().where(
        AllowanceRow.account_id == Account.id,
        AllowanceRow.resets_at > now,
        or_(AllowanceRow.name == WAIT, is_half_used),
    )
    return (
        Account.state == AccountState.CONNECTED,
        or_(Account.quiet_until.is_(None), Account.quiet_until <= now),
        ~platform_credits.has_no_credits(),
        ~holds.correlate(Account),
    )


def is_due(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a `Watch`, with its `ReceiptRow`, is to be looked at now.

    Once the budget is used up, only posts that are days overdue or may have been deleted are.
    """
    is_slow = budget.is_slowed(Cause.LOOKS, ReceiptRow.account_id, now)
    is_waited_for = or_(Watch.look_at <= now - budget.SLOW_LOOKS, Watch.absent_at.is_not(None))
    return (Watch.look_at <= now) & or_(is_waited_for, ~is_slow)


def store_limits(
    context: WorkerContext, account: Account, platform: Platform, answers: Collection[PostOrError]
) -> None:
    """Store what the answers reported: limits, the end of credits, and until when to wait."""
    if any(isinstance(answer, CreditsUsedUp) for answer in answers):
        with context.database.transaction() as session:
            platform_credits.record_exhaustion(session, account.platform, now=context.now())
    waits = [
        answer.at for answer in answers if isinstance(answer, TryLater) and answer.at is not None
    ]
    allowances = list(platform.allowances)
    if waits:
        allowances.append(Allowance(WAIT, 0, 0, max(waits)))
    if allowances:
        with context.database.transaction() as session:
            response_limits.learn(session, account.id, allowances, context.now())
