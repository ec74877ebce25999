"""Measure a platform that responds after 200 ms: the throughput, and the gain of two clocks."""

from __future__ import annotations

from bench import clocks
from bench.databases import Kind
from bench.figures import PartResult, at_least, median_ratio
from bench.setup import BenchSetup, say

PATIENCE = 0.2
MANY, FEW = 64, 16


def measure(setup: BenchSetup, kind: Kind) -> PartResult:
    """Measure one clock with many connections, one with few, and two with few, in turns."""
    many: list[float] = []
    one_clock: list[float] = []
    two: list[float] = []
    for _ in range(setup.runs):
        many.append(_rate(setup, kind, count=1, connections=MANY))
        one_clock.append(_rate(setup, kind, count=1, connections=FEW))
        if kind == "postgresql":
            two.append(_rate(setup, kind, count=2, connections=FEW))
    best = [MANY / PATIENCE] * len(many)
    return PartResult(
        [
            at_least(
                "responses after 200 ms, 64 connections ÷ (64 ÷ 0.2 s)",
                median_ratio(many, best),
                0.7,
            ),
            at_least(
                "two clocks ÷ one, responses after 200 ms, 16 connections each",
                median_ratio(two, one_clock),
                1.8,
            ),
        ],
        {
            "responses after 200 ms, one clock, 64 connections, posts per second": many,
            "responses after 200 ms, one clock, 16 connections, posts per second": one_clock,
            "responses after 200 ms, two clocks, 16 connections each, posts per second": two,
        },
    )


def _rate(setup: BenchSetup, kind: Kind, *, count: int, connections: int) -> float:
    with clocks.running_town(setup, kind, clocks=count, connections=connections) as house:
        setup.stand_in.answer_after(PATIENCE)
        rate = clocks.rate(clocks.burst(house).arrivals)
    say(f"{count} with {connections} connections: {rate:.0f} a second")
    return rate
