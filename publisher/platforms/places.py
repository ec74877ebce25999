"""Where reading comments has come to: what a cursor says inside, and how reading goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from publisher.platforms.base.errors import RefusalCode, Refused
from publisher.platforms.base.things import Page


@dataclass(frozen=True)
class Place:
    """`since` is read up to for certain; `newest` was seen in this round; `token` leads on in it.

    Pages come in any order, so `since` moves only when a round has been read to its end.
    """

    since: str = ""
    newest: str = ""
    token: str = ""

    @classmethod
    def read(cls, cursor: str | None) -> Place:
        """The place that a cursor writes."""
        parts = (cursor or "").split("|", 2)
        return cls(*parts) if len(parts) == 3 else cls()

    def written(self) -> str:
        """The cursor."""
        return f"{self.since}|{self.newest}|{self.token}"

    def after(self, newest: str, token: str) -> Place:
        """The next place, after a page whose newest is this; an empty token ends the round."""
        if token and token != self.token:
            return Place(self.since, newest, token)
        return Place(newest or self.since)


def read_on(place: Place, read: Callable[[Place], Page]) -> Page:
    """Read a page; where the platform no longer takes the place, from the round's start, or all.

    Raises what `read` raises.
    """
    for tried in dict.fromkeys((place, Place(place.since))):
        try:
            return read(tried)
        except Refused as refused:
            if refused.reason is not RefusalCode.INVALID or tried == Place():
                raise
    return read(Place())
