"""The cursor of comments: how far a source has been read, and where the next page begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.platforms.base.types import CommentPage


@dataclass(frozen=True)
class CursorPosition:
    """How far the comments of a source have been read.

    A round reads all pages of comments since `since`. `newest` is the newest comment of the current
    round so far, `token` leads to its next page. Pages come in any order, so `since` changes only
    when a round is complete.
    """

    since: str = ""
    newest: str = ""
    token: str = ""

    @classmethod
    def decode(cls, cursor: str | None) -> CursorPosition:
        """Return the position of a stored cursor; the start if there is no valid one."""
        parts = (cursor or "").split("|", 2)
        return cls(*parts) if len(parts) == 3 else cls()

    def encode(self) -> str:
        """Return the cursor to store."""
        return f"{self.since}|{self.newest}|{self.token}"

    def after(self, newest: str, token: str) -> CursorPosition:
        """Return the position after a page; `newest` is its newest comment.

        An empty token ends the round.
        """
        # The same token again would lead to the same page forever.
        if token and token != self.token:
            return CursorPosition(self.since, newest, token)
        return CursorPosition(newest or self.since)


def read_next_page(
    position: CursorPosition, read: Callable[[CursorPosition], CommentPage]
) -> CommentPage:
    """Read the page at this position.

    If the platform rejects the position, restart the round; if it rejects that too, read from the
    start. Raises what `read` raises.
    """
    for candidate in dict.fromkeys((position, CursorPosition(position.since))):
        try:
            return read(candidate)
        except Refused as refused:
            if refused.reason is not RefusalCode.INVALID or candidate == CursorPosition():
                raise
    return read(CursorPosition())
