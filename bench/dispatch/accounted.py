"""Check that everything is sent that was due in a burst, or while no clock ran.

It is compared with APScheduler and a job store, as its user guide sets it up.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from bench import clocks
from bench.databases import Kind
from bench.figures import Found, exactly, told
from bench.ground import Ground, say
from publisher.now import now

OUTAGE = timedelta(minutes=10)
THEIRS = "APScheduler with a job store, its default grace"
SLOW = 60
"""A number of jobs per second that APScheduler's store handles for certain."""


def measure(ground: Ground, kind: Kind) -> Found:
    """Measure a burst and an outage, for the product and for APScheduler."""
    size, count = ground.size, 1 if kind == "sqlite" else 2
    burst = _burst(ground, kind, count)
    outage = _outage(ground, kind, count)
    say(f"the press: {burst} and {outage} of {size}")
    their_burst, their_outage = _their_burst(ground), _their_outage(ground)
    say(f"APScheduler: {their_burst} and {their_outage} of {size}")
    return Found(
        [
            exactly("due in one burst: sent", burst, size),
            exactly("due during a 10-minute outage: sent", outage, size),
            told(
                "APScheduler with a job store, its default grace, burst: lost", size - their_burst
            ),
            told(
                "APScheduler with a job store, its default grace, outage: lost",
                size - their_outage,
            ),
        ],
        {},
    )


def _burst(ground: Ground, kind: Kind, count: int) -> int:
    with clocks.house(ground, kind, clocks=count) as house:
        return len(clocks.burst(house).arrivals)


def _outage(ground: Ground, kind: Kind, count: int) -> int:
    """Schedule deliveries in the last ten minutes without a clock, then start the clocks."""
    with clocks.house(ground, kind, clocks=count, at_once=False) as house:
        back, step = now(), OUTAGE / ground.size
        house.lay("outage", [back - step * number for number in range(ground.size)])
        clocks.start(house, count)
        return len(clocks.arrived(house, "outage", ground.size))


def _their_burst(ground: Ground) -> int:
    seconds = 5 + ground.size // SLOW
    return _theirs(ground, ["burst"], [str(ground.size), str(seconds)])


def _their_outage(ground: Ground) -> int:
    seconds = int(OUTAGE.total_seconds())
    return _theirs(ground, ["lay", "run"], [str(ground.size), str(seconds)])


def _theirs(ground: Ground, steps: list[str], numbers: list[str]) -> int:
    ground.stand_in.forget()
    folder = Path(ground.folder / f"apscheduler-{steps[0]}")
    folder.mkdir()
    for step in steps:
        call = ["-m", "bench.apscheduler_side", step, str(folder), ground.stand_in.url]
        call += [] if step == "run" else numbers
        started = ground.start([sys.executable, *call])
        if code := started.popen.wait(900):
            raise RuntimeError(f"APScheduler's side ended with {code}:\n{started.said()[-2000:]}")
    sent = len({arrival.text for arrival in ground.stand_in.arrivals()})
    ground.stand_in.forget()
    return sent
