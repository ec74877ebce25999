"""A process that kills itself before it runs a statement that says certain words."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from sqlalchemy import Engine, event

WORDS = "CRASH_AT_STATEMENT"
LOG = "CRASH_AT_STATEMENT_LOG"
"""A file that keeps the statement which was not run any more."""


def arm() -> None:
    """Die there, where the environment asks for it."""
    if WORDS not in os.environ:
        return
    text, log = os.environ[WORDS], Path(os.environ[LOG])

    def die(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if text in statement:
            log.write_text(statement)
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", die)
