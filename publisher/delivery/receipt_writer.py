"""Storing what the platforms answered: receipts as they come, as many together as there are."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence

from publisher.delivery import outcomes, receipts
from publisher.delivery.receipts import Done
from publisher.delivery.worker_context import WorkerContext

log = logging.getLogger("nagarvani.press")

GATHERING = 0.1
"""Seconds that the first of several receipts waits for others, so that they share a commit."""

PAUSES = (0.2, 1.0, 3.0, 10.0, 0.0)
"""Seconds after each try to store receipts that found no database: it may be starting anew."""

MOST_TOGETHER = 64
"""The most receipts stored in one transaction."""


class Recorder:
    """Stores receipts as they come, as many together as there are; tries once for each pause."""

    def __init__(self, context: WorkerContext, *, pauses: Sequence[float] = PAUSES) -> None:
        self._context = context
        self._pauses = pauses
        self._done: queue.SimpleQueue[Done | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="receipts", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether it goes on storing."""
        return self._thread.is_alive()

    def put(self, done: Done) -> None:
        """Hand over what a platform answered."""
        self._done.put(done)

    def close(self) -> None:
        """Store what is left, and end."""
        self._done.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            first = self._done.get()
            time.sleep(GATHERING if first is not None else 0)
            group, is_open = self._gather(first)
            if group:
                self._store(group)

    def _gather(self, first: Done | None) -> tuple[list[Done], bool]:
        group: list[Done] = []
        one = first
        while one is not None:
            group.append(one)
            if len(group) == MOST_TOGETHER:
                return group, True
            try:
                one = self._done.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _store(self, group: list[Done]) -> None:
        """A database that is away for a moment loses no receipt; the rest will be looked for.

        What cannot be stored together is stored one by one: a bad receipt costs no other.
        """
        for pause in self._pauses:
            problem = self._try(group)
            if problem is None:
                return
            if isinstance(problem, outcomes.DOES_NOT_FIT):
                break
            time.sleep(pause)
        for one in group:
            self._try([one])

    def _try(self, group: list[Done]) -> Exception | None:
        """Store them together; gives what kept them from being stored."""
        try:
            receipts.store_receipts(self._context, group)
        except outcomes.NOT_STORED as problem:
            log.warning("%d receipts not stored yet: %s", len(group), type(problem).__name__)
            return problem
        return None
