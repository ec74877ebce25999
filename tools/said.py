"""One clear sentence instead of a traceback."""

from __future__ import annotations

import sys


class UsageError(Exception):
    """What is in the way, and the line that mends it."""


def say(text: str) -> None:
    """Tell the person at the terminal, at once."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Tell what is missing though the work goes on."""
    print(text, file=sys.stderr, flush=True)
