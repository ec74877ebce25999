"""Measure posts per second beside Celery and beside a bare loop, in turns, in one run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from bench import celery_side, clocks, cost
from bench.databases import Kind
from bench.figures import Found, at_least, median_ratio, told
from bench.ground import Arrival, Ground, say

Side = Callable[[Ground], tuple[Sequence[Arrival], float]]
"""A function that sends all posts; it returns the arrivals, and seconds of processor time."""

CELERY, LOOP = "Celery prefork 2 on Redis", "a bare `requests` loop"
TWO, ONE = "two clocks on PostgreSQL", "one clock on SQLite"


def measure(ground: Ground, kind: Kind) -> Found:
    """Measure all sides in each round; each round begins with another side."""
    sides = dict(_sides(kind))
    rates: dict[str, list[float]] = {CELERY: [], LOOP: [], TWO: [], ONE: []}
    costs: dict[str, list[float]] = {name: [] for name in rates if name != LOOP}
    for number in range(ground.runs):
        names = list(sides)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            arrivals, seconds = sides[name](ground)
            rates[name].append(clocks.rate(arrivals))
            say(f"{name}: {rates[name][-1]:.0f} a second")
            if name in costs:
                costs[name].append(seconds / len(arrivals) * 1000)
                say(f"  {costs[name][-1]:.2f} ms of processor for each")
    return Found(
        [
            at_least(f"{TWO} ÷ {CELERY}", median_ratio(rates[TWO], rates[CELERY]), 0.9),
            at_least(f"{ONE} ÷ {CELERY}", median_ratio(rates[ONE], rates[CELERY]), 0.7),
            told(f"{TWO} ÷ {LOOP}", median_ratio(rates[TWO], rates[LOOP])),
            told(f"{ONE} ÷ {LOOP}", median_ratio(rates[ONE], rates[LOOP])),
        ],
        {f"{name}, posts a second": values for name, values in rates.items()}
        | {f"{name}, ms of processor for each": values for name, values in costs.items()},
    )


def _sides(kind: Kind) -> list[tuple[str, Side]]:
    """Return the sides to measure; without PostgreSQL only those that need no server."""
    problem = celery_side.missing()
    if problem:
        say(f"Celery is left out: {problem}")
    sides = [] if problem else [(CELERY, _celery)]
    sides += [] if kind == "sqlite" else [(TWO, _on_postgresql)]
    return [*sides, (ONE, _on_sqlite), (LOOP, _loop)]


def _celery(ground: Ground) -> tuple[Sequence[Arrival], float]:
    with celery_side.rival(ground) as rival:
        return rival.burst()


def _on_postgresql(ground: Ground) -> tuple[Sequence[Arrival], float]:
    return _press(ground, "postgresql", clocks_count=2)


def _on_sqlite(ground: Ground) -> tuple[Sequence[Arrival], float]:
    return _press(ground, "sqlite", clocks_count=1)


def _press(ground: Ground, kind: Kind, *, clocks_count: int) -> tuple[Sequence[Arrival], float]:
    with clocks.house(ground, kind, clocks=clocks_count) as house:
        pids = [pid for clock in house.clocks for pid in clock.session()]
        before = cost.spent(pids) + ground.databases.spent()
        arrivals = clocks.burst(house).arrivals
        return arrivals, cost.spent(pids) + ground.databases.spent() - before


def _loop(ground: Ground) -> tuple[Sequence[Arrival], float]:
    ground.stand_in.forget()
    call = [sys.executable, "-m", "bench.loop", ground.stand_in.url, str(ground.size)]
    started = ground.start(call)
    ground.stand_in.wait_for(ground.size)
    started.popen.wait(60)
    arrivals = ground.stand_in.arrivals()
    ground.stand_in.forget()
    return arrivals, 0.0
