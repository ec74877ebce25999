"""Expiring access: checked once a day, with one warning 14, 7 and 1 days before the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from publisher import transitions
from publisher.delivery import failures, platform_credits
from publisher.delivery.accounts import manage, oauth_flow
from publisher.delivery.accounts.credentials import AccountCheck, CheckAccount, account_checker
from publisher.models.accounts import Ending, EndingWarning
from publisher.models.deliveries import Account
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.platforms.base.types import HealthProblem
from publisher.settings.environment import Settings
from publisher.states import AccountState

if TYPE_CHECKING:
    from publisher.delivery.worker_context import WorkerContext

WARN_BEFORE: Final = (14, 7, 1)
"""Days before the end, the first warning first."""

LOOK_EVERY: Final = timedelta(hours=24)


def tick_tokens(
    context: WorkerContext,
    settings: Settings,
    *,
    checker: CheckAccount | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Check each account once a day, warn of what expires, and end unfinished OAuth flows.

    Returns the number of checks, ended flows and warnings. No transaction is open while a platform
    is called.
    """
    check_account = checker or account_checker(settings, context.open_account, now=context.now)
    done, longest_ago = 0, context.now() - LOOK_EVERY
    query = select(Account).where(
        Account.state == AccountState.CONNECTED,
        ~platform_credits.has_no_credits(),
        or_(Account.checked_at.is_(None), Account.checked_at <= longest_ago),
    )
    with context.database.reading() as session:
        accounts = list(session.scalars(query.order_by(Account.id)))
    for account in takewhile(lambda _: not is_stopping(), accounts):
        _store(context, account, check_account(account))
        done += 1
    with context.database.transaction() as session:
        done += oauth_flow.tidy(session, now=context.now())
        return done + warn(session, now=context.now())


def _store(context: WorkerContext, checked_account: Account, check: AccountCheck) -> None:
    """Store the check, unless the account's credentials were changed meanwhile."""
    with context.database.transaction() as session:
        now = context.now()
        account = transitions.lock(session, Account, checked_account.id)
        if account is None or account.credentials != checked_account.credentials:
            return
        account.checked_at = now
        if check.facts is not None:
            manage.keep_facts(account, check.facts)
        platform_credits.record_check(session, account.platform, check.health, now=now)
        if check.health.problem is HealthProblem.CREDENTIALS:
            failures.pause(session, checked_account.id, now)


def ends(account: Account, *, now: datetime) -> list[tuple[Ending, datetime]]:
    """Return which access of the account ends within the longest warning time, soonest first."""
    both = ((Ending.TOKEN, account.token_until), (Ending.DATA, account.data_until))
    latest = now + timedelta(days=WARN_BEFORE[0])
    endings = [(about, at) for about, at in both if at is not None and at <= latest]
    return sorted(endings, key=lambda ending: ending[1])


def warn(session: Session, *, now: datetime) -> int:
    """Warn of what ends soon, once for each of `WARN_BEFORE`; return the number of warnings."""
    latest = now + timedelta(days=WARN_BEFORE[0])
    soon = or_(Account.token_until <= latest, Account.data_until <= latest)
    query = select(Account.id).where(soon, Account.state != AccountState.DISCONNECTED)
    number = 0
    for account_id in session.scalars(query.order_by(Account.id)):
        account = transitions.lock(session, Account, account_id)
        if account is None:
            continue
        fresh = list(_unsent_warnings(session, account, now))
        for warning in fresh:
            session.add(warning)
            values = {
                "account": account.name,
                "platform": account.platform,
                "handle": account.handle,
                "ends_at": warning.ends_at,
                "about": warning.about.value,
            }
            people = responsibility.people_of(responsibility.lead_and_admins(session, now=now))
            kind, path = NoticeKind.ACCESS_ENDS, links.ACCOUNTS
            compose.queue_for_each(session, people, kind=kind, values=values, now=now, path=path)
        number += len(fresh)
    return number


def _unsent_warnings(session: Session, account: Account, now: datetime) -> Iterator[EndingWarning]:
    for about, ends_at in ends(account, now=now):
        remaining = ends_at - now
        days = min(
            (
                days_before
                for days_before in WARN_BEFORE
                if remaining <= timedelta(days=days_before)
            ),
            default=0,
        )
        sent_warning = select(EndingWarning.id).where(
            EndingWarning.account_id == account.id,
            EndingWarning.about == about,
            EndingWarning.ends_at == ends_at,
            EndingWarning.days == days,
        )
        if remaining > timedelta(0) and session.scalar(sent_warning) is None:
            yield EndingWarning(
                account_id=account.id, about=about, ends_at=ends_at, days=days, at=now
            )
