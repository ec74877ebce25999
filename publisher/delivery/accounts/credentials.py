"""Credentials encrypted at rest, and the platform clients and OAuth flows that use them.

The newest key encrypts, every key decrypts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import or_, update

from publisher import now as wall
from publisher.database.session import Database
from publisher.models.deliveries import Account
from publisher.platforms.base.charges import RecordCharges, ignore_charges
from publisher.platforms.base.protocol import CredentialsExpired, Platform
from publisher.platforms.base.types import Health, HealthProblem
from publisher.platforms.capabilities import Installation, ignore_dialect
from publisher.platforms.oauth.flow import OAuthFlows
from publisher.platforms.oauth.types import AbortReason, OAuthAborted, TokenFacts
from publisher.platforms.registry import UnknownPlatform, capabilities, open_platform
from publisher.settings.environment import Settings

log = logging.getLogger(__name__)

DIALECT_HOLDS = timedelta(hours=1)
"""How long a stored dialect is kept: a platform that alternates is not stored each time."""


class Unsealable(Exception):
    """No key of this installation decrypts the stored credentials."""


class Vault:
    """Encrypts and decrypts credentials; the first key encrypts, every key decrypts.

    The key derived from the secret key always decrypts, so that credentials can be encrypted
    again after keys of their own were set.
    """

    def __init__(self, secret_key: str, token_keys: tuple[str, ...]) -> None:
        keys = [Fernet(key) for key in token_keys]
        self._fernet = MultiFernet([*keys, Fernet(_derive_key(secret_key))])
        self._secret_key = secret_key

    @classmethod
    def of(cls, settings: Settings) -> Vault:
        """Return the vault of this installation."""
        return cls(settings.secret_key, settings.token_keys)

    def seal(self, credentials: Mapping[str, str]) -> str:
        """Return the credentials encrypted, as text for the database."""
        return self._fernet.encrypt(json.dumps(dict(credentials)).encode()).decode()

    def open(self, sealed: str) -> dict[str, str]:
        """Return the decrypted credentials. Raises `Unsealable`."""
        try:
            opened: dict[str, str] = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken as problem:
            raise Unsealable from problem
        return opened

    def seal_anew(self, sealed: str) -> str:
        """Encrypt the same credentials with the newest key. Raises `Unsealable`."""
        try:
            return self._fernet.rotate(sealed.encode()).decode()
        except InvalidToken as problem:
            raise Unsealable from problem

    def digest(self, text: str) -> str:
        """Return a digest from which the text cannot be guessed with the database alone."""
        key = b"nagarvani digests\0" + self._secret_key.encode()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _derive_key(secret_key: str) -> bytes:
    digest = hashlib.sha256(b"nagarvani account credentials\0" + secret_key.encode()).digest()
    return base64.urlsafe_b64encode(digest)


OpenAccount = Callable[[Account], Platform]
"""Returns the platform client of an account. Raises `CredentialsExpired`."""


@dataclass(frozen=True)
class AccountCheck:
    """The health of an account, and what the platform says about its token (None: unknown)."""

    health: Health
    facts: TokenFacts | None = None


RecorderOf = Callable[[Account], RecordCharges]
"""Returns the function that records what an account's reads are charged."""

CheckAccount = Callable[[Account], AccountCheck]
"""Checks an account on its platform; called while no transaction is open."""


def opener(
    settings: Settings,
    database: Database | None = None,
    record: RecorderOf = lambda _account: ignore_charges,
    *,
    now: Callable[[], datetime] = wall.now,
) -> OpenAccount:
    """Return the function that opens accounts, on the platforms that the settings point to.

    With a database, a client stores there which dialect its platform accepts. `record` returns the
    function that records what an account's reads are charged.
    """
    vault = Vault.of(settings)

    def open_account(account: Account) -> Platform:
        store = partial(_store_dialect, database, account.id, now=now) if database else None
        try:
            return open_platform(
                account.platform,
                _open_credentials(account, vault),
                settings.platforms,
                now=now,
                dialect=account.dialect,
                store_dialect=store or ignore_dialect,
                record=record(account),
            )
        except UnknownPlatform as problem:
            raise CredentialsExpired("the account's platform is unknown") from problem

    return open_account


def _open_credentials(account: Account, vault: Vault) -> dict[str, str]:
    try:
        return vault.open(account.credentials)
    except Unsealable as problem:
        raise CredentialsExpired("the stored credentials cannot be opened") from problem


def _store_dialect(
    database: Database, account_id: int, dialect: str, *, now: Callable[[], datetime]
) -> None:
    """Store the dialect for all processes, and log it once, unless one was stored recently.

    Every open client notices the same change, and each may call this.
    """
    at = now()
    lapsed = or_(Account.dialect_at.is_(None), Account.dialect_at <= at - DIALECT_HOLDS)
    statement = (
        update(Account)
        .where(Account.id == account_id, Account.dialect != dialect, lapsed)
        .values(dialect=dialect, dialect_at=at)
        .returning(Account.code, Account.platform)
    )
    with database.transaction() as session:
        row = session.execute(statement).one_or_none()
    if row is not None:
        billing = capabilities(row.platform).billing
        costs = billing.dialect_costs.get(dialect, "") if billing else ""
        line = "account %s: its platform takes requests in another dialect now: %s%s"
        log.warning(line, row.code, dialect, costs)


def oauth_flows(settings: Settings, *, now: Callable[[], datetime] = wall.now) -> OAuthFlows:
    """Return the OAuth flows, with this installation's app keys."""
    return OAuthFlows(Installation(settings.platforms, now, time.monotonic))


def account_checker(
    settings: Settings, open_account: OpenAccount, *, now: Callable[[], datetime] = wall.now
) -> CheckAccount:
    """Return the function that checks an account by its token, and the token by the app's."""
    vault, flows = Vault.of(settings), oauth_flows(settings, now=now)
    return lambda account: _check(account, open_account, vault, flows)


def _check(
    account: Account, open_account: OpenAccount, vault: Vault, flows: OAuthFlows
) -> AccountCheck:
    try:
        health = open_account(account).check()
    except CredentialsExpired as problem:
        return AccountCheck(Health(HealthProblem.CREDENTIALS, detail=problem.detail))
    if not health.ok:
        return AccountCheck(health)
    own_facts = None if health.missing is None else TokenFacts(missing=health.missing)
    try:
        return AccountCheck(
            health, flows.examine(account.platform, vault.open(account.credentials)) or own_facts
        )
    except Unsealable:
        return AccountCheck(health)
    except OAuthAborted as turned:
        return _check_of_rejected(health, turned)


_PROBLEM_OF_REJECTED = {
    AbortReason.EXPIRED: HealthProblem.CREDENTIALS,
    AbortReason.OTHER_ACCOUNT: HealthProblem.WRONG_ACCOUNT,
    AbortReason.OTHER_APP: HealthProblem.WRONG_ACCOUNT,
}


def _check_of_rejected(health: Health, turned: OAuthAborted) -> AccountCheck:
    """Return the check of a healthy account whose token the platform rejects."""
    problem = _PROBLEM_OF_REJECTED.get(turned.why)
    return AccountCheck(Health(problem, health.name, turned.about) if problem else health)
