"""How fast deliveries are sent, how late, and if all are sent; what a clock and a page cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.databases import Kind
from bench.dispatch import accounted, pages, past, punctual, quiet, throughput, waiting
from bench.figures import PartResult
from bench.setup import BenchSetup

Measure = Callable[[BenchSetup, Kind], PartResult]

PARTS: Mapping[str, Measure] = {
    "throughput": throughput.measure,
    "waiting": waiting.measure,
    "accounted": accounted.measure,
    "idle": punctual.measure_idle,
    "peak": punctual.measure_peak,
    "past": past.measure,
    "quiet": quiet.measure,
    "pages": pages.measure,
}
"""The parts of the benchmark by the name that `--part` takes.

The second argument is the database of the parts that are measured on one database only."""
