"""The press of one running clock: a line of threads for each account; none waits for another.

A line claims a little ahead of its threads. Receipts are stored together, by a thread of their
own; every `sending` is a commit of its own.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from publisher.press import claiming, dispatching, publishing, receipts, recording
from publisher.press.bench import Bench
from publisher.press.claiming import Due
from publisher.press.parcels import Parcel
from publisher.press.publishing import Desk
from publisher.press.receipts import Done

log = logging.getLogger("nagarvani.press")

AHEAD = 2
"""How many times its threads a line lays ready; it claims again when half a round is left.

So a claim is for many at a time, and no thread waits for the next one. Of urgent ones it may
lay as many ready besides, in front, however many others lie there.
"""

LOOKING = 0.25
"""The longest that a press goes without a look at the table, in seconds, however full its lines.

What a web process lays there, an emergency above all, is found within half a second.
"""

GATHERING = 0.1
"""Seconds that the first of several receipts waits for others, so that they share a commit."""

WRITING = 16
"""How many of a clock's threads write `sending` at the same time on PostgreSQL."""

PAUSES = (0.2, 1.0, 3.0, 10.0, 0.0)
"""Seconds after each try to store receipts that found no database: it may be starting anew."""

MOST_TOGETHER = 64
"""The most receipts stored in one transaction."""


class Recorder:
    """Stores receipts as they come, as many together as there are; tries once for each pause."""

    def __init__(self, bench: Bench, *, pauses: Sequence[float] = PAUSES) -> None:
        self._bench = bench
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
            if isinstance(problem, recording.DOES_NOT_FIT):
                break
            time.sleep(pause)
        for one in group:
            self._try([one])

    def _try(self, group: list[Done]) -> Exception | None:
        """Store them together; gives what kept them from being stored."""
        try:
            receipts.store_receipts(self._bench, group)
        except recording.NOT_STORED as problem:
            log.warning("%d receipts not stored yet: %s", len(group), type(problem).__name__)
            return problem
        return None


class Line:
    """The threads of one account, and what was claimed for them."""

    def __init__(self, bench: Bench, account_id: int, threads: int, press: Press) -> None:
        self.account_id = account_id
        self.threads = threads
        self._bench = bench
        self._press = press
        self._urgent: deque[Parcel] = deque()  # taken up before all that is ready
        self._ready: deque[Parcel] = deque()
        self._busy = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._has_asked = False
        self._workers: list[threading.Thread] = []

    def room(self) -> int:
        """How many are to be claimed for it now: none as long as enough lie ready."""
        with self._changed:
            if self._stopping:
                return 0
            if not self._is_low():
                self._has_asked = False  # nothing is given now: it asks again once it is low
                return 0
            return self.threads * AHEAD - self._waiting()

    def urgent_room(self) -> int:
        """How many urgent ones are to be claimed for it now, whatever else lies ready."""
        with self._changed:
            return 0 if self._stopping else max(0, self.threads * AHEAD - len(self._urgent))

    def _waiting(self) -> int:
        return len(self._urgent) + len(self._ready)

    def _is_low(self) -> bool:
        return self._waiting() <= self.threads // 2

    def _is_low_on_urgent(self) -> bool:
        return len(self._urgent) <= self.threads // 2

    def waits(self) -> bool:
        """Whether something lies ready that none of its threads has taken up yet."""
        return bool(self._waiting())

    def add(self, parcels: list[Parcel]) -> None:
        """Lay these ready, the urgent in front, and start threads as far as they are needed."""
        with self._changed:
            for one in parcels:
                (self._urgent if one.urgent else self._ready).append(one)
            self._has_asked = False
            # One that died of a mistake is replaced; its delivery is the sweeper's.
            self._workers = [one for one in self._workers if one.is_alive()]
            wanted = min(self.threads, self._waiting() + self._busy)
            while len(self._workers) < wanted:
                name = f"line-{self.account_id}-{len(self._workers) + 1}"
                worker = threading.Thread(target=self._run, name=name, daemon=True)
                self._workers.append(worker)
                worker.start()
            self._changed.notify(len(parcels))

    def stop(self) -> list[Parcel]:
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
        for worker in self._workers:
            worker.join()

    def _run(self) -> None:
        desk = Desk(self._bench, self._press.turn)
        while (parcel := self._take()) is not None:
            try:
                self._try(desk, parcel)
            finally:
                self._leave()

    def _try(self, desk: Desk, parcel: Parcel) -> None:
        try:
            done = publishing.try_once(desk, parcel)
        except recording.NOT_STORED as problem:
            # The sweeper takes it up: claimed is repeated, sending is looked for.
            log.warning("delivery %d left to the sweeper: %s", parcel.claim.delivery_id, problem)
            return
        if done is not None:
            self._press.recorder.put(done)

    def _take(self) -> Parcel | None:
        with self._changed:
            while not self._waiting() and not self._stopping:
                self._changed.wait()
            if not self._waiting():
                return None
            self._busy += 1
            parcel = (self._urgent or self._ready).popleft()
            # More urgent ones may be due than had room: they come before what lies ready.
            is_low = self._is_low() or (parcel.urgent and self._is_low_on_urgent())
            asks = is_low and not self._has_asked
            self._has_asked = self._has_asked or asks
        if asks:
            self._press.wake.set()
        return parcel

    def _leave(self) -> None:
        with self._changed:
            self._busy -= 1


class Press:
    """Everything one clock sends: `beat` is called again and again, `close` once at the end."""

    def __init__(self, bench: Bench, *, settle_every: float = 1.0) -> None:
        self.bench = bench
        # Who sends has connections apart from who claims and stores: each finds prepared what it
        # says again and again.
        self._apart = [bench.database.apart() for _ in range(2)]
        self._sending, self._storing = (replace(bench, database=one) for one in self._apart)
        self.recorder = Recorder(self._storing)
        self.wake = threading.Event()
        # On SQLite one writes at a time anyway, and the database sees to it.
        self.turn = None if bench.database.is_sqlite else threading.BoundedSemaphore(WRITING)
        self._lines: dict[int, Line] = {}
        self._settle_every = settle_every
        self._settled_at = float("-inf")
        self._closing = False

    def is_busy(self) -> bool:
        """Whether more is due than can be begun at this moment."""
        return any(line.waits() for line in list(self._lines.values()))

    def beat(self, seconds: float = 0.5) -> int:
        """For so many seconds: claim what is due the moment it is due; gives how many were.

        Raises `RuntimeError` where receipts are stored no longer: nothing more may be sent then.
        """
        if not self._closing and not self.recorder.is_alive():
            raise RuntimeError("receipts are no longer stored")
        taken, ends = 0, self.bench.monotonic() + seconds
        if self.bench.monotonic() - self._settled_at >= self._settle_every:
            dispatching.settle(self.bench)
            self._settled_at = self.bench.monotonic()
        while not self._closing:
            self.wake.clear()
            due = claiming.look(self._storing)
            taken += self._fill(due)
            left = ends - self.bench.monotonic()
            if left <= 0:
                break
            self.wake.wait(self._patience(left, due.next_at))
        return taken

    def _fill(self, due: Due) -> int:
        """Claim for every line that has room, first where something urgent is due."""
        threads = max(1, self.bench.pace.connections // max(1, len(due.account_ids)))
        return sum(
            self._claim(self._line(one, threads), has_urgent=one in due.urgent_ids)
            for one in due.account_ids
        )

    def _claim(self, line: Line, *, has_urgent: bool) -> int:
        room = line.room()
        only_urgent = has_urgent and not room
        if only_urgent:
            room = line.urgent_room()
        if not room:
            return 0
        claimed = claiming.claim(
            self._storing, account_id=line.account_id, most=room, only_urgent=only_urgent
        )
        line.add(claimed)  # nothing as well: so it asks again
        return len(claimed)

    def _line(self, account_id: int, threads: int) -> Line:
        if account_id not in self._lines:
            self._lines[account_id] = Line(self._sending, account_id, threads, self)
        line = self._lines[account_id]
        line.threads = threads
        return line

    def _patience(self, left: float, next_at: datetime | None) -> float:
        """Until the next one is due, if that is sooner than the next look or this beat's end."""
        soon = min(left, LOOKING)
        if next_at is None:
            return soon
        return min(soon, max(0.0, (next_at - self.bench.now()).total_seconds()))

    def close(self) -> None:
        """Finish what is under way within its deadline, give back the rest, store every receipt."""
        self._closing = True
        self.wake.set()
        unbegun = [parcel for line in self._lines.values() for parcel in line.stop()]
        for parcel in unbegun:
            self._give_back(parcel)
        for line in self._lines.values():
            line.join()
        self.recorder.close()
        for database in self._apart:
            if database is not self.bench.database:
                database.dispose()

    def _give_back(self, parcel: Parcel) -> None:
        """One that cannot be given back now keeps nothing else here from coming to its end."""
        try:
            recording.give_back(self.bench, parcel)
        except recording.NOT_STORED as problem:
            log.warning("delivery %d left to the sweeper: %s", parcel.claim.delivery_id, problem)
