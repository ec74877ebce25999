"""What can go wrong while a notice is handed over, whichever way it goes."""

from __future__ import annotations

LONGEST_REASON = 300


class NotSent(Exception):
    """The notice was not accepted; `reason` is the other side's word for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason[:LONGEST_REASON]


class Refused(NotSent):
    """This notice is refused for good."""


class TryLater(NotSent):
    """This notice is not taken now."""


class Unreachable(TryLater):
    """There is no talking to the other side, for this notice or any other."""


class OutcomeUnknown(NotSent):
    """The connection was lost while the text was handed over: the notice may have gone."""
