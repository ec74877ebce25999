"""Measure posts per second beside Celery and beside a bare loop, in turns, in one run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from bench import celery_side, clocks, cost
from bench.databases import Kind
from bench.figures import PartResult, at_least, median_ratio, without_target
from bench.setup import Arrival, BenchSetup, say

Side = Callable[[BenchSetup], tuple[Sequence[Arrival], float]]
"""A function that sends all posts; it returns the arrivals, and seconds of processor time."""

CELERY, LOOP = "Celery prefork 2 on Redis", "a bare `requests` loop"
TWO, ONE = "two clocks on PostgreSQL", "one clock on SQLite"


def measure(setup: BenchSetup, kind: Kind) -> PartResult:
    """Measure all sides in each round; each round begins with another side."""
    sides = dict(_sides(kind))
    rates: dict[str, list[float]] = {CELERY: [], LOOP: [], TWO: [], ONE: []}
    costs: dict[str, list[float]] = {name: [] for name in rates if name != LOOP}
    for number in range(setup.runs):
        names = list(sides)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            arrivals, seconds = sides[name](setup)
            rates[name].append(clocks.rate(arrivals))
            say(f"{name}: {rates[name][-1]:.0f} a second")
            if name in costs:
                costs[name].append(seconds / len(arrivals) * 1000)
                say(f"  {costs[name][-1]:.2f} CPU ms per post")
    return PartResult(
        [
            at_least(f"{TWO} ÷ {CELERY}", median_ratio(rates[TWO], rates[CELERY]), 0.9),
            at_least(f"{ONE} ÷ {CELERY}", median_ratio(rates[ONE], rates[CELERY]), 0.7),
            without_target(f"{TWO} ÷ {LOOP}", median_ratio(rates[TWO], rates[LOOP])),
            without_target(f"{ONE} ÷ {LOOP}", median_ratio(rates[ONE], rates[LOOP])),
        ],
        {f"{name}, posts per second": values for name, values in rates.items()}
        | {f"{name}, CPU ms per post": values for name, values in costs.items()},
    )


def _sides(kind: Kind) -> list[tuple[str, Side]]:
    """Return the sides to measure; without PostgreSQL only those that need no server."""
    problem = celery_side.missing()
    if problem:
        say(f"Celery is left out: {problem}")
    sides = [] if problem else [(CELERY, _celery)]
    sides += [] if kind == "sqlite" else [(TWO, _on_postgresql)]
    return [*sides, (ONE, _on_sqlite), (LOOP, _loop)]


def _celery(setup: BenchSetup) -> tuple[Sequence[Arrival], float]:
    with celery_side.rival(setup) as rival:
        return rival.burst()


def _on_postgresql(setup: BenchSetup) -> tuple[Sequence[Arrival], float]:
    return _press(setup, "postgresql", clocks_count=2)


def _on_sqlite(setup: BenchSetup) -> tuple[Sequence[Arrival], float]:
    return _press(setup, "sqlite", clocks_count=1)


def _press(setup: BenchSetup, kind: Kind, *, clocks_count: int) -> tuple[Sequence[Arrival], float]:
    with clocks.running_town(setup, kind, clocks=clocks_count) as house:
        pids = [pid for clock in house.clocks for pid in clock.session()]
        before = cost.spent(pids) + setup.databases.spent()
        arrivals = clocks.burst(house).arrivals
        return arrivals, cost.spent(pids) + setup.databases.spent() - before


def _loop(setup: BenchSetup) -> tuple[Sequence[Arrival], float]:
    setup.stand_in.forget()
    call = [sys.executable, "-m", "bench.loop", setup.stand_in.url, str(setup.size)]
    started = setup.start(call)
    setup.stand_in.wait_for(setup.size)
    started.popen.wait(60)
    arrivals = setup.stand_in.arrivals()
    setup.stand_in.forget()
    return arrivals, 0.0
