"""The doctor's findings about the accounts: access, permissions, late checks of posts, credits."""

from __future__ import annotations

from datetime import datetime

from publisher.database.session import Database
from publisher.delivery import platform_credits
from publisher.delivery.accounts.credentials import OpenAccount
from publisher.delivery.accounts.manage import all_accounts
from publisher.delivery.accounts.token_expiry import ends
from publisher.delivery.monitoring import overdue
from publisher.models.deliveries import Account
from publisher.operations.health_checks import HealthFinding, HealthSubject
from publisher.platforms.base.protocol import CredentialsExpired
from publisher.states import AccountState


def account_finding(
    account: Account, code: str, *, ok: bool = False, **values: object
) -> HealthFinding:
    """Return a finding about an account; its sentence names it."""
    about = {"account": account.name, "platform": account.platform, "handle": account.handle}
    return HealthFinding(HealthSubject.ACCOUNT, ok, code, {**about, **values})


def check_accounts(database: Database, open_account: OpenAccount) -> list[HealthFinding]:
    """Check each account's token by asking its platform, outside of any transaction."""
    with database.reading() as session:
        accounts = all_accounts(session)
        session.expunge_all()
    if not accounts:
        return [HealthFinding(HealthSubject.ACCOUNT, False, "no_account")]
    return [_check_account(account, open_account) for account in accounts]


def check_expiries(database: Database, *, now: datetime) -> list[HealthFinding]:
    """Report access that ends within two weeks, and missing permissions."""
    with database.reading() as session:
        accounts = all_accounts(session)
    findings = [
        account_finding(
            account,
            f"{about.value}_ends",
            at=f"{at:%Y-%m-%d %H:%M} UTC",
            days=max(0, (at - now).days),
        )
        for account in accounts
        for about, at in ends(account, now=now)
    ]
    return findings + [
        account_finding(account, "rights_missing", rights=", ".join(account.missing))
        for account in accounts
        if account.missing
    ]


def _check_account(account: Account, open_account: OpenAccount) -> HealthFinding:
    if account.state is AccountState.DISCONNECTED:
        return account_finding(account, "disconnected", ok=True)
    try:
        health = open_account(account).check()
    except CredentialsExpired:
        return account_finding(account, "unsealable")
    code = f"token_{health.problem.value}" if health.problem else "token_works"
    if account.state is AccountState.PAUSED:
        since, token = f"{account.state_at:%Y-%m-%d %H:%M} UTC", code.removeprefix("token_")
        return account_finding(account, "paused", since=since, token=token)
    return account_finding(account, code, ok=health.ok, known_as=health.name)


def check_monitoring(database: Database, *, now: datetime) -> list[HealthFinding]:
    """Report accounts whose published posts are a day overdue to be read back."""
    with database.reading() as session:
        behind = overdue.find_overdue_checks(session, now=now)
        late = [account for account in all_accounts(session) if account.id in behind]
    return [
        account_finding(
            account,
            "looks_late",
            number=behind[account.id].number,
            since=f"{behind[account.id].since:%Y-%m-%d %H:%M} UTC",
        )
        for account in late
    ]


def check_credits(database: Database) -> list[HealthFinding]:
    """Report platforms that refused a call of the clock because our app used up its credits."""
    with database.reading() as session:
        began = [(row.platform, row.began_at) for row in platform_credits.outages(session).values()]
    values = [{"platform": name, "since": f"{at:%Y-%m-%d %H:%M} UTC"} for name, at in began]
    code = "credits_used_up"
    return [HealthFinding(HealthSubject.ACCOUNT, ok=False, code=code, values=row) for row in values]
