"""A limit on the pixels that the threads of a process decode at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class PixelBudget:
    """Lets pictures of `limit` pixels in all be decoded at a time, or a single larger one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._changed = Condition()

    @contextmanager
    def spend(self, pixels: int) -> Iterator[None]:
        """Wait until there is room for this many pixels, and hold it until the end of the block."""
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + pixels <= self._limit)
            self._used += pixels
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()
