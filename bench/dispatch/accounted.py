"""Check that everything is sent that was due in a burst, or while no clock ran.

It is compared with APScheduler and a job store, as its user guide sets it up.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from bench import clocks
from bench.databases import Kind
from bench.figures import PartResult, exactly, without_target
from bench.setup import BenchSetup, say
from publisher.now import now

OUTAGE = timedelta(minutes=10)
THEIRS = "APScheduler with a job store, its default grace"
SLOW = 60
"""A number of jobs per second that APScheduler's store handles for certain."""


def measure(setup: BenchSetup, kind: Kind) -> PartResult:
    """Measure a burst and an outage, for the product and for APScheduler."""
    size, count = setup.size, 1 if kind == "sqlite" else 2
    burst = _burst(setup, kind, count)
    outage = _outage(setup, kind, count)
    say(f"the press: {burst} and {outage} of {size}")
    their_burst, their_outage = _their_burst(setup), _their_outage(setup)
    say(f"APScheduler: {their_burst} and {their_outage} of {size}")
    return PartResult(
        [
            exactly("due at the same moment: sent", burst, size),
            exactly("due during a 10-minute outage: sent", outage, size),
            without_target(
                "APScheduler with a job store, its default grace, burst: lost", size - their_burst
            ),
            without_target(
                "APScheduler with a job store, its default grace, outage: lost",
                size - their_outage,
            ),
        ],
        {},
    )


def _burst(setup: BenchSetup, kind: Kind, count: int) -> int:
    with clocks.running_town(setup, kind, clocks=count) as house:
        return len(clocks.burst(house).arrivals)


def _outage(setup: BenchSetup, kind: Kind, count: int) -> int:
    """Schedule deliveries in the last ten minutes without a clock, then start the clocks."""
    with clocks.running_town(setup, kind, clocks=count, at_once=False) as house:
        back, step = now(), OUTAGE / setup.size
        house.schedule("outage", [back - step * number for number in range(setup.size)])
        clocks.start(house, count)
        return len(clocks.arrived(house, "outage", setup.size))


def _their_burst(setup: BenchSetup) -> int:
    seconds = 5 + setup.size // SLOW
    return _theirs(setup, ["burst"], [str(setup.size), str(seconds)])


def _their_outage(setup: BenchSetup) -> int:
    seconds = int(OUTAGE.total_seconds())
    return _theirs(setup, ["lay", "run"], [str(setup.size), str(seconds)])


def _theirs(setup: BenchSetup, steps: list[str], numbers: list[str]) -> int:
    setup.stand_in.forget()
    folder = Path(setup.folder / f"apscheduler-{steps[0]}")
    folder.mkdir()
    for step in steps:
        call = ["-m", "bench.apscheduler_side", step, str(folder), setup.stand_in.url]
        call += [] if step == "run" else numbers
        started = setup.start([sys.executable, *call])
        if code := started.popen.wait(900):
            raise RuntimeError(
                f"APScheduler's side ended with {code}:\n{started.written_output()[-2000:]}"
            )
    sent = len({arrival.text for arrival in setup.stand_in.arrivals()})
    setup.stand_in.forget()
    return sent
