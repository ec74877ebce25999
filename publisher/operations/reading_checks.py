"""Checks of what is read from the platforms: citizens' comments, and what reading costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from publisher.database.session import Database
from publisher.delivery.accounts.manage import all_accounts
from publisher.delivery.costs import budget
from publisher.inbox import comment_storage
from publisher.inbox.unread import unread
from publisher.operations.account_checks import account_finding
from publisher.operations.health_checks import HealthFinding, HealthSubject

UNSTORED_FOR: Final = timedelta(days=30)
"""How long comments that could not be stored are reported."""


def check_unread_comments(database: Database, *, now: datetime) -> list[HealthFinding]:
    """Report accounts whose comments were not read for three times their interval."""
    with database.reading() as session:
        late = unread(session, now=now)
        accounts = [account for account in all_accounts(session) if account.id in late]
    return [
        account_finding(
            account,
            "comments_unread",
            posts=late[account.id].posts,
            mentions="yes" if late[account.id].mentions else "no",
            since=f"{late[account.id].since:%Y-%m-%d %H:%M} UTC",
        )
        for account in accounts
    ]


def check_spending(
    database: Database, settings: Mapping[str, str], *, now: datetime
) -> list[HealthFinding]:
    """Report what each platform has cost this month; a budget that is used up is a failure."""
    with database.reading() as session:
        months = budget.spending(session, settings, now=now)
    return [
        HealthFinding(
            HealthSubject.SPENDING,
            not month.is_near,
            "spent_of_budget" if month.budget else "spent",
            {
                "platform": month.platform,
                "spent": budget.dollars(month.spent),
                "estimate": budget.dollars(month.estimate),
                "budget": budget.dollars(month.budget or 0),
                "share": month.share,
            },
        )
        for month in months
    ]


def check_comments(database: Database, *, now: datetime) -> list[HealthFinding]:
    """Report the comments of the last 30 days that could not be stored, by account."""
    with database.reading() as session:
        unstored = comment_storage.list_unstored_comments(session, since=now - UNSTORED_FOR)
    return [
        account_finding(
            account,
            "comments_unstored",
            number=len(comments),
            at=f"{comments[0].seen_at:%Y-%m-%d %H:%M} UTC",
            id=comments[0].platform_id,
            reason=comments[0].reason,
        )
        for account, comments in unstored.items()
    ]
