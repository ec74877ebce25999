"""Thumbnails for people who wait for them, from a media store that may not answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from typing import Final

from publisher.media.store import MediaStore, StoreAway

WITHIN: Final = 8.0
"""Seconds that a person waits for a thumbnail, at most."""

PAUSE: Final = 5.0
"""Seconds after a vain wait in which nobody else waits, so that not all threads are taken."""


class Thumbnails:
    """The thumbnails of a store that answers within `WITHIN`."""

    def __init__(self, store: MediaStore, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self._seconds = seconds
        self._away_until = -inf

    def thumbnail(self, digest: str, side: int, make: Callable[[bytes], bytes]) -> bytes:
        """Return a medium's thumbnail as the store does, or refuse as it did a moment ago.

        Raises MediumMissing, MediumChanged or StoreAway.
        """
        if self._seconds() < self._away_until:
            raise StoreAway("it did not answer a moment ago", f"media store {self.store.address}")
        try:
            return self.store.thumbnail(digest, side, make)
        except StoreAway:
            self._away_until = self._seconds() + PAUSE
            raise
