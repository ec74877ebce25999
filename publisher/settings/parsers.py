"""Parsers of settings that several parts need."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from urllib.parse import urlsplit

CLAMD_HINT = "write tcp://host:port or unix:/path/to/clamd.ctl"


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


def read_clamd(text: str) -> str:
    """Return the address of a virus scanner, a clamd; raises `ValueError` if it is none."""
    parts = urlsplit(text)
    is_path = parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/")
    is_host = parts.scheme == "tcp" and parts.hostname and parts.port and not parts.path
    if not (is_path or is_host):
        raise ValueError(text)
    return text
