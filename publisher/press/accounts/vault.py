"""Credentials sealed at rest: the newest key seals, every key opens."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from publisher.settings.environment import Settings


class Unsealable(Exception):
    """The stored credentials cannot be read with any of the keys of this installation."""


class Vault:
    """Seals and opens credentials; the first key seals, every key opens.

    The key that is derived from the secret key opens as well where keys of their own are set, so
    that what was sealed before can be sealed anew under those.
    """

    def __init__(self, secret_key: str, token_keys: tuple[str, ...]) -> None:
        keys = [Fernet(key) for key in token_keys]
        self._fernet = MultiFernet([*keys, Fernet(_derived(secret_key))])

    @classmethod
    def of(cls, settings: Settings) -> Vault:
        """The vault of this installation."""
        return cls(settings.secret_key, settings.token_keys)

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

    def seal_anew(self, sealed: str) -> str:
        """The same content under the newest key; raises `Unsealable`."""
        try:
            return self._fernet.rotate(sealed.encode()).decode()
        except InvalidToken as problem:
            raise Unsealable from problem


def _derived(secret_key: str) -> bytes:
    digest = hashlib.sha256(b"nagarvani account credentials\0" + secret_key.encode()).digest()
    return base64.urlsafe_b64encode(digest)
