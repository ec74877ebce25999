"""Accounts: connect, pause, resume, change and disconnect them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload, selectinload

from approvals.policy import CLOCK, Action, Actor, require
from publisher import transitions
from publisher.delivery.rate_limits.daily_cap import recount
from publisher.models.accounts import AllowanceRow
from publisher.models.deliveries import Account
from publisher.models.people import Department
from publisher.notifications import compose, links
from publisher.notifications.kinds import NoticeKind
from publisher.people import responsibility
from publisher.people.departments import all_in_force
from publisher.platforms.base.types import Health, HealthProblem
from publisher.platforms.oauth.types import TokenFacts
from publisher.states import AccountState
from publisher.validation import Validator, existing

LONGEST_NAME = 160
LONGEST_PURPOSE = 500
MOST_A_DAY = 2_400
"""The number of posts a day that X allows; a higher cap is pointless."""


@dataclass(frozen=True)
class AccountSettings:
    """The settings of an account: name, owner, purpose, departments that use it, daily cap."""

    name: str
    department_id: int
    purpose: str = ""
    open_to: Sequence[int] = ()
    daily_cap: int | None = None


def connect(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    code: str,
    platform: str,
    handle: str,
    name: str,
    url: str,
    department_id: int,
    sealed: str,
    platform_id: str = "",
) -> Account:
    """Create or update an account with its encrypted credentials, and return it."""
    account = find_account(session, code, platform, platform_id, handle)
    if account is None:
        account = Account(
            code=code,
            platform=platform,
            name=name,
            department_id=department_id,
            state=AccountState.CONNECTED,
            state_at=now,
        )
        session.add(account)
    account.handle, account.url = handle, url
    account.platform_id = platform_id or account.platform_id or ""
    changed = account.credentials != sealed
    account.credentials = sealed
    if account.state is AccountState.DISCONNECTED:
        transitions.apply(
            session, account, AccountState.CONNECTED, actor=actor, now=now, verb="connect"
        )
    elif changed:
        transitions.record(session, account, "connect", actor=actor, now=now)
    return account


def find_account(
    session: Session, code: str, platform: str, platform_id: str, handle: str, *, lock: bool = True
) -> Account | None:
    """Return our row for this platform account, found by number, code or handle.

    With `lock` the platform's accounts are locked until the transaction ends.
    """
    query = select(Account).where(Account.platform == platform).order_by(Account.id)
    accounts = list(session.scalars(query.with_for_update() if lock else query))
    tests = (
        lambda account: platform_id and account.platform_id == platform_id,
        lambda account: account.code == code and _may_be(account, platform_id),
        lambda account: account.handle.lower() == handle.lower() and _may_be(account, platform_id),
    )
    return next((account for test in tests for account in accounts if test(account)), None)


def _may_be(account: Account, platform_id: str) -> bool:
    # A handle can pass to another account: if both numbers are known, they decide.
    return not (account.platform_id and platform_id and account.platform_id != platform_id)


def validate_settings(
    session: Session, choice: AccountSettings, account: Account | None, *, now: datetime
) -> AccountSettings:
    """Return the validated settings. Raises `Invalid`.

    Departments must be in force, except those that `account` has already.
    """
    check = Validator()
    name = check.line("name", choice.name, most=LONGEST_NAME, required=True)
    purpose = check.text("purpose", choice.purpose, most=LONGEST_PURPOSE)
    cap = choice.daily_cap
    if cap is not None and not 1 <= cap <= MOST_A_DAY:
        check.add("daily_cap", "out_of_range", least=1, most=MOST_A_DAY)
    department_ids = {choice.department_id, *choice.open_to}
    if account is not None:
        department_ids -= {account.department_id, *(office.id for office in account.open_to)}
    if not all_in_force(session, department_ids, now=now):
        check.add("department_id", "unknown_department")
    check.finish()
    return AccountSettings(name, choice.department_id, purpose, tuple(choice.open_to), cap)


def apply_choice(
    session: Session, account: Account, choice: AccountSettings, *, now: datetime
) -> None:
    """Store validated settings in the account."""
    account.name, account.purpose = choice.name, choice.purpose
    account.department_id, account.daily_cap = choice.department_id, choice.daily_cap
    query = select(Department).where(Department.id.in_(choice.open_to)).order_by(Department.id)
    account.open_to = list(session.scalars(query))
    session.flush()
    recount(session, account.id, now)


def change(
    session: Session, *, actor: Actor, now: datetime, account_id: int, choice: AccountSettings
) -> Account:
    """Change an account's settings. Raises `WrongRole`, `NotFound` or `Invalid`."""
    require(actor, Action.CONNECT_ACCOUNT, None, now=now)
    account = get_account(session, account_id)
    apply_choice(session, account, validate_settings(session, choice, account, now=now), now=now)
    values = {
        "owner": choice.department_id,
        "open_to": sorted(choice.open_to),
        "daily_cap": choice.daily_cap,
    }
    transitions.record(session, account, "change", actor=actor, now=now, values=values)
    return account


def keep_facts(account: Account, facts: TokenFacts) -> None:
    """Store what the platform says about the account's token."""
    account.token_until, account.data_until = facts.until, facts.data_until
    account.scopes, account.missing = list(facts.scopes), list(facts.missing)


def disconnect(session: Session, *, actor: Actor, now: datetime, account_id: int) -> Account:
    """Delete the account's credentials; its scheduled deliveries stay and wait."""
    require(actor, Action.CONNECT_ACCOUNT, None, now=now)
    return forget(session, get_account(session, account_id), actor=actor, now=now)


def forget(session: Session, account: Account, *, actor: Actor, now: datetime) -> Account:
    """Disconnect without checking the actor's rights, for the command line."""
    account.credentials, account.reason, account.quiet_until = "", "", None
    keep_facts(account, TokenFacts())
    session.execute(delete(AllowanceRow).where(AllowanceRow.account_id == account.id))
    if account.state is not AccountState.DISCONNECTED:
        transitions.apply(
            session, account, AccountState.DISCONNECTED, actor=actor, now=now, verb="disconnect"
        )
    return account


def pause(session: Session, *, actor: Actor, now: datetime, account_id: int, reason: str) -> None:
    """Pause an account whose credentials no longer work, and notify its admins."""
    account = transitions.lock(session, Account, account_id)
    if account is None or account.state is not AccountState.CONNECTED:
        return
    account.reason = reason
    values = {"reason": reason}
    transitions.apply(
        session, account, AccountState.PAUSED, actor=actor, now=now, verb="pause", values=values
    )
    compose.queue_for_each(
        session,
        responsibility.people_of(responsibility.lead_and_admins(session, now=now)),
        kind=NoticeKind.ACCOUNT_PAUSED,
        values={"account": account.name, "handle": account.handle, "reason": reason},
        now=now,
        path=links.ACCOUNTS,
    )


def pause_expired(session: Session, tried: Account, *, now: datetime) -> None:
    """Pause an account whose access has ended, unless it has new credentials by now."""
    account = transitions.lock(session, Account, tried.id)
    if account is not None and account.credentials == tried.credentials:
        pause(session, actor=CLOCK, now=now, account_id=account.id, reason="credentials")


def resume(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    account_id: int,
    health: Health,
    facts: TokenFacts | None = None,
) -> Account:
    """Store the result of "check again"; a healthy paused account is connected again."""
    require(actor, Action.CONNECT_ACCOUNT, None, now=now)
    account = get_account(session, account_id)
    account.checked_at = now
    if facts is not None:
        keep_facts(account, facts)
    if not health.ok or account.state is AccountState.DISCONNECTED:
        # Without credits nobody knows whether a paused account would work: its reason stays.
        if health.problem is not HealthProblem.CREDITS:
            account.reason = str(health.problem or "")
        transitions.record(session, account, "check_again", actor=actor, now=now)
        return account
    account.reason, account.quiet_until = "", None
    if account.state is AccountState.CONNECTED:
        transitions.record(session, account, "check_again", actor=actor, now=now)
    else:
        transitions.apply(
            session, account, AccountState.CONNECTED, actor=actor, now=now, verb="check_again"
        )
    return account


def get_account(session: Session, account_id: int, *, lock: bool = True) -> Account:
    """Return the account; with `lock`, locked until the transaction ends. Raises `NotFound`."""
    if lock:
        return existing(transitions.lock(session, Account, account_id), account_id)
    return existing(session.get(Account, account_id), account_id)


def all_accounts(session: Session) -> list[Account]:
    """Return every account with its owner and users, in the order of their connection."""
    query = select(Account).options(joinedload(Account.department), selectinload(Account.open_to))
    return list(session.scalars(query.order_by(Account.id)))
