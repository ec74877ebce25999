"""The worker: the loop in the process `nagarvani clock` that claims and sends due deliveries.

Each account has its own queue and its own threads, so that a slow platform delays no other account.
The worker claims a few deliveries ahead for each queue. One more thread stores receipts in batches,
but every `sending` is committed by itself.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from publisher.database.engines import reason_away
from publisher.delivery import attempt, dispatch, machine_time, outcomes
from publisher.delivery.attempt import PlatformPool
from publisher.delivery.claim import DeliveryPayload, claim
from publisher.delivery.due import find_due
from publisher.delivery.failures import GivenBack
from publisher.delivery.outcomes import Outcome
from publisher.delivery.receipt_writer import Recorder
from publisher.delivery.worker_context import WorkerContext
from publisher.platforms.base.types import Receipt

log = logging.getLogger("nagarvani.press")

PREFETCH = 2
"""The number of deliveries that a full queue holds for each of its threads.

A queue is refilled when it holds at most one delivery for every two threads. So one claim is for
many deliveries, and no thread has to wait for the next one. The same number of urgent deliveries
may be claimed on top, even if the queue is full.
"""

POLL_INTERVAL = 0.25
"""The longest pause in seconds between two queries for due deliveries, even if all queues are full.

So a delivery that a web process schedules, above all an emergency, is claimed within half a second.
"""

URGENT_THREADS = 4
"""The most extra threads that a queue starts for urgent deliveries while its own are all busy.

So an emergency does not wait behind posts whose platform is slow to respond.
"""


class AccountQueue:
    """The threads of one account, and the deliveries that were claimed for them.

    The worker adds deliveries; the threads take them, and wake the worker when few are left.
    """

    def __init__(
        self, context: WorkerContext, account_id: int, threads: int, worker: Worker
    ) -> None:
        self.account_id = account_id
        self.threads = threads
        self._context = context
        self._worker = worker
        self._urgent: deque[DeliveryPayload] = deque()  # sent before those in `_ready`
        self._ready: deque[DeliveryPayload] = deque()
        self._busy_count = 0  # of `_threads` only: an urgent thread ends once it has no work
        self._changed = threading.Condition()  # held whenever the queues or the counts change
        self._stopping = False
        self._refill_requested = False
        self._threads: list[threading.Thread] = []
        self._urgent_threads: list[threading.Thread] = []

    def room(self) -> int:
        """Return how many deliveries to claim now: 0 as long as enough wait.

        In that case also let the queue request its next refill.
        """
        with self._changed:
            if self._stopping:
                return 0
            if not self._is_low():
                # The worker was woken for nothing; the queue may wake it again once it is low.
                self._refill_requested = False
                return 0
            return self.threads * PREFETCH - self._waiting_count()

    def urgent_room(self) -> int:
        """Return how many urgent deliveries to claim now, even if the queue is full of others."""
        with self._changed:
            return 0 if self._stopping else max(0, self.threads * PREFETCH - len(self._urgent))

    def _waiting_count(self) -> int:
        return len(self._urgent) + len(self._ready)

    def _is_low(self) -> bool:
        return self._waiting_count() <= self.threads // 2

    def _is_low_on_urgent(self) -> bool:
        return len(self._urgent) <= self.threads // 2

    def is_busy(self) -> bool:
        """Return True while a claimed delivery is being sent or waits for a thread."""
        return bool(self._busy_count or self._waiting_count())

    def add(self, payloads: list[DeliveryPayload]) -> None:
        """Queue these payloads, urgent ones first, and start the threads that they need."""
        with self._changed:
            for payload in payloads:
                (self._urgent if payload.urgent else self._ready).append(payload)
            self._refill_requested = False
            # The delivery that a dead thread was sending is recovered by `dispatch.sweep`.
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            self._urgent_threads = [thread for thread in self._urgent_threads if thread.is_alive()]
            needed = min(self.threads, self._waiting_count() + self._busy_count)
            for _ in range(needed - len(self._threads)):
                self._threads.append(self._start(self._work))
            # Idle threads take urgent deliveries first; extra threads are for those that remain.
            idle = len(self._threads) - self._busy_count
            for _ in range(
                min(URGENT_THREADS - len(self._urgent_threads), len(self._urgent) - idle)
            ):
                self._urgent_threads.append(self._start(self._work_urgent))
            self._changed.notify(len(payloads))

    def _start(self, run: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=run, name=f"account-{self.account_id}", daemon=True)
        thread.start()
        return thread

    def stop(self) -> list[DeliveryPayload]:
        """Make the threads end after their current attempt; return the payloads not yet begun."""
        with self._changed:
            self._stopping = True
            unbegun = [*self._urgent, *self._ready]
            self._urgent.clear()
            self._ready.clear()
            self._changed.notify_all()
        return unbegun

    def join(self) -> None:
        """Wait until all threads have ended. They do, as each attempt has a deadline."""
        for thread in [*self._threads, *self._urgent_threads]:
            thread.join()

    def _work(self) -> None:
        """Attempt payloads until the queue is stopped."""
        pool = PlatformPool(self._context)
        while (payload := self._take()) is not None:
            try:
                self._attempt(pool, payload)
            finally:
                with self._changed:
                    self._busy_count -= 1

    def _work_urgent(self) -> None:
        """Attempt urgent payloads until none is left."""
        pool = PlatformPool(self._context)
        while (payload := self._take_urgent()) is not None:
            self._attempt(pool, payload)

    def _attempt(self, pool: PlatformPool, payload: DeliveryPayload) -> None:
        try:
            outcome = attempt.attempt_delivery(pool, payload)
            if isinstance(outcome.ending, Receipt):
                self._worker.recorder.put(outcome)
            else:
                outcomes.store(self._context, [outcome])
        except outcomes.NOT_STORED as problem:
            # `dispatch.sweep` recovers it: claimed, it is scheduled again; sending, it is looked
            # for on the platform.
            _log_left(payload, problem)

    def _take(self) -> DeliveryPayload | None:
        with self._changed:
            while not self._waiting_count() and not self._stopping:
                self._changed.wait()
            if not self._waiting_count():
                return None
            self._busy_count += 1
            return self._pop_next()

    def _take_urgent(self) -> DeliveryPayload | None:
        with self._changed:
            if self._urgent:
                return self._pop_next()
            # Under the lock: `add` must not count a thread that takes nothing more.
            self._urgent_threads.remove(threading.current_thread())
            return None

    def _pop_next(self) -> DeliveryPayload:
        """Remove and return the next payload, and wake the worker if few are left."""
        payload = (self._urgent or self._ready).popleft()
        # More urgent deliveries may be due than the last claim had room for. They go first, so
        # the worker has to claim them even if the queue is full of others.
        is_low = self._is_low() or (payload.urgent and self._is_low_on_urgent())
        if is_low and not self._refill_requested:
            self._refill_requested = True
            self._worker.wake.set()
        return payload


class Worker:
    """Sends due deliveries for one clock process.

    The caller calls `run_for` repeatedly, and `close` once at the end.
    """

    def __init__(self, context: WorkerContext, *, maintenance_interval: float = 1.0) -> None:
        self.context = context
        self.recorder = Recorder(context)
        self.wake = threading.Event()
        self._queues: dict[int, AccountQueue] = {}
        self._maintenance_interval = maintenance_interval
        self._maintained_at = float("-inf")
        self._time_began: datetime | None = None
        self._closing = False

    def is_busy(self) -> bool:
        """Return True while any queue sends deliveries."""
        return any(queue.is_busy() for queue in list(self._queues.values()))

    def run_for(self, seconds: float = 0.5) -> int:
        """Claim deliveries as they fall due for this many seconds; return the number claimed.

        Before that, run the maintenance (with the heartbeat) if it is due. Raises `RuntimeError` if
        receipts are no longer stored: then nothing more may be sent.
        """
        if not self._closing and not self.recorder.is_alive():
            raise RuntimeError("receipts are no longer stored")
        claimed_count, ends_at = 0, self.context.monotonic() + seconds
        self._ask_after_jump()  # the maintenance gives up what is late
        if self.context.monotonic() - self._maintained_at >= self._maintenance_interval:
            dispatch.run_maintenance(self.context)
            self._maintained_at = self.context.monotonic()
        while not self._closing:
            self.wake.clear()  # before the query: a request during it must not be lost
            self._ask_after_jump()
            due = find_due(self.context)
            # The accounts share the threads evenly; those with urgent deliveries come first.
            connections = self.context.delivery_settings.connections
            threads = max(1, connections // max(1, len(due.account_ids)))
            claimed_count += sum(
                self._refill(
                    self._queue_for(account_id, threads),
                    has_urgent=account_id in due.urgent_ids,
                    is_unpaid=account_id in due.unpaid_ids,
                )
                for account_id in due.account_ids
            )
            self.wake.wait(self._seconds_to_wait(ends_at, due.next_at))
            if self.context.monotonic() >= ends_at:
                break  # the next call begins with a query
        return claimed_count

    def _ask_after_jump(self) -> None:
        """Ask the witnesses of the time at the start, and when it has jumped, before it is used."""
        began = self.context.now() - timedelta(seconds=self.context.monotonic())
        if self._time_began is None or abs(began - self._time_began) > machine_time.OFF_AFTER:
            machine_time.ask_witnesses(self.context)
            self._time_began = began

    def _refill(self, queue: AccountQueue, *, has_urgent: bool, is_unpaid: bool) -> int:
        room = queue.room()
        only_urgent = has_urgent and (is_unpaid or not room)
        if only_urgent:
            room = queue.urgent_room()
        if not room:
            return 0
        payloads = claim(
            self.context, account_id=queue.account_id, most=room, only_urgent=only_urgent
        )
        queue.add(payloads)  # even if empty: then the queue may request its next refill
        return len(payloads)

    def _queue_for(self, account_id: int, threads: int) -> AccountQueue:
        if account_id not in self._queues:
            self._queues[account_id] = AccountQueue(self.context, account_id, threads, self)
        queue = self._queues[account_id]
        queue.threads = threads
        return queue

    def _seconds_to_wait(self, ends_at: float, next_at: datetime | None) -> float:
        """Return the seconds until the next delivery is due, at most POLL_INTERVAL."""
        soon = min(ends_at - self.context.monotonic(), POLL_INTERVAL)
        if next_at is not None:
            soon = min(soon, (next_at - self.context.now()).total_seconds())
        return max(0.0, soon)

    def close(self) -> None:
        """Finish running attempts, give back the other claimed deliveries, store all receipts."""
        self._closing = True
        self.wake.set()
        unbegun = [payload for queue in self._queues.values() for payload in queue.stop()]
        for payload in unbegun:
            # A failure here must not keep `close` from storing the receipts of other deliveries.
            try:
                outcomes.store(self.context, [Outcome(payload, GivenBack())])
            except outcomes.NOT_STORED as problem:
                _log_left(payload, problem)
        for queue in self._queues.values():
            queue.join()
        self.recorder.close()


def _log_left(payload: DeliveryPayload, problem: Exception) -> None:
    # The full text of the problem contains the statement, and with it the text of the post.
    reason = reason_away(problem) or type(problem).__name__
    log.warning("delivery %d left to the sweeper: %s", payload.claim.delivery_id, reason)
