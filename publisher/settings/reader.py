"""Reads single settings from their texts; what cannot be used is a `WrongSetting`."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

PREFIX = "NAGARVANI_"
KEY_HINT = "write at least 32 characters that nobody can guess"
CLAMD_HINT = "write tcp://host:port or unix:/path/to/clamd.ctl"
SECRET_SETTINGS = frozenset(
    {
        *("DATABASE_URL", "SECRET_KEY", "SMTP_URL", "IMAP_URL", "TOKEN_KEYS"),
        *("SMS_URL", "SMS_HEADERS", "SMS_BODY", "METRICS_TOKEN"),
        *("MEDIA_URL", "MEDIA_ENDPOINT", "MEDIA_KEY", "MEDIA_SECRET"),
    }
)
"""Settings that may hold a password or a key. Errors, which end up in logs, do not repeat them."""
Value = TypeVar("Value")


class WrongSetting(Exception):
    """A setting cannot be used; the message says which, why, and what to write."""

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(f"{PREFIX}{name}: {hint}")
        self.name = name


class Reader:
    """Reads settings from their texts, by name without the prefix."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    def read(self, name: str, default: Value, make: Callable[[str], Value], hint: str) -> Value:
        """Return what `make` makes of a setting, or `default` if it is not set.

        Raises `WrongSetting` with `hint`, which says what to write, if `make` raises `ValueError`.
        """
        if name not in self.texts:
            return default
        try:
            return make(self.texts[name])
        except ValueError as error:
            if name in SECRET_SETTINGS:
                raise WrongSetting(name, hint) from None
            raise WrongSetting(name, f"{self.texts[name]!r}: {hint}") from error

    def text(self, name: str, default: str = "") -> str:
        """Return the text of a setting."""
        return self.texts.get(name, default)

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        """Return an address that begins with one of `schemes`; raises `WrongSetting`."""
        hint = (
            f"write an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
        )
        return self.read(name, default, lambda text: read_url(text, schemes), hint)


def matching(pattern: str) -> Callable[[str], str]:
    """Return a parser that takes texts of this pattern only."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(text)
        return text

    return parse


def is_loopback(address: str) -> bool:
    """Return whether an address is this machine's."""
    return urlsplit(address).hostname in ("127.0.0.1", "::1", "localhost")


def read_url(text: str, schemes: tuple[str, ...]) -> str:
    """Parse an address with one of these schemes; raises `ValueError`."""
    parts = urlsplit(text)
    if parts.scheme not in schemes or not parts.hostname or parts.port == 0:
        raise ValueError(text)
    return text.rstrip("/")


def read_database_url(text: str) -> str:
    """Parse the address of a database; raises `ValueError`."""
    kind, _, path = text.partition("://")
    if kind not in ("sqlite", "postgresql", "postgresql+psycopg") or not path.strip("/"):
        raise ValueError(text)
    if kind == "sqlite" and not path.startswith("/"):
        raise ValueError(text)
    return text


def read_long_secret(text: str) -> str:
    """Parse a secret of at least 32 characters; raises `ValueError`."""
    if len(text) < 32:
        raise ValueError("short")
    return text


def read_keys(text: str) -> tuple[str, ...]:
    """Parse Fernet keys, separated by commas or blanks; raises `ValueError`."""
    keys = tuple(text.replace(",", " ").split())
    if any(len(urlsafe_b64decode(key)) != 32 for key in keys):
        raise ValueError("no key")
    return keys


def read_count(text: str) -> int:
    """Parse a number from 0 on; raises `ValueError`."""
    if int(text) < 0:
        raise ValueError(text)
    return int(text)


def read_yes_or_no(text: str) -> bool:
    """Parse 1 for yes and 0 for no; raises `ValueError`."""
    if text not in ("0", "1"):
        raise ValueError(text)
    return text == "1"


def read_clamd(text: str) -> str:
    """Return the address of a virus scanner, a clamd; raises `ValueError` if it is none."""
    parts = urlsplit(text)
    is_path = parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/")
    is_host = parts.scheme == "tcp" and parts.hostname and parts.port and not parts.path
    if not (is_path or is_host):
        raise ValueError(text)
    return text
