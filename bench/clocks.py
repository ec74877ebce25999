"""The product as it runs in production: `nagarvani clock`, a process for each clock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from bench import town
from bench.databases import Kind, folder_of
from bench.setup import Arrival, BenchSetup, stop_all, wait
from bench.town import SECRET, Town
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import ReceiptRow
from publisher.now import now
from publisher.states import DeliveryState
from tests.support.processes import RunningCommand

WARM_UP = 64
AHEAD = timedelta(seconds=2)
"""The seconds between scheduling a burst and its due time: the clocks know it and wait."""


@dataclass
class RunningTown:
    """A town on one database, and its clocks."""

    setup: BenchSetup
    town: Town
    clocks: list[RunningCommand]

    def warm_up(self, count: int = WARM_UP) -> None:
        """Warm up threads, connections and lazily imported libraries."""
        at = now()
        town.schedule(self.town, "warm", [at] * count)
        self.setup.stand_in.wait_for(count)
        self.settle()
        self.setup.stand_in.forget()

    def schedule(self, name: str, due: Sequence[datetime]) -> None:
        """Schedule a delivery for each of these moments."""
        town.schedule(self.town, name, due)

    def worker_context(self) -> WorkerContext:
        """Return a clock's context on this database, for measurements without a clock."""
        return replace(
            self.town.city.context,
            now=now,
            monotonic=time.monotonic,
            clock_name="bench",
        )

    def settle(self) -> float:
        """Wait until every receipt is stored; return the time of the last one, in seconds."""
        waiting = (DeliveryState.SCHEDULED, DeliveryState.CLAIMED, DeliveryState.SENDING)
        wait(
            lambda: not set(waiting) & town.counted(self.town.database).keys(),
            "the receipts",
        )
        with self.town.database.reading() as session:
            last = session.execute(select(func.max(ReceiptRow.stored_at))).scalar_one()
        return float(last.timestamp())


@contextmanager
def running_town(
    setup: BenchSetup, kind: Kind, *, clocks: int, connections: int = 16, at_once: bool = True
) -> Iterator[RunningTown]:
    """Run a town with so many clocks, warmed up; without `at_once` none is started yet."""
    with setup.databases.new(kind) as database:
        setup.stand_in.answer_after(0)
        setup.stand_in.forget()
        running = RunningTown(setup, town.found(database, folder_of(database, setup.run)), [])
        try:
            if at_once:
                start(running, clocks, connections=connections)
                running.warm_up()
            yield running
        finally:
            stop_all(running.clocks)


def start(running: RunningTown, count: int, *, connections: int = 16) -> None:
    """Start `count` clocks, and wait until each reports that it runs."""
    url = running.town.database.engine.url.render_as_string(hide_password=False)
    environment = {
        "NAGARVANI_DATABASE_URL": url,
        "NAGARVANI_MEDIA_DIR": str(folder_of(running.town.database, running.setup.run)),
        "NAGARVANI_SECRET_KEY": SECRET,
        "NAGARVANI_X_API_URL": running.setup.stand_in.url,
        "NAGARVANI_GRAPH_API_URL": running.setup.stand_in.url,
        "NAGARVANI_CONNECTIONS": str(connections),
    }
    running.clocks += [
        running.setup.start.nagarvani("clock", environment=environment) for _ in range(count)
    ]
    for clock in running.clocks:
        clock.wait_for(" runs", within=60)


class Burst(NamedTuple):
    """The due time of a burst, and its arrivals."""

    due_at: datetime
    arrivals: list[Arrival]


def burst(running: RunningTown, name: str = "burst", *, size: int = 0) -> Burst:
    """Schedule many deliveries for one moment ahead; each arrives once.

    Raises if a delivery did not arrive, arrived twice, or has no receipt.
    """
    size = size or running.setup.size
    due_at = now() + AHEAD + timedelta(seconds=size / 1_000)
    running.schedule(name, [due_at] * size)
    if now() >= due_at:
        raise RuntimeError("the burst began before it was laid")
    time.sleep((due_at - now()).total_seconds())
    return Burst(due_at, arrived(running, name, size))


def arrived(running: RunningTown, name: str, size: int) -> list[Arrival]:
    """Wait until `size` posts of that name have arrived, each once, with every receipt stored."""
    running.setup.stand_in.wait_for(size)
    running.settle()
    arrivals = [
        arrival for arrival in running.setup.stand_in.arrivals() if f" {name} " in arrival.text
    ]
    texts = {arrival.text for arrival in arrivals}
    states = town.counted(running.town.database)
    if len(arrivals) != size or len(texts) != size or set(states) != {DeliveryState.PUBLISHED}:
        raise RuntimeError(f"{len(arrivals)} of {size} arrived, {len(texts)} texts; {states}")
    running.setup.stand_in.forget()
    return arrivals


def rate(arrivals: Sequence[Arrival]) -> float:
    """Return posts per second, from the first byte that arrived to the last response."""
    began = min(arrival.arrived for arrival in arrivals)
    return len(arrivals) / (max(arrival.answered for arrival in arrivals) - began)
