"""The trial of `nagarvani doctor --try`: it creates an unpublished post and deletes it.

Only the first of the two steps is tried; the second one would publish the post.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Actor
from publisher import transitions
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import OpenAccount
from publisher.delivery.accounts.manage import all_accounts
from publisher.delivery.controls import stop
from publisher.models.deliveries import Account
from publisher.operations.health_checks import HealthFinding, HealthSubject
from publisher.platforms.base.protocol import (
    CredentialsExpired,
    Deadline,
    Platform,
    PlatformError,
    Refused,
)
from publisher.platforms.base.types import Outgoing, PreparedPost
from publisher.states import AccountState

SECONDS: Final = 30.0
"""The timeout of each call."""


class TrialOutcome(StrEnum):
    """What the platform did with the unpublished post."""

    WORKS = "two_steps_work"
    PUBLISHED = "two_steps_published"
    REFUSED = "two_steps_refused"
    UNKNOWN = "two_steps_unknown"


@dataclass(frozen=True)
class Trial:
    """The outcome of a trial; `leftover_id` is the post if it could not be deleted."""

    outcome: TrialOutcome
    leftover_id: str = ""
    detail: str = ""


def try_accounts(
    database: Database,
    open_account: OpenAccount,
    *,
    actor: Actor,
    now: Callable[[], datetime],
) -> Iterator[HealthFinding]:
    """Try each connected account that supports it, and store the outcome.

    Nothing is tried under a stop. No transaction is open during calls to a platform.
    """
    with database.reading() as session:
        is_stopped = bool(stop.open_stops(session))
        accounts = [
            account for account in all_accounts(session) if account.state is AccountState.CONNECTED
        ]
    if is_stopped:
        yield HealthFinding(HealthSubject.ACCOUNT, False, "try_stopped")
        return
    for account in accounts:
        values: dict[str, object] = {"account": account.name, "handle": account.handle}
        trial = _try(account, open_account, now())
        if trial is None:
            yield HealthFinding(HealthSubject.ACCOUNT, True, "two_steps_none", values)
            continue
        with database.transaction() as session:
            _store_trial(session, account, trial, actor=actor, now=now())
        yield _finding(trial, values)


def _try(account: Account, open_account: OpenAccount, now: datetime) -> Trial | None:
    """Return the outcome, or None if the platform has no unpublished posts."""
    try:
        platform = open_account(account)
    except CredentialsExpired as problem:
        return Trial(TrialOutcome.UNKNOWN, detail=problem.detail)
    return try_unpublished(platform, now=now) if platform.limits.has_two_steps else None


def try_unpublished(platform: Platform, *, now: datetime) -> Trial:
    """Create an unpublished post, check that it is not public, and delete it."""
    # If a page publishes it anyway, people should understand it; the time keeps a second trial from
    # being taken for the same post.
    text = f"चाचणी. कृपया दुर्लक्ष करावे. / A test, please ignore. {now:%Y-%m-%d %H:%M:%S} UTC"
    prepared = PreparedPost(Outgoing(text))
    try:
        platform_id = platform.stage(prepared, deadline=_deadline())
    except Refused as problem:
        return Trial(TrialOutcome.REFUSED, detail=problem.detail)
    except PlatformError as problem:
        return Trial(TrialOutcome.UNKNOWN, detail=problem.detail)
    outcome, detail = _look(platform, platform_id)
    return Trial(outcome, "" if _is_removed(platform, platform_id) else platform_id, detail)


def _look(platform: Platform, platform_id: str) -> tuple[TrialOutcome, str]:
    try:
        remote_post = platform.see(platform_id)
    except PlatformError as problem:
        return TrialOutcome.UNKNOWN, problem.detail
    if remote_post is None:
        return TrialOutcome.UNKNOWN, "it was not there"
    return (TrialOutcome.PUBLISHED if remote_post.is_public else TrialOutcome.WORKS), ""


def _is_removed(platform: Platform, platform_id: str) -> bool:
    try:
        platform.delete(platform_id, deadline=_deadline())
        return platform.see(platform_id) is None
    except PlatformError:
        return False


def _deadline() -> Deadline:
    return Deadline.after(SECONDS, time.monotonic)


def _store_trial(
    session: Session, tried_account: Account, trial: Trial, *, actor: Actor, now: datetime
) -> None:
    """Store the outcome, unless it is unknown or the credentials have changed since."""
    query = select(Account).where(Account.id == tried_account.id).with_for_update()
    account = session.scalars(query).one()
    is_the_same = account.credentials == tried_account.credentials
    if trial.outcome is not TrialOutcome.UNKNOWN and is_the_same:
        account.two_steps = trial.outcome is TrialOutcome.WORKS
    values = {
        "found": trial.outcome.value,
        "left": trial.leftover_id,
        "two_steps": account.two_steps,
    }
    transitions.record(session, account, "try_two_steps", actor=actor, now=now, values=values)


def _finding(trial: Trial, values: dict[str, object]) -> HealthFinding:
    details = {**values, "left": trial.leftover_id, "detail": trial.detail}
    if trial.leftover_id:
        return HealthFinding(HealthSubject.ACCOUNT, False, "try_left", details)
    # A page that cannot do it is not at fault: its posts are sent in one step.
    return HealthFinding(
        HealthSubject.ACCOUNT,
        trial.outcome is not TrialOutcome.UNKNOWN,
        trial.outcome.value,
        details,
    )
