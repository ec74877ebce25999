"""What every figure stands on: the stand-in, the databases, and processes that are started."""

from __future__ import annotations

import json
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
from tests.support.processes import Started, Starter
from tests.support.runs import Run

PATIENCE = 300.0
"""Seconds for which anything is waited for before the bench gives up."""


class Arrival(NamedTuple):
    """One post at the stand-in; both times are the machine's, in seconds."""

    text: str
    arrived: float
    answered: float


@dataclass
class StandIn:
    """The stand-in, seen from the bench."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False

    def count(self) -> int:
        """How many posts have arrived."""
        answer = self.session.head(f"{self.url}/arrivals", timeout=PATIENCE)
        return int(answer.headers["x-count"])

    def arrivals(self) -> list[Arrival]:
        """All that arrived, in the order in which it was answered."""
        answer = self.session.get(f"{self.url}/arrivals", timeout=PATIENCE)
        return [Arrival(*row) for row in json.loads(answer.text)]

    def forget(self) -> None:
        """Begin with an empty list."""
        self.session.delete(f"{self.url}/arrivals", timeout=PATIENCE)

    def answer_after(self, seconds: float) -> None:
        """How long an answer takes from now on."""
        self.session.put(f"{self.url}/patience", data=str(seconds), timeout=PATIENCE)

    def wait_for(self, count: int, *, within: float = PATIENCE) -> None:
        """Wait until so many have arrived; looks seldom, so as not to be in the way."""
        wait(lambda: self.count() >= count, f"{count} posts", within=within)


@dataclass(frozen=True)
class Ground:
    """What a figure works with; `runs` and `size` are how often and how many."""

    run: Run
    start: Starter
    databases: Databases
    stand_in: StandIn
    runs: int
    size: int

    @property
    def folder(self) -> Path:
        """Where everything of this bench lies; it goes at the end."""
        return self.run.folder


@contextmanager
def ground(*, rounds: int, size: int) -> Iterator[Ground]:
    """Lay the ground for a bench; whatever was started is ended with it, by process id."""
    run = runs.begin()
    try:
        with ExitStack() as stack:
            starter = Starter(run.folder, stack)
            url = _serve(starter, run.folder)
            yield Ground(run, starter, Databases(run), StandIn(url), rounds, size)
    finally:
        run.end()


def _serve(starter: Starter, folder: Path) -> str:
    ready = folder / "stand-in"
    starter([sys.executable, "-m", "bench.stand_in", ready], ready=ready)
    return ready.read_text()


def say(line: str) -> None:
    """Tell whoever waits how far it is."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def wait(true: Callable[[], bool], what: str, *, within: float = PATIENCE) -> None:
    """Ask five times a second until it is so; raises `TimeoutError`."""
    until = time.monotonic() + within
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"waited {within:.0f} s in vain for {what}")
        time.sleep(0.2)


def end(started: list[Started]) -> None:
    """End these as one ends a service, and see that they end well."""
    for process in started:
        if code := process.stop(within=PATIENCE):
            raise RuntimeError(f"ended with {code}:\n{process.said()[-4000:]}")
