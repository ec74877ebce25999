"""The ports of a demo or a rehearsal: three neighbouring ones of this machine."""

from __future__ import annotations

import socket
from collections.abc import Collection
from typing import Final

HOST: Final = "127.0.0.1"
#: Pages, practice platforms and letterbox: three neighbouring ports.
PORTS: Final = 3
APART: Final = 10
LAST_PORT: Final = 65_500


def neighbours(first: int) -> range:
    """Return the three ports from this one on."""
    return range(first, first + PORTS)


def first_free(start: int, *, used: Collection[int] = ()) -> int | None:
    """Return the first of three ports that are free and not used, at `start` or tens above it."""
    for first in range(start, LAST_PORT, APART):
        if all(port not in used and is_free(port) for port in neighbours(first)):
            return first
    return None


def is_free(port: int) -> bool:
    """Return True if a program could listen there."""
    with socket.socket() as probe:
        # Connections of an earlier demo that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
