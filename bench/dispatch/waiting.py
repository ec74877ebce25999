"""Measure a platform that responds after 200 ms: the throughput, and the gain of two clocks."""

from __future__ import annotations

from bench import clocks
from bench.databases import Kind
from bench.figures import Found, at_least, median_ratio
from bench.ground import Ground, say

PATIENCE = 0.2
MANY, FEW = 64, 16


def measure(ground: Ground, kind: Kind) -> Found:
    """Measure one clock with many connections, one with few, and two with few, in turns."""
    many: list[float] = []
    one_clock: list[float] = []
    two: list[float] = []
    for _ in range(ground.runs):
        many.append(_rate(ground, kind, count=1, connections=MANY))
        one_clock.append(_rate(ground, kind, count=1, connections=FEW))
        if kind == "postgresql":
            two.append(_rate(ground, kind, count=2, connections=FEW))
    best = [MANY / PATIENCE] * len(many)
    return Found(
        [
            at_least(
                "200 ms answers, 64 connections ÷ (64 ÷ 0.2 s)", median_ratio(many, best), 0.9
            ),
            at_least(
                "two clocks ÷ one, 200 ms answers, 16 connections each",
                median_ratio(two, one_clock),
                1.8,
            ),
        ],
        {
            "200 ms answers, one clock, 64 connections, posts a second": many,
            "200 ms answers, one clock, 16 connections, posts a second": one_clock,
            "200 ms answers, two clocks, 16 connections each, posts a second": two,
        },
    )


def _rate(ground: Ground, kind: Kind, *, count: int, connections: int) -> float:
    with clocks.house(ground, kind, clocks=count, connections=connections) as house:
        ground.stand_in.answer_after(PATIENCE)
        rate = clocks.rate(clocks.burst(house).arrivals)
    say(f"{count} with {connections} connections: {rate:.0f} a second")
    return rate
