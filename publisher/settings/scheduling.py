"""Settings of scheduling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

TAKE_BACK = timedelta(seconds=30)
LANGUAGE_STAGGER = timedelta(minutes=15)
LONGEST_TAKE_BACK = timedelta(minutes=10)
LONGEST_STAGGER = timedelta(hours=12)


@dataclass(frozen=True)
class SchedulingSettings:
    """How long *Publish now* can be stopped, and how far apart a post's languages are suggested.

    `undo` is how long declining, merging, cancelling, transferring and closing can be undone.
    """

    take_back: timedelta
    undo: timedelta
    language_stagger: timedelta


def read_take_back(text: str) -> timedelta:
    """Parse a number of seconds, from 0 to 600; raises `ValueError`."""
    return _up_to(timedelta(seconds=int(text)), LONGEST_TAKE_BACK)


def read_stagger(text: str) -> timedelta:
    """Parse a number of minutes, from 0 to 720; raises `ValueError`."""
    return _up_to(timedelta(minutes=int(text)), LONGEST_STAGGER)


def _up_to(span: timedelta, longest: timedelta) -> timedelta:
    if not timedelta() <= span <= longest:
        raise ValueError(span)
    return span
