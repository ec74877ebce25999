"""The city's accounts: their credentials, sealed at rest, and whether they can be used."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import select
from sqlalchemy.orm import Session

from approvals.policy import Action, Actor, require
from publisher import moving
from publisher.desk.checking import Missing
from publisher.lifecycle import AccountState
from publisher.models.deliveries import Account
from publisher.models.people import Person
from publisher.notices import composing, paths
from publisher.notices.composing import NoticeKind
from publisher.people import ladder
from publisher.platforms import open_platform
from publisher.platforms.base import CredentialsExpired, Health, Platform
from publisher.settings import Press, Settings

OpenAccount = Callable[[Account], Platform]
"""How the press gets from an account to the platform behind it."""


class Unsealable(Exception):
    """The stored credentials cannot be read with any of the keys of this installation."""


class Vault:
    """Seals and opens credentials; the first key seals, every key opens."""

    def __init__(self, secret_key: str, token_keys: tuple[str, ...]) -> None:
        keys = [Fernet(key) for key in token_keys] or [Fernet(_derived(secret_key))]
        self._fernet = MultiFernet(keys)

    def seal(self, credentials: Mapping[str, str]) -> str:
        """The credentials as a sealed text that may rest in the database."""
        return self._fernet.encrypt(json.dumps(dict(credentials)).encode()).decode()

    def open(self, sealed: str) -> dict[str, str]:
        """The credentials; raises `Unsealable`."""
        try:
            opened: dict[str, str] = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken as problem:
            raise Unsealable from problem
        return opened


def _derived(secret_key: str) -> bytes:
    digest = hashlib.sha256(b"nagarvani account credentials\0" + secret_key.encode()).digest()
    return base64.urlsafe_b64encode(digest)


def opener(settings: Settings) -> OpenAccount:
    """How this installation opens accounts: at the real platforms, or wherever settings point."""
    vault, press = Vault(settings.secret_key, settings.token_keys), settings.press
    return lambda account: _open(account, vault, press)


def _open(account: Account, vault: Vault, press: Press) -> Platform:
    try:
        credentials = vault.open(account.credentials)
    except Unsealable as problem:
        raise CredentialsExpired("the stored credentials cannot be opened") from problem
    return open_platform(
        account.platform,
        credentials,
        x_api_url=press.x_api_url,
        x_web_url=press.x_web_url,
        graph_api_url=press.graph_api_url,
        graph_api_version=press.graph_api_version,
    )


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
) -> Account:
    """Record an account with its sealed credentials, or give a known one new credentials."""
    account = session.scalars(select(Account).where(Account.code == code)).one_or_none()
    if account is None:
        account = Account(code=code, platform=platform, department_id=department_id, state_at=now)
        session.add(account)
    account.handle, account.name, account.url = handle, name, url
    changed = account.credentials != sealed
    account.credentials = sealed
    if changed:
        moving.record(session, account, "connect", actor=actor, now=now)
    return account


def pause(session: Session, *, actor: Actor, now: datetime, account_id: int, reason: str) -> None:
    """Stop using an account whose credentials no longer work, and tell who can mend it."""
    account = moving.lock(session, Account, account_id)
    if account is None or account.state is not AccountState.CONNECTED:
        return
    account.reason = reason
    values = {"reason": reason}
    moving.apply(
        session, account, AccountState.PAUSED, actor=actor, now=now, verb="pause", values=values
    )
    for person in _caretakers(session, now=now):
        composing.queue(
            session,
            kind=NoticeKind.ACCOUNT_PAUSED,
            person=person,
            values={"account": account.name, "handle": account.handle, "reason": reason},
            now=now,
            path=paths.accounts(),
        )


def _caretakers(session: Session, *, now: datetime) -> list[Person]:
    found = {one.person_id: one.person for one in ladder.caretakers(session, now=now)}
    return list(found.values())


def resume(
    session: Session, *, actor: Actor, now: datetime, account_id: int, health: Health
) -> Account:
    """Store what "check again" found; a healthy paused account is used again."""
    require(actor, Action.CONNECT_ACCOUNT, None, now=now)
    account = account_for(session, account_id)
    account.checked_at = now
    if not health.ok:
        account.reason = str(health.problem or "")
        moving.record(session, account, "check_again", actor=actor, now=now)
        return account
    account.reason, account.quiet_until = "", None
    if account.state is AccountState.CONNECTED:
        moving.record(session, account, "check_again", actor=actor, now=now)
    else:
        moving.apply(
            session, account, AccountState.CONNECTED, actor=actor, now=now, verb="check_again"
        )
    return account


def account_for(session: Session, account_id: int) -> Account:
    """The account, locked until the transaction ends, or `Missing`."""
    account = moving.lock(session, Account, account_id)
    if account is None:
        raise Missing(account_id)
    return account


def all_accounts(session: Session) -> list[Account]:
    """Every account, in the order in which they were connected."""
    return list(session.scalars(select(Account).order_by(Account.id)))
