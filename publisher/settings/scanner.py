"""The address of the virus scanner."""

from __future__ import annotations

from urllib.parse import urlsplit

CLAMD_HINT = "write tcp://host:port or unix:/path/to/clamd.ctl"


def read_clamd(text: str) -> str:
    """Return the address of a clamd; raises ValueError if it is none."""
    parts = urlsplit(text)
    is_path = parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/")
    is_host = parts.scheme == "tcp" and parts.hostname and parts.port and not parts.path
    if not (is_path or is_host):
        raise ValueError(text)
    return text
