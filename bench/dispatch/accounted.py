"""Check that everything is sent that was due in a burst, or while no clock ran."""

from __future__ import annotations

from datetime import timedelta

from bench import clocks
from bench.databases import Kind
from bench.figures import PartResult, exactly
from bench.setup import BenchSetup, say
from publisher.now import now

OUTAGE = timedelta(minutes=10)


def measure(setup: BenchSetup, kind: Kind) -> PartResult:
    """Count what was sent in a burst, and after an outage."""
    size, count = setup.size, 1 if kind == "sqlite" else 2
    burst = _burst(setup, kind, count)
    outage = _outage(setup, kind, count)
    say(f"sent: {burst} and {outage} of {size}")
    return PartResult(
        [
            exactly("due at the same moment: sent", burst, size),
            exactly("due during a 10-minute outage: sent", outage, size),
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
