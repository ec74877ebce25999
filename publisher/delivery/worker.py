"""The worker of a running clock: a queue with threads for each account, independent of others.

A queue claims a little ahead of its threads. A thread of its own stores receipts in batches; every
`sending` is a commit of its own.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from publisher.delivery import attempt, dispatch, outcomes
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.claim import Due, claim, find_due
from publisher.delivery.payload import DeliveryPayload
from publisher.delivery.receipt_writer import Recorder
from publisher.delivery.worker_context import WorkerContext

log = logging.getLogger("nagarvani.press")

PREFETCH = 2
"""Deliveries claimed ahead for each thread; a queue claims again when half of one round is left.

So one claim is for many deliveries, and no thread waits for the next one. The same number of
urgent deliveries may be claimed on top, whatever else is ready.
"""

POLL_INTERVAL = 0.25
"""The longest pause in seconds between two queries for due deliveries, however full the queues.

So what a web process schedules, an emergency above all, is claimed within half a second.
"""

URGENT_THREADS = 4
"""The most extra threads that a queue starts for urgent deliveries while its own are all busy.

So an emergency never waits for a slow platform.
"""

MAX_CONCURRENT_COMMITS = 16
"""The number of threads of a clock that may commit `sending` at the same time on PostgreSQL."""


class AccountQueue:
    """The threads of one account, and the deliveries that were claimed for them."""

    def __init__(
        self, context: WorkerContext, account_id: int, threads: int, worker: Worker
    ) -> None:
        self.account_id = account_id
        self.threads = threads
        self._context = context
        self._worker = worker
        self._urgent: deque[DeliveryPayload] = deque()  # taken up before all that is ready
        self._ready: deque[DeliveryPayload] = deque()
        self._busy = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._has_asked = False
        self._threads: list[threading.Thread] = []
        self._urgent_threads: list[threading.Thread] = []

    def room(self) -> int:
        """Return how many deliveries to claim now: 0 as long as enough are ready."""
        with self._changed:
            if self._stopping:
                return 0
            if not self._is_low():
                self._has_asked = False  # nothing is claimed now: it asks again once it is low
                return 0
            return self.threads * PREFETCH - self._waiting()

    def urgent_room(self) -> int:
        """Return how many urgent deliveries to claim now, whatever else is ready."""
        with self._changed:
            return 0 if self._stopping else max(0, self.threads * PREFETCH - len(self._urgent))

    def _waiting(self) -> int:
        return len(self._urgent) + len(self._ready)

    def _is_low(self) -> bool:
        return self._waiting() <= self.threads // 2

    def _is_low_on_urgent(self) -> bool:
        return len(self._urgent) <= self.threads // 2

    def waits(self) -> bool:
        """Return True if a claimed delivery waits for a thread."""
        return bool(self._waiting())

    def add(self, payloads: list[DeliveryPayload]) -> None:
        """Queue these payloads, urgent ones first, and start the threads that they need."""
        with self._changed:
            for payload in payloads:
                (self._urgent if payload.urgent else self._ready).append(payload)
            self._has_asked = False
            self._start_threads()
            self._changed.notify(len(payloads))

    def _start_threads(self) -> None:
        """Start as many threads as there is work for, and replace those that died.

        The sweeper recovers what a dead thread was sending.
        """
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._urgent_threads = [thread for thread in self._urgent_threads if thread.is_alive()]
        needed = min(self.threads, self._waiting() + self._busy)
        for _ in range(needed - len(self._threads)):
            self._threads.append(self._start(self._work))
        idle = len(self._threads) - self._busy
        for _ in range(min(URGENT_THREADS - len(self._urgent_threads), len(self._urgent) - idle)):
            self._urgent_threads.append(self._start(self._work_urgent))

    def _start(self, run: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=run, name=f"line-{self.account_id}", daemon=True)
        thread.start()
        return thread

    def stop(self) -> list[DeliveryPayload]:
        """Take no more payloads, and return those that were claimed and not begun."""
        with self._changed:
            self._stopping = True
            unbegun = [*self._urgent, *self._ready]
            self._urgent.clear()
            self._ready.clear()
            self._changed.notify_all()
        return unbegun

    def join(self) -> None:
        """Wait until all threads have ended; each attempt has a deadline."""
        for thread in [*self._threads, *self._urgent_threads]:
            thread.join()

    def _work(self) -> None:
        """Attempt payloads until the queue is stopped."""
        pool = PlatformPool(self._context, self._worker.commit_semaphore)
        while (payload := self._take()) is not None:
            try:
                self._try(pool, payload)
            finally:
                self._leave()

    def _work_urgent(self) -> None:
        """Attempt urgent payloads until none is left."""
        pool = PlatformPool(self._context, self._worker.commit_semaphore)
        while (payload := self._take_urgent()) is not None:
            self._try(pool, payload)

    def _try(self, pool: PlatformPool, payload: DeliveryPayload) -> None:
        try:
            done = attempt.try_once(pool, payload)
        except outcomes.NOT_STORED as problem:
            # The sweeper recovers it: a claimed delivery is repeated, a sending one is looked for.
            log.warning("delivery %d left to the sweeper: %s", payload.claim.delivery_id, problem)
            return
        if done is not None:
            self._worker.recorder.put(done)

    def _take(self) -> DeliveryPayload | None:
        with self._changed:
            while not self._waiting() and not self._stopping:
                self._changed.wait()
            if not self._waiting():
                return None
            self._busy += 1
            return self._next()

    def _take_urgent(self) -> DeliveryPayload | None:
        with self._changed:
            if self._urgent:
                return self._next()
            self._urgent_threads.remove(threading.current_thread())
            return None

    def _next(self) -> DeliveryPayload:
        """Return the next payload, and wake the worker if few are left."""
        payload = (self._urgent or self._ready).popleft()
        # More urgent deliveries may be due than could be claimed: they come before the rest.
        is_low = self._is_low() or (payload.urgent and self._is_low_on_urgent())
        if is_low and not self._has_asked:
            self._has_asked = True
            self._worker.wake.set()
        return payload

    def _leave(self) -> None:
        with self._changed:
            self._busy -= 1


class Worker:
    """Sends the deliveries of one clock: call `run_for` repeatedly, and `close` once at the end."""

    def __init__(self, context: WorkerContext, *, settle_every: float = 1.0) -> None:
        self.context = context
        # Sending has connections of its own, apart from claiming and storing, so that each finds
        # its statements prepared.
        self._databases = [context.database.apart() for _ in range(2)]
        self._sending, self._storing = (
            replace(context, database=database) for database in self._databases
        )
        self.recorder = Recorder(self._storing)
        self.wake = threading.Event()
        # SQLite allows only one writer at a time anyway.
        self.commit_semaphore = (
            None
            if context.database.is_sqlite
            else threading.BoundedSemaphore(MAX_CONCURRENT_COMMITS)
        )
        self._queues: dict[int, AccountQueue] = {}
        self._settle_every = settle_every
        self._settled_at = float("-inf")
        self._closing = False

    def is_busy(self) -> bool:
        """Return True if a claimed delivery waits for a thread."""
        return any(queue.waits() for queue in list(self._queues.values()))

    def run_for(self, seconds: float = 0.5) -> int:
        """Claim deliveries as they fall due for this many seconds; return the number claimed.

        Raises `RuntimeError` if receipts are no longer stored: then nothing more may be sent.
        """
        if not self._closing and not self.recorder.is_alive():
            raise RuntimeError("receipts are no longer stored")
        claimed, ends = 0, self.context.monotonic() + seconds
        if self.context.monotonic() - self._settled_at >= self._settle_every:
            dispatch.settle(self.context)
            self._settled_at = self.context.monotonic()
        while not self._closing:
            self.wake.clear()
            due = find_due(self._storing)
            claimed += self._fill(due)
            remaining = ends - self.context.monotonic()
            if remaining <= 0:
                break
            self.wake.wait(self._patience(remaining, due.next_at))
        return claimed

    def _fill(self, due: Due) -> int:
        """Claim for every queue that has room, accounts with urgent deliveries first."""
        threads = max(1, self.context.delivery_settings.connections // max(1, len(due.account_ids)))
        return sum(
            self._claim(self._queue(account_id, threads), has_urgent=account_id in due.urgent_ids)
            for account_id in due.account_ids
        )

    def _claim(self, queue: AccountQueue, *, has_urgent: bool) -> int:
        room = queue.room()
        only_urgent = has_urgent and not room
        if only_urgent:
            room = queue.urgent_room()
        if not room:
            return 0
        claimed = claim(
            self._storing, account_id=queue.account_id, most=room, only_urgent=only_urgent
        )
        queue.add(claimed)  # an empty list as well: so the queue asks again
        return len(claimed)

    def _queue(self, account_id: int, threads: int) -> AccountQueue:
        if account_id not in self._queues:
            self._queues[account_id] = AccountQueue(self._sending, account_id, threads, self)
        queue = self._queues[account_id]
        queue.threads = threads
        return queue

    def _patience(self, remaining: float, next_at: datetime | None) -> float:
        """Return the seconds to wait: until the next delivery is due, at most POLL_INTERVAL."""
        soon = min(remaining, POLL_INTERVAL)
        if next_at is None:
            return soon
        return min(soon, max(0.0, (next_at - self.context.now()).total_seconds()))

    def close(self) -> None:
        """Finish running attempts, give back the rest, and store all receipts."""
        self._closing = True
        self.wake.set()
        unbegun = [payload for queue in self._queues.values() for payload in queue.stop()]
        for payload in unbegun:
            self._give_back(payload)
        for queue in self._queues.values():
            queue.join()
        self.recorder.close()
        for database in self._databases:
            if database is not self.context.database:
                database.dispose()

    def _give_back(self, payload: DeliveryPayload) -> None:
        # A failure here must not keep the rest from being closed.
        try:
            outcomes.give_back(self.context, payload)
        except outcomes.NOT_STORED as problem:
            log.warning("delivery %d left to the sweeper: %s", payload.claim.delivery_id, problem)
