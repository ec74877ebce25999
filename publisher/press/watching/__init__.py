"""Reading back what is out: what somebody else deleted or changed is noticed within a day."""

from __future__ import annotations

from publisher.press.watching.lateness import Behind, behind
from publisher.press.watching.looking import MOST, ROUNDS, open_watches, tick_watching
from publisher.press.watching.noting import note_seen
from publisher.press.watching.pauses import LONGEST

__all__ = [
    "LONGEST",
    "MOST",
    "ROUNDS",
    "Behind",
    "behind",
    "note_seen",
    "open_watches",
    "tick_watching",
]
