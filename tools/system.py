"""Packages of the operating system: named if missing, installed if that is allowed."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.console import UsageError, say

POLICY = Path("/usr/sbin/policy-rc.d")
"""Asked by Debian's packages before they start a service; 101 forbids it."""

HEADLESS_CHROMIUM = "chromium-headless-shell"
CHROMIUM = (
    *(HEADLESS_CHROMIUM, "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable"),
)


@dataclass(frozen=True)
class Package:
    """A Debian package, its purpose, and the check that it is installed."""

    name: str
    needed_for: str
    is_there: Callable[[], bool]

    @property
    def sentence(self) -> str:
        """The message if it is not installed."""
        return f"{self.name} is missing ({self.needed_for}): apt-get install {self.name}"


def _has_fribidi() -> bool:
    try:
        ctypes.CDLL("libfribidi.so.0")
    except OSError:
        return False
    return True


def _has_chromium() -> bool:
    return any(shutil.which(name) for name in CHROMIUM)


FRIBIDI = Package("libfribidi0", "Devanagari in pictures is drawn right only with it", _has_fribidi)
CHROME = Package("chromium", "the browser tests drive it", _has_chromium)
# The same engine without a browser's own windows: it takes half the time.
HEADLESS_SHELL = Package(
    HEADLESS_CHROMIUM,
    "browser tests are faster with it",
    lambda: bool(shutil.which(HEADLESS_CHROMIUM)),
)


def _has_program(name: str) -> bool:
    # Debian keeps servers in a folder that a user's own path leaves out.
    return bool(shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin"))


DOVECOT = Package("dovecot-imapd", "the mailbox is tried with it", lambda: _has_program("dovecot"))
CLAMD = Package(
    "clamav-daemon", "the virus scanner is tried with it", lambda: _has_program("clamd")
)
NGINX = Package("nginx-light", "the pages are tried behind it", lambda: _has_program("nginx"))
PGBOUNCER = Package(
    "pgbouncer",
    "the connections of PostgreSQL are tried through it",
    lambda: _has_program("pgbouncer"),
)
SHELLCHECK = Package(
    "shellcheck", "it checks the scripts of deploy/", lambda: _has_program("shellcheck")
)
SWIFT = Package(
    "python3-swift",
    "the media store is tried with it",
    lambda: Path("/usr/lib/python3/dist-packages/swift").is_dir(),  # its programs are elsewhere
)
SERVERS = (DOVECOT, CLAMD, NGINX, PGBOUNCER, SHELLCHECK, SWIFT)
"""What the tests start or call, and skip if it is not installed."""


REDIS = Package(
    "redis-server", "Celery is measured with it", lambda: bool(shutil.which("redis-server"))
)


def missing(packages: Sequence[Package]) -> list[Package]:
    """Return the packages that are not installed."""
    return [package for package in packages if not package.is_there()]


def bring(packages: Sequence[Package]) -> None:
    """Install missing packages as root; raises `UsageError` if any is still missing."""
    absent = missing(packages)
    if absent and os.geteuid() == 0 and shutil.which("apt-get"):
        _install([package.name for package in absent])
        absent = missing(absent)
    if absent:
        raise UsageError("\n".join(package.sentence for package in absent))


def try_to_bring(packages: Sequence[Package]) -> str:
    """Install optional packages; returns the messages of those still missing."""
    try:
        bring(packages)
    except UsageError as stop:
        return str(stop)
    return ""


def _install(names: Sequence[str]) -> None:
    say(f"Installing {' and '.join(names)} with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        for call in (["update"], ["install", "-y", "--no-install-recommends", *names]):
            subprocess.run(
                ["apt-get", "-qq", *call], env=environment, stdout=subprocess.DEVNULL, check=False
            )


@contextmanager
def _no_services() -> Iterator[None]:
    """Keep packages from starting servers of the machine; the tests start their own."""
    if POLICY.exists():  # as in most images of containers
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
