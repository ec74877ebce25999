"""Measure if claims take longer when very much was published before."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack

from bench import clocks, filling
from bench.clocks import RunningTown
from bench.databases import Kind
from bench.figures import PartResult, at_most
from bench.setup import BenchSetup, say
from publisher.delivery.claim import claim
from publisher.now import now

FEW, MANY = 10_000, 500_000
AT_ONCE = 16
CLAIMS = 100


def measure(setup: BenchSetup, kind: Kind) -> PartResult:
    """Measure claims in turns: with few past deliveries, and with many."""
    few, many = FEW, MANY if setup.size >= FEW // 5 else FEW
    with ExitStack() as stack:
        houses = [
            stack.enter_context(clocks.running_town(setup, kind, clocks=0, at_once=False))
            for _ in range(2)
        ]
        for house, count in zip(houses, (few, many), strict=True):
            filling.fill(house.town, count)
            house.schedule("claimed", [now()] * (AT_ONCE * CLAIMS))
            say(f"{count:,} past deliveries laid")
        times: list[list[float]] = [[], []]
        for _ in range(CLAIMS):
            for house, durations in zip(houses, times, strict=True):
                durations.append(_claim(house) * 1000)
    ratio = statistics.median(times[1]) / statistics.median(times[0])
    say(f"claim: {statistics.median(times[0]):.2f} and {statistics.median(times[1]):.2f} ms")
    return PartResult(
        [at_most(f"claim with {many:,} past deliveries ÷ with {few:,}", ratio, 1.2)],
        {
            f"claim of {AT_ONCE} with {few:,} past deliveries, ms": times[0],
            f"claim of {AT_ONCE} with {many:,} past deliveries, ms": times[1],
        },
    )


def _claim(house: RunningTown) -> float:
    context = house.worker_context()
    began = time.perf_counter()
    claimed = claim(context, account_id=house.town.account_id, most=AT_ONCE)
    ended = time.perf_counter()
    if len(claimed) != AT_ONCE:
        raise RuntimeError(f"{len(claimed)} claimed")
    return ended - began
