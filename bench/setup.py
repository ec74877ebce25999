"""Sets up a benchmark: the stand-in for X, the databases, and the processes it starts."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import requests

from bench.databases import Databases
from tests.support import runs
from tests.support.processes import RunningCommand, Starter
from tests.support.runs import Run

PATIENCE = 300.0
"""The maximum seconds of any wait before the benchmark gives up."""


class Arrival(NamedTuple):
    """A post at the stand-in; both times are the machine's, in seconds."""

    text: str
    arrived: float
    answered: float


@dataclass
class StandIn:
    """The stand-in's client."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def count(self) -> int:
        """Return the number of posts that have arrived."""
        answer = self.session.head(f"{self.url}/arrivals", timeout=PATIENCE)
        return int(answer.headers["x-count"])

    def arrivals(self) -> list[Arrival]:
        """Return the arrivals, in the order of the responses."""
        answer = self.session.get(f"{self.url}/arrivals", timeout=PATIENCE)
        return [Arrival(*row) for row in json.loads(answer.text)]

    def forget(self) -> None:
        """Clear the list of arrivals."""
        self.session.delete(f"{self.url}/arrivals", timeout=PATIENCE)

    def answer_after(self, seconds: float) -> None:
        """Set the seconds that a response takes from now on."""
        self.session.put(f"{self.url}/patience", data=str(seconds), timeout=PATIENCE)

    def wait_for(self, count: int, *, within: float = PATIENCE) -> None:
        """Wait until `count` posts have arrived; poll rarely, so as not to disturb the figures."""
        wait(lambda: self.count() >= count, f"{count} posts", within=within)


@dataclass(frozen=True)
class BenchSetup:
    """What every part of the benchmark uses.

    `runs` is the number of rounds, `size` the number of posts in each.
    """

    run: Run
    start: Starter
    databases: Databases
    stand_in: StandIn
    runs: int
    size: int

    @property
    def folder(self) -> Path:
        """The folder of this benchmark, which is removed at the end."""
        return self.run.folder


@contextmanager
def bench_setup(*, rounds: int, size: int, counts_statements: bool = False) -> Iterator[BenchSetup]:
    """Set up a benchmark; every started process is ended with it, by process id."""
    outer = os.environ.get(runs.MARK)  # of the run of tests that this one is part of
    run = runs.begin()
    try:
        with ExitStack() as stack:
            starter = Starter(run.folder, stack)
            url = _serve(starter, run.folder)
            databases = Databases(run, counts_statements=counts_statements)
            yield BenchSetup(run, starter, databases, StandIn(url), rounds, size)
    finally:
        run.end()
        if outer is not None:
            os.environ[runs.MARK] = outer


def _serve(starter: Starter, folder: Path) -> str:
    ready = folder / "stand-in"
    starter([sys.executable, "-m", "bench.stand_in", ready], ready=ready)
    return ready.read_text()


def say(line: str) -> None:
    """Print the progress."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def wait(condition: Callable[[], bool], description: str, *, within: float = PATIENCE) -> None:
    """Poll five times a second until the condition is true. Raises `TimeoutError`."""
    until = time.monotonic() + within
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"waited {within:.0f} s in vain for {description}")
        time.sleep(0.2)


def check_arrivals(arrivals: list[Arrival], size: int) -> list[Arrival]:
    """Return the arrivals. Raises `RuntimeError` unless they are so many, each text once."""
    texts = {arrival.text for arrival in arrivals}
    if len(arrivals) != size or len(texts) != size:
        raise RuntimeError(f"{len(arrivals)} of {size} arrived, {len(texts)} texts")
    return arrivals


def run_to_end(started: RunningCommand) -> str:
    """Wait for the end of a process; return its output. Raises `RuntimeError` if it failed."""
    code, output = started.popen.wait(PATIENCE), started.written_output()
    if code:
        raise RuntimeError(f"ended with {code}:\n{output[-4000:]}")
    return output


def stop_all(started: list[RunningCommand]) -> None:
    """Terminate these processes, and check that they end cleanly."""
    for process in started:
        if code := process.stop(within=PATIENCE):
            raise RuntimeError(f"ended with {code}:\n{process.written_output()[-4000:]}")
