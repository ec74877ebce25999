"""Messages to the terminal, and an error that is shown without a traceback."""

from __future__ import annotations

import sys


class UsageError(Exception):
    """The message says what is wrong, and the command that mends it."""


def say(text: str) -> None:
    """Print to the terminal at once."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Print a warning to the standard error stream at once."""
    print(text, file=sys.stderr, flush=True)
