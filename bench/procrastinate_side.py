"""Two workers of Procrastinate on PostgreSQL, started, filled and measured as the product is."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from bench import cost, town
from bench.setup import Arrival, BenchSetup, check_arrivals, stop_all, wait
from publisher.database.session import Database
from tests.support.processes import RunningCommand

WORKERS = 2
CONNECTIONS = 16
"""The connections of a worker to the stand-in; a clock of `running_town` has as many."""

WARM_UP = 64


def missing() -> str:
    """Return why Procrastinate cannot be measured here, as a sentence; "" if it can."""
    if importlib.util.find_spec("procrastinate") is None:
        return "procrastinate is not installed here"
    return ""


@dataclass
class ProcrastinateSide:
    """Workers that are warm and wait, and their database."""

    setup: BenchSetup
    database: Database
    workers: list[RunningCommand]

    def burst(self) -> tuple[list[Arrival], float]:
        """Fill the queue, then open it; return the arrivals, and the cost.

        Each text arrives once, and each job ends as succeeded in the database. The cost is seconds
        of processor time, of the workers and the database.
        """
        from bench.procrastinate_worker import POSTS

        size, stand_in = self.setup.size, self.setup.stand_in
        _fill(self.database, POSTS, "burst", size)
        before = self._spent()
        for worker in self.workers:
            os.kill(worker.pid, signal.SIGUSR1)
        stand_in.wait_for(size)
        wait(lambda: _states(self.database, POSTS) == {"succeeded": size}, "the states of jobs")
        seconds = self._spent() - before
        arrivals = check_arrivals(stand_in.arrivals(), size)
        stand_in.forget()
        return arrivals, seconds

    def _spent(self) -> float:
        pids = [pid for worker in self.workers for pid in worker.session()]
        return cost.spent(pids) + self.setup.databases.spent()


@contextmanager
def procrastinate_side(setup: BenchSetup) -> Iterator[ProcrastinateSide]:
    """Run two workers on a database of their own, warmed up."""
    from bench.procrastinate_worker import make_app

    with setup.databases.new("postgresql") as database:
        with make_app(_url(database)).open() as app:
            app.schema_manager.apply_schema()
        setup.stand_in.answer_after(0)
        setup.stand_in.forget()
        side = ProcrastinateSide(setup, database, [])
        try:
            for number in range(WORKERS):
                side.workers.append(_warm_worker(setup, database, f"warm-{number}"))
            setup.stand_in.forget()
            yield side
        finally:
            stop_all(side.workers)


def _warm_worker(setup: BenchSetup, database: Database, queue: str) -> RunningCommand:
    _fill(database, queue, queue, WARM_UP)
    ready = setup.folder / f"{database.engine.url.database}-{queue}"
    call = [sys.executable, "-m", "bench.procrastinate_worker", _url(database)]
    call += [setup.stand_in.url, queue, str(CONNECTIONS), str(ready)]
    return setup.start(call, ready=ready, within=60)


def _fill(database: Database, queue: str, name: str, size: int) -> None:
    """Put `size` jobs into a queue, with texts of this name."""
    from bench.procrastinate_worker import TASK, make_app

    with make_app(_url(database)).open() as app:
        jobs: list[dict[str, Any]] = [
            {"text": town.text_of(name, number)} for number in range(size)
        ]
        app.configure_task(TASK, queue=queue).batch_defer(*jobs)


def _states(database: Database, queue: str) -> dict[str, int]:
    """Return the number of jobs of a queue in each state."""
    query = text(
        "SELECT status::text, count(*) FROM procrastinate_jobs"
        " WHERE queue_name = :queue GROUP BY status"
    )
    with database.reading() as session:
        return dict(session.execute(query, {"queue": queue}).tuples().all())


def _url(database: Database) -> str:
    url = database.engine.url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)
