"""Lets a process kill itself before it executes a chosen SQL statement."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from sqlalchemy import Engine, event

STATEMENT = "CRASH_AT_STATEMENT"
LOG = "CRASH_AT_STATEMENT_LOG"
"""A file to which the statement is written that was not executed any more."""


def arm() -> None:
    """Kill this process before the statement that the environment names, if it names one."""
    if STATEMENT not in os.environ:
        return
    text, log = os.environ[STATEMENT], Path(os.environ[LOG])

    def die(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if text in statement:
            log.write_text(statement)
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", die)
