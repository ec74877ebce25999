"""The thread that stores receipts, in batches of those that have arrived."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence

from publisher.database.engines import reason_away
from publisher.delivery import outcomes
from publisher.delivery.outcomes import Outcome
from publisher.delivery.worker_context import WorkerContext

log = logging.getLogger("nagarvani.press")

BATCH_DELAY = 0.1
"""Seconds that the first receipt of a batch waits for others, so that they share a commit."""

RETRY_PAUSES = (0.2, 1.0, 3.0, 10.0, 0.0)
"""Seconds to wait after each failed try to store a batch: the database may be restarting."""

LARGEST_BATCH = 64
"""The most receipts in one transaction."""


class Recorder:
    """Stores receipts in batches as they arrive, with one try for each of `pauses`."""

    def __init__(self, context: WorkerContext, *, pauses: Sequence[float] = RETRY_PAUSES) -> None:
        self._context = context
        self._pauses = pauses
        self._outcomes: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="receipts", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        """Return True while the thread runs."""
        return self._thread.is_alive()

    def put(self, outcome: Outcome) -> None:
        """Queue an outcome that has a receipt."""
        self._outcomes.put(outcome)

    def close(self) -> None:
        """Store what is queued, and end the thread."""
        self._outcomes.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            first = self._outcomes.get()
            time.sleep(BATCH_DELAY if first is not None else 0)
            batch, is_open = self._gather(first)
            if batch:
                self._store(batch)

    def _gather(self, first: Outcome | None) -> tuple[list[Outcome], bool]:
        batch: list[Outcome] = []
        outcome = first
        while outcome is not None:
            batch.append(outcome)
            if len(batch) == LARGEST_BATCH:
                return batch, True
            try:
                outcome = self._outcomes.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _store(self, batch: list[Outcome]) -> None:
        # Retries bridge a short outage of the database; what is lost in a longer one is reconciled.
        for pause in self._pauses:
            problem = self._try(batch)
            if problem is None:
                return
            if isinstance(problem, outcomes.DOES_NOT_FIT):
                break
            time.sleep(pause)
        # One by one, so that one bad receipt does not cost the others.
        for outcome in batch:
            self._try([outcome])

    def _try(self, batch: list[Outcome]) -> Exception | None:
        """Store them in one transaction; return the error if that failed."""
        try:
            outcomes.store(self._context, batch)
        except outcomes.NOT_STORED as problem:
            reason = reason_away(problem) or type(problem).__name__
            log.warning(
                "%d receipts not stored yet: %s", len(batch), reason, extra={"loop": "receipts"}
            )
            return problem
        return None
