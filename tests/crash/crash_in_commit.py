"""Lets a process die while SQLite commits a transaction with a chosen statement.

A child of the fork server reads its environment. When it commits, either the kernel kills it while
it writes the first page into the log (SIGXFSZ, as deadly as SIGKILL), or a second process kills it
as soon as the log has grown, mostly while it waits for the disk.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import Pool

STATEMENT = "CRASH_COMMIT_OF"
"""Part of a statement of the chosen transaction, such as `INSERT INTO decisions`."""

MOMENT = "CRASH_COMMIT_BY"
TORN, WRITTEN = "torn", "written"
LOG = "CRASH_COMMIT_LOG"
"""A file that is written at the chosen COMMIT; while it exists, no other COMMIT is chosen."""

TORN_BYTES = 100
"""How many bytes of the first page are still written: a page has thousands."""

TIMEOUT = 20.0


def arm() -> None:
    """Die in the COMMIT that the environment names, if it names one."""
    if STATEMENT not in os.environ:
        return
    # Python ignores this signal by default; only the main thread can set a handler.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    event.listen(Pool, "connect", _trace)


def _trace(connection: DBAPIConnection, _record: object) -> None:
    commits = _Transaction()
    connection.set_trace_callback(commits)
    event.listen(Pool, "checkin", commits.wait)


class _Transaction:
    """Follows a connection's statements since BEGIN, and crashes in the chosen COMMIT."""

    def __init__(self) -> None:
        self._text = os.environ[STATEMENT]
        self._log = Path(os.environ[LOG])
        self._is_chosen = self._will_be_killed = False

    def __call__(self, statement: str) -> None:
        """Follow a statement; SQLite calls this before it runs it."""
        if statement.startswith("BEGIN"):
            self._is_chosen = False
        self._is_chosen = self._is_chosen or self._text in statement
        if statement == "COMMIT" and self._is_chosen and not self._log.exists():
            self._crash()

    def _crash(self) -> None:
        log = Path(os.environ["NAGARVANI_DATABASE_URL"].removeprefix("sqlite:///") + "-wal")
        size = log.stat().st_size
        self._log.write_text(os.environ[MOMENT])
        if os.environ[MOMENT] == TORN:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + TORN_BYTES, size + TORN_BYTES))
            return
        self._will_be_killed = True
        _kill_when_log_grows(log, size)

    def wait(self, *_arguments: object) -> None:
        """Wait after the COMMIT until the other process kills this one."""
        if self._will_be_killed:
            time.sleep(TIMEOUT)


def _kill_when_log_grows(log: Path, size: int) -> None:
    """Start a second process that kills this one when the log grows; it watches on return."""
    pid, (read_end, write_end) = os.getpid(), os.pipe()
    if os.fork() != 0:
        os.read(read_end, 1)
        return
    os.write(write_end, b".")
    deadline = time.monotonic() + TIMEOUT
    while log.stat().st_size <= size and time.monotonic() < deadline:
        pass
    os.kill(pid, signal.SIGKILL)
    os._exit(0)
