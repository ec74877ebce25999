"""Read the settings of outgoing mails."""

from __future__ import annotations


def read_address(text: str) -> str:
    """Parse a mail address, with or without a name before it; raises `ValueError`."""
    name, _, host = text.rpartition("@")
    if not name or not host or any(letter.isspace() for letter in host):
        raise ValueError(text)
    return text
