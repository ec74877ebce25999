"""A process that dies while SQLite commits a transaction of its which said certain words.

A nursery's child arms itself by its environment. Once the COMMIT is asked for, either the kernel
ends it in the midst of the first page that it writes into the log (SIGXFSZ, as deadly as SIGKILL),
or a second process kills it as soon as the log has grown, mostly while the disk is waited for.
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

WORDS = "CRASH_COMMIT_OF"
"""What the transaction has to have said, such as `INSERT INTO decisions`."""

WAY = "CRASH_COMMIT_BY"
TORN, WRITTEN = "torn", "written"
LOG = "CRASH_COMMIT_LOG"
"""A file that is written when a COMMIT was chosen; no second one is."""

FRAME = 100
"""So many bytes of the first page are still written: a page has thousands."""

PATIENCE = 20.0


def arm() -> None:
    """Die in such a COMMIT, where the environment asks for it."""
    if WORDS not in os.environ:
        return
    # What Python ignores else; set here, since it can be in a first thread alone.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    event.listen(Pool, "connect", _watch)


def _watch(connection: DBAPIConnection, _record: object) -> None:
    commits = _Said()
    connection.set_trace_callback(commits)
    event.listen(Pool, "checkin", commits.wait)


class _Said:
    """What one connection has said since it began, and what is to come of its COMMIT."""

    def __init__(self) -> None:
        self._words = os.environ[WORDS]
        self._log = Path(os.environ[LOG])
        self._has_said = self._is_doomed = False

    def __call__(self, statement: str) -> None:
        """Called by SQLite before it runs a statement."""
        if statement.startswith("BEGIN"):
            self._has_said = False
        self._has_said = self._has_said or self._words in statement
        if statement == "COMMIT" and self._has_said and not self._log.exists():
            self._doom()

    def _doom(self) -> None:
        log = Path(os.environ["NAGARVANI_DATABASE_URL"].removeprefix("sqlite:///") + "-wal")
        ends = log.stat().st_size
        self._log.write_text(os.environ[WAY])
        if os.environ[WAY] == TORN:
            resource.setrlimit(resource.RLIMIT_FSIZE, (ends + FRAME, ends + FRAME))
            return
        self._is_doomed = True
        _kill_once_grown(log, ends)

    def wait(self, *_of_the_pool: object) -> None:
        """Whoever has committed goes no further: the other process kills him."""
        if self._is_doomed:
            time.sleep(PATIENCE)


def _kill_once_grown(log: Path, ends: int) -> None:
    """Let a second process do it; it looks already when this returns."""
    doomed, (reading, writing) = os.getpid(), os.pipe()
    if os.fork() != 0:
        os.read(reading, 1)
        return
    os.write(writing, b".")
    until = time.monotonic() + PATIENCE
    while log.stat().st_size <= ends and time.monotonic() < until:
        pass
    os.kill(doomed, signal.SIGKILL)
    os._exit(0)
