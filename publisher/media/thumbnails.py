"""Thumbnails for people who wait for them, of a media store that may not answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from publisher.media.store import MediaStore, StoreAway

WITHIN: Final = 8.0
"""Seconds that a person waits for a thumbnail, at most."""

PAUSE: Final = 5.0
"""Seconds after one has waited in vain, in which nobody else waits: all threads would be taken."""


class Thumbnails:
    """The thumbnails of a store that answers within `WITHIN`."""

    def __init__(
        self, store: MediaStore, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.store = store
        self._monotonic = monotonic
        self._away_until = 0.0
        self._away: StoreAway | None = None

    def thumbnail(self, digest: str, side: int, make: Callable[[bytes], bytes]) -> bytes:
        """Return a medium's thumbnail as the store does, or refuse as it did a moment ago.

        Raises MediumMissing, MediumChanged or StoreAway.
        """
        if self._away is not None and self._monotonic() < self._away_until:
            raise StoreAway(self._away.reason, self._away.store)
        try:
            return self.store.thumbnail(digest, side, make)
        except StoreAway as away:
            self._away, self._away_until = away, self._monotonic() + PAUSE
            raise
