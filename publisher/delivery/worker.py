"""The press of one running clock: a line of threads for each account; none waits for another.

A line claims a little ahead of its threads. Receipts are stored together, by a thread of their
own; every `sending` is a commit of its own.
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
"""How many times its threads a line lays ready; it claims again when half a round is left.

So a claim is for many at a time, and no thread waits for the next one. Of urgent ones it may
lay as many ready besides, in front, however many others lie there.
"""

POLL_INTERVAL = 0.25
"""The longest that a press goes without a look at the table, in seconds, however full its lines.

What a web process lays there, an emergency above all, is found within half a second.
"""

URGENT_THREADS = 4
"""The most threads beside its own that a line starts for the urgent, while all of its own are busy.

So an emergency waits for no answer of a platform, however slow.
"""

MAX_CONCURRENT_COMMITS = 16
"""How many of a clock's threads write `sending` at the same time on PostgreSQL."""


class AccountQueue:
    """The threads of one account, and what was claimed for them."""

    def __init__(
        self, context: WorkerContext, account_id: int, threads: int, worker: Worker
    ) -> None:
        self.account_id = account_id
        self.threads = threads
        self._context = context
        self._press = worker
        self._urgent: deque[DeliveryPayload] = deque()  # taken up before all that is ready
        self._ready: deque[DeliveryPayload] = deque()
        self._busy = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._has_asked = False
        self._workers: list[threading.Thread] = []
        self._helpers: list[threading.Thread] = []

    def room(self) -> int:
        """How many are to be claimed for it now: none as long as enough lie ready."""
        with self._changed:
            if self._stopping:
                return 0
            if not self._is_low():
                self._has_asked = False  # nothing is given now: it asks again once it is low
                return 0
            return self.threads * PREFETCH - self._waiting()

    def urgent_room(self) -> int:
        """How many urgent ones are to be claimed for it now, whatever else lies ready."""
        with self._changed:
            return 0 if self._stopping else max(0, self.threads * PREFETCH - len(self._urgent))

    def _waiting(self) -> int:
        return len(self._urgent) + len(self._ready)

    def _is_low(self) -> bool:
        return self._waiting() <= self.threads // 2

    def _is_low_on_urgent(self) -> bool:
        return len(self._urgent) <= self.threads // 2

    def waits(self) -> bool:
        """Whether something lies ready that none of its threads has taken up yet."""
        return bool(self._waiting())

    def add(self, parcels: list[DeliveryPayload]) -> None:
        """Lay these ready, the urgent in front, and start threads as far as they are needed."""
        with self._changed:
            for one in parcels:
                (self._urgent if one.urgent else self._ready).append(one)
            self._has_asked = False
            self._start_threads()
            self._changed.notify(len(parcels))

    def _start_threads(self) -> None:
        """As many as there is work for; one that died of a mistake is replaced.

        What that one had in hand is the sweeper's.
        """
        self._workers = [one for one in self._workers if one.is_alive()]
        self._helpers = [one for one in self._helpers if one.is_alive()]
        wanted = min(self.threads, self._waiting() + self._busy)
        for _ in range(wanted - len(self._workers)):
            self._workers.append(self._start(self._work))
        idle = len(self._workers) - self._busy
        for _ in range(min(URGENT_THREADS - len(self._helpers), len(self._urgent) - idle)):
            self._helpers.append(self._start(self._help))

    def _start(self, run: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=run, name=f"line-{self.account_id}", daemon=True)
        thread.start()
        return thread

    def stop(self) -> list[DeliveryPayload]:
        """Take up nothing more; gives what was claimed and not begun."""
        with self._changed:
            self._stopping = True
            left = [*self._urgent, *self._ready]
            self._urgent.clear()
            self._ready.clear()
            self._changed.notify_all()
        return left

    def join(self) -> None:
        """Wait until what is under way has ended: each try has a deadline."""
        for thread in [*self._workers, *self._helpers]:
            thread.join()

    def _work(self) -> None:
        """Take up whatever comes, until the line is stopped."""
        desk = PlatformPool(self._context, self._press.turn)
        while (payload := self._take()) is not None:
            try:
                self._try(desk, payload)
            finally:
                self._leave()

    def _help(self) -> None:
        """Take up what is urgent, as long as something is."""
        desk = PlatformPool(self._context, self._press.turn)
        while (payload := self._take_urgent()) is not None:
            self._try(desk, payload)

    def _try(self, pool: PlatformPool, payload: DeliveryPayload) -> None:
        try:
            done = attempt.try_once(pool, payload)
        except outcomes.NOT_STORED as problem:
            # The sweeper takes it up: claimed is repeated, sending is looked for.
            log.warning("delivery %d left to the sweeper: %s", payload.claim.delivery_id, problem)
            return
        if done is not None:
            self._press.recorder.put(done)

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
            self._helpers.remove(threading.current_thread())
            return None

    def _next(self) -> DeliveryPayload:
        """The first that lies ready; where little is left, the press is asked for more."""
        payload = (self._urgent or self._ready).popleft()
        # More urgent ones may be due than had room: they come before what lies ready.
        is_low = self._is_low() or (payload.urgent and self._is_low_on_urgent())
        if is_low and not self._has_asked:
            self._has_asked = True
            self._press.wake.set()
        return payload

    def _leave(self) -> None:
        with self._changed:
            self._busy -= 1


class Worker:
    """Everything one clock sends: `run_for` is called again and again, `close` once at the end."""

    def __init__(self, context: WorkerContext, *, settle_every: float = 1.0) -> None:
        self.context = context
        # Who sends has connections apart from who claims and stores: each finds prepared what it
        # says again and again.
        self._apart = [context.database.apart() for _ in range(2)]
        self._sending, self._storing = (replace(context, database=one) for one in self._apart)
        self.recorder = Recorder(self._storing)
        self.wake = threading.Event()
        # On SQLite one writes at a time anyway, and the database sees to it.
        self.turn = (
            None
            if context.database.is_sqlite
            else threading.BoundedSemaphore(MAX_CONCURRENT_COMMITS)
        )
        self._lines: dict[int, AccountQueue] = {}
        self._settle_every = settle_every
        self._settled_at = float("-inf")
        self._closing = False

    def is_busy(self) -> bool:
        """Whether more is due than can be begun at this moment."""
        return any(line.waits() for line in list(self._lines.values()))

    def run_for(self, seconds: float = 0.5) -> int:
        """For so many seconds: claim what is due the moment it is due; gives how many were.

        Raises `RuntimeError` where receipts are stored no longer: nothing more may be sent then.
        """
        if not self._closing and not self.recorder.is_alive():
            raise RuntimeError("receipts are no longer stored")
        taken, ends = 0, self.context.monotonic() + seconds
        if self.context.monotonic() - self._settled_at >= self._settle_every:
            dispatch.settle(self.context)
            self._settled_at = self.context.monotonic()
        while not self._closing:
            self.wake.clear()
            due = find_due(self._storing)
            taken += self._fill(due)
            left = ends - self.context.monotonic()
            if left <= 0:
                break
            self.wake.wait(self._patience(left, due.next_at))
        return taken

    def _fill(self, due: Due) -> int:
        """Claim for every line that has room, first where something urgent is due."""
        threads = max(1, self.context.delivery_settings.connections // max(1, len(due.account_ids)))
        return sum(
            self._claim(self._line(one, threads), has_urgent=one in due.urgent_ids)
            for one in due.account_ids
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
        queue.add(claimed)  # nothing as well: so it asks again
        return len(claimed)

    def _line(self, account_id: int, threads: int) -> AccountQueue:
        if account_id not in self._lines:
            self._lines[account_id] = AccountQueue(self._sending, account_id, threads, self)
        line = self._lines[account_id]
        line.threads = threads
        return line

    def _patience(self, left: float, next_at: datetime | None) -> float:
        """Until the next one is due, if that is sooner than the next look or this beat's end."""
        soon = min(left, POLL_INTERVAL)
        if next_at is None:
            return soon
        return min(soon, max(0.0, (next_at - self.context.now()).total_seconds()))

    def close(self) -> None:
        """Finish what is under way within its deadline, give back the rest, store every receipt."""
        self._closing = True
        self.wake.set()
        unbegun = [payload for line in self._lines.values() for payload in line.stop()]
        for payload in unbegun:
            self._give_back(payload)
        for line in self._lines.values():
            line.join()
        self.recorder.close()
        for database in self._apart:
            if database is not self.context.database:
                database.dispose()

    def _give_back(self, payload: DeliveryPayload) -> None:
        """One that cannot be given back now keeps nothing else here from coming to its end."""
        try:
            outcomes.give_back(self.context, payload)
        except outcomes.NOT_STORED as problem:
            log.warning("delivery %d left to the sweeper: %s", payload.claim.delivery_id, problem)
