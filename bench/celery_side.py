"""Celery prefork on Redis, started, filled and measured as the product is."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import cost, town
from bench.setup import Arrival, BenchSetup, check_arrivals, stop_all, wait
from tests.support.processes import RunningCommand, free_port

if TYPE_CHECKING:
    from celery import Celery

PROCESSES = 2
POSTS, WARM = "posts", "warm"
WARM_UP = 64
REDIS = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no")
"""Nothing is written to the disk: this is Redis at its fastest, and least durable."""


def missing() -> str:
    """Return why Celery cannot be measured here, as a sentence; "" if it can."""
    if shutil.which("redis-server") is None:
        return "redis-server is not on this machine"
    if importlib.util.find_spec("celery") is None:
        return "celery is not installed here"
    return ""


@dataclass
class Rival:
    """A Celery worker, and the client that fills its queues."""

    setup: BenchSetup
    producer: Celery
    redis: RunningCommand
    worker: RunningCommand

    def fill(self, queue: str, name: str, size: int) -> None:
        """Put `size` tasks into a queue, with texts of this name."""
        with self.producer.connection_for_write() as connection:
            for number in range(size):
                self.producer.send_task(
                    "bench.post",
                    (town.text_of(name, number),),
                    queue=queue,
                    connection=connection,
                )

    def burst(self) -> tuple[list[Arrival], float]:
        """Fill a paused queue, then open it; return the arrivals, and the cost.

        Each text arrives once; the cost is seconds of processor time, of Celery and Redis.
        """
        size, stand_in = self.setup.size, self.setup.stand_in
        self.fill(POSTS, "burst", size)
        pids = [*self.worker.session(), self.redis.pid]
        before = cost.spent(pids)
        self.producer.control.add_consumer(POSTS, reply=True)
        stand_in.wait_for(size)
        arrivals = check_arrivals(stand_in.arrivals(), size)
        stand_in.forget()
        return arrivals, cost.spent(pids) - before


@contextmanager
def rival(setup: BenchSetup) -> Iterator[Rival]:
    """Run a worker with its processes on a Redis of its own, warmed up."""
    from celery import Celery

    port = free_port()
    broker = f"redis://127.0.0.1:{port}/0"
    redis = setup.start(["redis-server", "--port", str(port), *REDIS], cwd=setup.folder)
    wait(lambda: _answers(port), "redis-server", within=20)
    opened = Rival(setup, Celery("filling", broker=broker), redis, _worker(setup, broker))
    try:
        setup.stand_in.answer_after(0)
        setup.stand_in.forget()
        opened.fill(WARM, WARM, WARM_UP)
        setup.stand_in.wait_for(WARM_UP)
        setup.stand_in.forget()
        yield opened
    finally:
        stop_all([opened.worker])
        opened.producer.close()
        redis.stop()


def _worker(setup: BenchSetup, broker: str) -> RunningCommand:
    call = ["-m", "celery", "-A", "bench.celery_app:app", "worker", "--pool", "prefork"]
    call += ["--concurrency", str(PROCESSES), "--queues", WARM, "--loglevel", "WARNING"]
    # It runs as whoever runs the bench; on a machine of one's own that may be root.
    environment = {
        "BENCH_BROKER": broker,
        "BENCH_X": setup.stand_in.url,
        "C_FORCE_ROOT": "1",
    }
    return setup.start([sys.executable, *call], environment=environment)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
