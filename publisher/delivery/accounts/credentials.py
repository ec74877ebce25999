"""Credentials encrypted at rest, and the platform clients and OAuth flows that use them.

The newest key encrypts, every key decrypts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from publisher import now as wall
from publisher.models.deliveries import Account
from publisher.platforms.base.protocol import CredentialsExpired, Platform
from publisher.platforms.base.types import Health, HealthProblem
from publisher.platforms.capabilities import Installation
from publisher.platforms.oauth.flow import OAuthFlows
from publisher.platforms.oauth.types import AbortReason, OAuthAborted, TokenFacts
from publisher.platforms.registry import UnknownPlatform, open_platform
from publisher.settings.environment import Settings


class Unsealable(Exception):
    """No key of this installation decrypts the stored credentials."""


class Vault:
    """Encrypts and decrypts credentials; the first key encrypts, every key decrypts.

    The key derived from the secret key always decrypts, so that credentials can be encrypted
    again after keys of their own were set.
    """

    def __init__(self, secret_key: str, token_keys: tuple[str, ...]) -> None:
        keys = [Fernet(key) for key in token_keys]
        self._fernet = MultiFernet([*keys, Fernet(_derived(secret_key))])
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
        """Return a digest from which nobody who has the database alone can guess the text."""
        key = b"nagarvani digests\0" + self._secret_key.encode()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _derived(secret_key: str) -> bytes:
    digest = hashlib.sha256(b"nagarvani account credentials\0" + secret_key.encode()).digest()
    return base64.urlsafe_b64encode(digest)


OpenAccount = Callable[[Account], Platform]
"""Returns the platform client of an account. Raises `CredentialsExpired`."""


@dataclass(frozen=True)
class AccountCheck:
    """The health of an account, and what the platform says of its token (None: unknown)."""

    health: Health
    facts: TokenFacts | None = None


CheckAccount = Callable[[Account], AccountCheck]
"""Checks an account on its platform; called while no transaction is open."""


def opener(settings: Settings) -> OpenAccount:
    """Return the function that opens accounts, on the platforms that the settings point to."""
    vault = Vault.of(settings)
    return lambda account: _open(account, vault, settings.platforms)


def _open(account: Account, vault: Vault, settings: Mapping[str, str]) -> Platform:
    try:
        credentials = vault.open(account.credentials)
    except Unsealable as problem:
        raise CredentialsExpired("the stored credentials cannot be opened") from problem
    try:
        return open_platform(account.platform, credentials, settings)
    except UnknownPlatform as problem:
        raise CredentialsExpired("the account's platform is unknown") from problem


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
