"""Measure the delay of deliveries: on an idle clock, and of a thousand in one second.

The delay is between the due time and the first byte at the stand-in, by the same clock.
"""

from __future__ import annotations

import statistics
import time
from datetime import timedelta

from bench import clocks
from bench.databases import Kind
from bench.figures import PartResult, at_most, below, percentile
from bench.setup import BenchSetup, say
from publisher.now import now

SCHEDULED_AHEAD = timedelta(seconds=2)
GAP_SECONDS = 0.5
"""Seconds between two deliveries, so that each finds the clock idle."""

EACH_ROUND = 20
PEAK = 1_000


def measure_idle(setup: BenchSetup, kind: Kind) -> PartResult:
    """Measure deliveries one after the other on one clock, each scheduled two seconds ahead."""
    late: list[float] = []
    with clocks.running_town(setup, kind, clocks=1) as house:
        due: dict[str, float] = {}
        for number in range(EACH_ROUND * setup.runs):
            at = now() + SCHEDULED_AHEAD
            house.schedule(f"idle{number}", [at])
            due[f" idle{number} "] = at.timestamp()
            time.sleep(GAP_SECONDS)
        setup.stand_in.wait_for(len(due))
        for arrival in setup.stand_in.arrivals():
            (name,) = (name for name in due if name in arrival.text)
            late.append((arrival.arrived - due[name]) * 1000)
    say(
        f"idle: {percentile(late, 0.5):.1f} ms late, 95 of 100 at most {percentile(late, 0.95):.1f}"
    )
    return PartResult(
        [
            at_most(
                "delay of a single post, scheduled 2 s ahead, p95, ms", percentile(late, 0.95), 50
            )
        ],
        {"delay of a single post, ms": late},
    )


def measure_peak(setup: BenchSetup, kind: Kind) -> PartResult:
    """Measure a thousand in the same second, on two clocks (on SQLite one)."""
    size, worst = min(PEAK, setup.size), []
    on, count = ("SQLite, one clock", 1) if kind == "sqlite" else ("PostgreSQL, two clocks", 2)
    for _ in range(setup.runs):
        with clocks.running_town(setup, kind, clocks=count) as house:
            at, burst = clocks.burst(house, "peak", size=size)
            late = [arrival.arrived - at.timestamp() for arrival in burst]
            worst.append(percentile(late, 0.99))
            say(f"{size} at once: 99 of 100 at most {worst[-1]:.2f} s late")
    name = f"{size:,} due in the same second on {on}, p99 delay, s"
    return PartResult([below(name, statistics.median(worst), 5)], {"p99 delay, s": worst})
