"""How fast deliveries are sent, how late, and if all of them are sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.databases import Kind
from bench.dispatch import accounted, past, punctual, throughput, waiting
from bench.figures import Found
from bench.ground import Ground

Measure = Callable[[Ground, Kind], Found]

PARTS: Mapping[str, Measure] = {
    "throughput": throughput.measure,
    "waiting": waiting.measure,
    "accounted": accounted.measure,
    "idle": punctual.measure_idle,
    "peak": punctual.measure_peak,
    "past": past.measure,
}
"""The parts of the bench by the name that `FIGURE` takes; the second argument is the database of
what is measured on one alone."""
