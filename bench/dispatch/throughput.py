"""Measure posts per second beside Procrastinate and beside Celery, in turns, in one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench import celery_side, clocks, cost, procrastinate_side
from bench.databases import Kind
from bench.figures import PartResult, at_least, median_ratio, without_target
from bench.setup import Arrival, BenchSetup, say

Side = Callable[[BenchSetup], tuple[Sequence[Arrival], float]]
"""A function that sends all posts; it returns the arrivals, and seconds of processor time."""

CLOCKS = "two clocks on PostgreSQL"
PROCRASTINATE = "two workers of Procrastinate on PostgreSQL"
CELERY = "Celery prefork 2 on Redis"


def measure(setup: BenchSetup, _kind: Kind) -> PartResult:
    """Measure all sides in each round; each round begins with another side."""
    sides = _sides()
    rates: dict[str, list[float]] = {CLOCKS: [], PROCRASTINATE: [], CELERY: []}
    costs: dict[str, list[float]] = {name: [] for name in rates}
    for number in range(setup.runs):
        names = list(sides)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            arrivals, seconds = sides[name](setup)
            rates[name].append(clocks.rate(arrivals))
            costs[name].append(seconds / len(arrivals) * 1000)
            say(f"{name}: {rates[name][-1]:.0f} a second, {costs[name][-1]:.2f} CPU ms per post")
    beside_procrastinate = median_ratio(rates[CLOCKS], rates[PROCRASTINATE])
    beside_celery = median_ratio(rates[CLOCKS], rates[CELERY])
    return PartResult(
        [
            at_least(f"{CLOCKS} ÷ {PROCRASTINATE}", beside_procrastinate, 0.6),
            without_target(f"{CLOCKS} ÷ {CELERY}", beside_celery),
        ],
        {f"{name}, posts per second": values for name, values in rates.items()}
        | {f"{name}, CPU ms per post": values for name, values in costs.items()},
    )


def _sides() -> dict[str, Side]:
    """Return the sides that can be measured here."""
    sides: dict[str, Side] = {CLOCKS: _clocks}
    rivals: dict[str, tuple[str, Side]] = {
        PROCRASTINATE: (procrastinate_side.missing(), _procrastinate),
        CELERY: (celery_side.missing(), _celery),
    }
    for name, (problem, side) in rivals.items():
        if problem:
            say(f"{name}: left out, since {problem}")
        else:
            sides[name] = side
    return sides


def _clocks(setup: BenchSetup) -> tuple[Sequence[Arrival], float]:
    with clocks.running_town(setup, "postgresql", clocks=2) as house:
        pids = [pid for clock in house.clocks for pid in clock.session()]
        before = cost.spent(pids) + setup.databases.spent()
        arrivals = clocks.burst(house).arrivals
        return arrivals, cost.spent(pids) + setup.databases.spent() - before


def _procrastinate(setup: BenchSetup) -> tuple[Sequence[Arrival], float]:
    with procrastinate_side.procrastinate_side(setup) as side:
        return side.burst()


def _celery(setup: BenchSetup) -> tuple[Sequence[Arrival], float]:
    with celery_side.rival(setup) as rival:
        return rival.burst()
