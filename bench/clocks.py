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
from bench.ground import Arrival, Ground, end, wait
from bench.town import SECRET, Town
from publisher.delivery.worker_context import WorkerContext
from publisher.models.deliveries import ReceiptRow
from publisher.now import now
from publisher.states import DeliveryState
from tests.support.processes import Started

WARM_UP = 64
AHEAD = timedelta(seconds=2)
"""The seconds between scheduling a burst and its due time: the clocks know it and wait."""


@dataclass
class House:
    """A town on one database, and its clocks."""

    ground: Ground
    town: Town
    clocks: list[Started]

    def warm_up(self, count: int = WARM_UP) -> None:
        """Warm up threads, connections and lazily imported libraries."""
        at = now()
        town.lay(self.town, "warm", [at] * count)
        self.ground.stand_in.wait_for(count)
        self.settle()
        self.ground.stand_in.forget()

    def lay(self, name: str, due: Sequence[datetime]) -> None:
        """Schedule a delivery for each of these moments."""
        town.lay(self.town, name, due)

    def bench(self) -> WorkerContext:
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
def house(
    ground: Ground, kind: Kind, *, clocks: int, connections: int = 16, at_once: bool = True
) -> Iterator[House]:
    """Run a town with `count` clocks, warmed up; without `at_once` none is started yet."""
    with ground.databases.new(kind) as database:
        ground.stand_in.answer_after(0)
        ground.stand_in.forget()
        opened = House(ground, town.found(database, folder_of(database, ground.run)), [])
        try:
            if at_once:
                start(opened, clocks, connections=connections)
                opened.warm_up()
            yield opened
        finally:
            end(opened.clocks)


def start(opened: House, count: int, *, connections: int = 16) -> None:
    """Start `count` clocks, and wait until each reports that it runs."""
    url = opened.town.database.engine.url.render_as_string(hide_password=False)
    environment = {
        "NAGARVANI_DATABASE_URL": url,
        "NAGARVANI_MEDIA_DIR": str(folder_of(opened.town.database, opened.ground.run)),
        "NAGARVANI_SECRET_KEY": SECRET,
        "NAGARVANI_X_API_URL": opened.ground.stand_in.url,
        "NAGARVANI_GRAPH_API_URL": opened.ground.stand_in.url,
        "NAGARVANI_CONNECTIONS": str(connections),
    }
    opened.clocks += [
        opened.ground.start.nagarvani("clock", environment=environment) for _ in range(count)
    ]
    for clock in opened.clocks:
        clock.wait_for(" runs", within=60)


class Burst(NamedTuple):
    """The due time of a burst, and its arrivals."""

    due_at: datetime
    arrivals: list[Arrival]


def burst(opened: House, name: str = "burst", *, size: int = 0) -> Burst:
    """Schedule many deliveries for one moment ahead; each arrives once.

    Raises if a delivery did not arrive, arrived twice, or has no receipt.
    """
    size = size or opened.ground.size
    due_at = now() + AHEAD + timedelta(seconds=size / 1_000)
    opened.lay(name, [due_at] * size)
    if now() >= due_at:
        raise RuntimeError("the burst began before it was laid")
    time.sleep((due_at - now()).total_seconds())
    return Burst(due_at, arrived(opened, name, size))


def arrived(opened: House, name: str, size: int) -> list[Arrival]:
    """Wait until `count` posts of that name have arrived, each once, with every receipt stored."""
    opened.ground.stand_in.wait_for(size)
    opened.settle()
    arrivals = [
        arrival for arrival in opened.ground.stand_in.arrivals() if f" {name} " in arrival.text
    ]
    texts = {arrival.text for arrival in arrivals}
    states = town.counted(opened.town.database)
    if len(arrivals) != size or len(texts) != size or set(states) != {DeliveryState.PUBLISHED}:
        raise RuntimeError(f"{len(arrivals)} of {size} arrived, {len(texts)} texts; {states}")
    opened.ground.stand_in.forget()
    return arrivals


def rate(arrivals: Sequence[Arrival]) -> float:
    """Return posts per second, from the first byte that arrived to the last response."""
    began = min(arrival.arrived for arrival in arrivals)
    return len(arrivals) / (max(arrival.answered for arrival in arrivals) - began)
