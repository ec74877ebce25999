"""Measure the processor time of a clock that has nothing to send, on both databases."""

from __future__ import annotations

import statistics
import time

from bench import clocks, cost
from bench.databases import Kind
from bench.figures import PartResult, at_most
from bench.setup import BenchSetup, say

SECONDS_PER_DELIVERY = 0.015
"""The length of a round is that of 2,000 deliveries by this: half a minute."""

POSTGRESQL, SQLITE = "an idle clock on PostgreSQL", "an idle clock on SQLite"
SERVER = "PostgreSQL beside an idle clock"


def measure(setup: BenchSetup, _kind: Kind) -> PartResult:
    """Measure an idle clock on each database, both over the same time; nothing else runs.

    The value is the mean of all rounds, so that what a clock does rarely counts too.
    """
    shares: dict[str, list[float]] = {POSTGRESQL: [], SQLITE: [], SERVER: []}
    seconds = setup.size * SECONDS_PER_DELIVERY
    with (
        clocks.running_town(setup, "postgresql", clocks=1) as on_postgresql,
        clocks.running_town(setup, "sqlite", clocks=1) as on_sqlite,
    ):
        for _ in range(setup.runs):
            before, began = _spent(setup, on_postgresql, on_sqlite), time.monotonic()
            time.sleep(seconds)
            passed, after = time.monotonic() - began, _spent(setup, on_postgresql, on_sqlite)
            for name, values in shares.items():
                values.append((after[name] - before[name]) / passed * 100)
                say(f"{name}: {values[-1]:.2f} % of one core")
    return PartResult(
        [
            at_most(f"{name}, % of one core", statistics.fmean(shares[name]), 2.5)
            for name in (POSTGRESQL, SQLITE)
        ],
        {f"{name}, % of one core": values for name, values in shares.items()},
    )


def _spent(
    setup: BenchSetup, on_postgresql: clocks.RunningTown, on_sqlite: clocks.RunningTown
) -> dict[str, float]:
    """Return the seconds of processor time so far, of each clock and of the server."""
    return {
        POSTGRESQL: _of_clocks(on_postgresql),
        SQLITE: _of_clocks(on_sqlite),
        SERVER: setup.databases.spent(),
    }


def _of_clocks(town: clocks.RunningTown) -> float:
    return cost.spent(pid for clock in town.clocks for pid in clock.session())
