"""What `nagarvani doctor --try` does: whether a post can be made unpublished, without publishing.

Only the first of the two steps is tried; the second would publish.
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
"""How long each call may take."""


class Tried(StrEnum):
    """What a page did with a post that was to be unpublished."""

    WORKS = "two_steps_work"
    PUBLISHED = "two_steps_published"
    REFUSED = "two_steps_refused"
    UNKNOWN = "two_steps_unknown"


@dataclass(frozen=True)
class Trial:
    """What was found; `left` is what could not be removed again, and a person has to."""

    found: Tried
    left: str = ""
    detail: str = ""


def try_accounts(
    database: Database,
    open_account: OpenAccount,
    *,
    actor: Actor,
    now: Callable[[], datetime],
) -> Iterator[HealthFinding]:
    """Try each connected account that may be tried, and keep what was found of it.

    Under a stop nothing is tried. No transaction is open while a platform is asked.
    """
    with database.reading() as session:
        is_stopped = bool(stop.open_stops(session))
        accounts = [one for one in all_accounts(session) if one.state is AccountState.CONNECTED]
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
            _keep(session, account, trial, actor=actor, now=now())
        yield _told(trial, values)


def _try(account: Account, open_account: OpenAccount, now: datetime) -> Trial | None:
    """None where its platform knows no unpublished posts: there it is checked, not tried."""
    try:
        platform = open_account(account)
    except CredentialsExpired as problem:
        return Trial(Tried.UNKNOWN, detail=problem.detail)
    return try_unpublished(platform, now=now) if platform.limits.has_two_steps else None


def try_unpublished(platform: Platform, *, now: datetime) -> Trial:
    """Make a post unpublished, look whether it stayed so, and remove it whatever was seen."""
    # Should a page publish it all the same, whoever reads it is to understand it; the time
    # keeps a second trial from being taken for the same post.
    text = f"चाचणी. कृपया दुर्लक्ष करावे. / A test, please ignore. {now:%Y-%m-%d %H:%M:%S} UTC"
    prepared = PreparedPost(Outgoing(text))
    try:
        made = platform.stage(prepared, deadline=_deadline())
    except Refused as problem:
        return Trial(Tried.REFUSED, detail=problem.detail)
    except PlatformError as problem:
        return Trial(Tried.UNKNOWN, detail=problem.detail)
    found, detail = _look(platform, made)
    return Trial(found, "" if _is_removed(platform, made) else made, detail)


def _look(platform: Platform, made: str) -> tuple[Tried, str]:
    try:
        seen = platform.see(made)
    except PlatformError as problem:
        return Tried.UNKNOWN, problem.detail
    if seen is None:
        return Tried.UNKNOWN, "it was not there"
    return (Tried.PUBLISHED if seen.is_public else Tried.WORKS), ""


def _is_removed(platform: Platform, made: str) -> bool:
    try:
        platform.delete(made, deadline=_deadline())
        return platform.see(made) is None
    except PlatformError:
        return False


def _deadline() -> Deadline:
    return Deadline.after(SECONDS, time.monotonic)


def _keep(session: Session, seen: Account, trial: Trial, *, actor: Actor, now: datetime) -> None:
    """What was found, unless it is not known or the account has other access by now."""
    query = select(Account).where(Account.id == seen.id).with_for_update()
    account = session.scalars(query).one()
    is_the_same = account.credentials == seen.credentials
    if trial.found is not Tried.UNKNOWN and is_the_same:
        account.two_steps = trial.found is Tried.WORKS
    values = {"found": trial.found.value, "left": trial.left, "two_steps": account.two_steps}
    transitions.record(session, account, "try_two_steps", actor=actor, now=now, values=values)


def _told(trial: Trial, values: dict[str, object]) -> HealthFinding:
    said = {**values, "left": trial.left, "detail": trial.detail}
    if trial.left:
        return HealthFinding(HealthSubject.ACCOUNT, False, "try_left", said)
    # A page that cannot do it is no fault: its posts leave in one step.
    return HealthFinding(
        HealthSubject.ACCOUNT, trial.found is not Tried.UNKNOWN, trial.found.value, said
    )
