"""Settings of the web server: where it listens, and with how many processes and threads."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final

from publisher.settings.reader import Parser, matching, setting, whole

LOOPBACK: Final = "127.0.0.1"
MOST_PATH: Final = 107
"""Bytes of a socket's path: the kernel has room for 108, including the final zero."""

MOST_WORKERS: Final = 64
MOST_THREADS: Final = 16
"""As many as the connections of a process to the database (`database.engines.POOL`)."""

BIND_HINT: Final = (
    "write an address and a port, such as 127.0.0.1:8000 or [::1]:8000, or the whole path of a "
    f"socket of at most {MOST_PATH} bytes, such as unix:/run/nagarvani/web.sock"
)

_UNIX = "unix:"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def up_to(most: int) -> Parser[int]:
    """Return a parser of numbers from 1 to `most` in ASCII digits, which raises `ValueError`."""
    return lambda text: whole(1, most)(matching("[0-9]{1,5}")(text))


@dataclass(frozen=True)
class BindAddress:
    """Where the web server listens: the path of a Unix socket, or a host and a port of TCP."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        """Return the address as it is written in the settings."""
        if self.path:
            return f"{_UNIX}{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True)
class ServingSettings:
    """Where the web server listens, its processes, and the threads of each."""

    bind: tuple[BindAddress, ...] = setting(
        lambda text: read_bind_addresses(text.split(",")), BIND_HINT, f"{LOOPBACK}:8000"
    )
    workers: int = setting(
        up_to(MOST_WORKERS), f"write a number of processes from 1 to {MOST_WORKERS}, such as 2", "2"
    )
    threads: int = setting(
        up_to(MOST_THREADS), f"write a number of threads from 1 to {MOST_THREADS}, such as 4", "4"
    )


def read_bind_addresses(texts: Sequence[str]) -> tuple[BindAddress, ...]:
    """Parse addresses to listen on; raises `ValueError` if one is invalid or given twice."""
    addresses = tuple(_read_bind_address(text.strip()) for text in texts)
    if len(set(addresses)) < len(addresses):
        raise ValueError("the same address twice")
    return addresses


def _read_bind_address(text: str) -> BindAddress:
    if text.startswith(_UNIX):
        return BindAddress(path=_read_path(text.removeprefix(_UNIX)))
    host, _, port = text.rpartition(":")
    return BindAddress(host=_read_host(host), port=up_to(65_535)(port))


def _read_path(text: str) -> str:
    # A relative path would depend on the folder in which the command happens to be started.
    if not text.startswith("/") or text.endswith("/") or not text.isprintable():
        raise ValueError(text)
    if len(os.fsencode(text)) > MOST_PATH:
        raise ValueError("too long")
    return os.path.normpath(text)


def _read_host(text: str) -> str:
    if text.startswith("[") and text.endswith("]"):
        return str(IPv6Address(text[1:-1]))
    if not _NAME.fullmatch(text):
        raise ValueError(text)
    if text.replace(".", "").isdigit() and not _is_ipv4(text):
        raise ValueError(text)
    return text


def _is_ipv4(text: str) -> bool:
    numbers = text.split(".")
    return len(numbers) == 4 and all(number and int(number) < 256 for number in numbers)
