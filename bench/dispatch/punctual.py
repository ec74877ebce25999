"""Measure the delay of deliveries: on an idle clock, and of a thousand in one second.

The delay is between the due time and the first byte at the stand-in, by the same clock.
"""

from __future__ import annotations

import statistics
import time
from datetime import timedelta

from bench import clocks
from bench.databases import Kind
from bench.figures import Found, at_most, share
from bench.ground import Ground, say
from publisher.now import now

KNOWN = timedelta(seconds=2)
APART = 0.5
"""Seconds between two deliveries, so that each finds the clock idle."""

EACH_ROUND = 20
PEAK = 1_000


def measure_idle(ground: Ground, kind: Kind) -> Found:
    """Measure deliveries one after the other on one clock, each scheduled two seconds ahead."""
    late: list[float] = []
    with clocks.house(ground, kind, clocks=1) as house:
        due: dict[str, float] = {}
        for number in range(EACH_ROUND * ground.runs):
            at = now() + KNOWN
            house.lay(f"idle{number}", [at])
            due[f" idle{number} "] = at.timestamp()
            time.sleep(APART)
        ground.stand_in.wait_for(len(due))
        for arrival in ground.stand_in.arrivals():
            (name,) = (name for name in due if name in arrival.text)
            late.append((arrival.arrived - due[name]) * 1000)
    say(f"idle: {share(late, 0.5):.1f} ms late, 95 of 100 at most {share(late, 0.95):.1f}")
    return Found(
        [at_most("lateness when idle, known 2 s before, p95, ms", share(late, 0.95), 50)],
        {"lateness when idle, ms": late},
    )


def measure_peak(ground: Ground, kind: Kind) -> Found:
    """Measure a thousand in the same second, on two clocks (on SQLite one)."""
    size, worst = min(PEAK, ground.size), []
    on, count = ("SQLite, one clock", 1) if kind == "sqlite" else ("PostgreSQL, two clocks", 2)
    for _ in range(ground.runs):
        with clocks.house(ground, kind, clocks=count) as house:
            at, burst = clocks.burst(house, "peak", size=size)
            late = [arrival.arrived - at.timestamp() for arrival in burst]
            worst.append(share(late, 0.99))
            say(f"{size} at once: 99 of 100 at most {worst[-1]:.2f} s late")
    name = f"{size:,} due in the same second on {on}, p99 late, s"
    return Found([at_most(name, statistics.median(worst), 5)], {"p99 late, s": worst})
