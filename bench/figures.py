"""A figure, its target, and how both are stored."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from publisher.now import now
from tests.support.runs import CHECKOUT

DOCS = CHECKOUT / "docs"
PAGE, SCALING = DOCS / "performance.md", DOCS / "scaling.md"
END = "<!-- its end -->"


@dataclass(frozen=True)
class Figure:
    """A measured figure: `holds` is true if it meets its target; None if it has none."""

    figure: str
    value: float | None
    target: str | None
    holds: bool | None


@dataclass(frozen=True)
class PartResult:
    """The figures of one part of the benchmark, and the raw numbers behind them."""

    figures: Sequence[Figure]
    raw_values: Mapping[str, Sequence[float]]


def at_least(figure: str, value: float | None, target: float) -> Figure:
    """Return a figure that has to reach a target."""
    holds = None if value is None else value >= target
    return Figure(figure, _short(value), f"≥ {target:g}", holds)


def at_most(figure: str, value: float | None, target: float, unit: str = "") -> Figure:
    """Return a figure that must not exceed a target."""
    holds = None if value is None else value <= target
    return Figure(figure, _short(value), f"≤ {target:g}{unit}", holds)


def below(figure: str, value: float, target: float) -> Figure:
    """Return a figure that has to be less than a target."""
    return Figure(figure, _short(value), f"< {target:g}", value < target)


def exactly(figure: str, value: float, target: float) -> Figure:
    """Return a figure that has to have this very value."""
    return Figure(figure, value, f"{target:g}", value == target)


def without_target(figure: str, value: float | None) -> Figure:
    """Return a figure without a target."""
    return Figure(figure, _short(value), None, None)


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def percentile(values: Sequence[float], part: float) -> float:
    """Return the percentile of the values (`part` from 0 to 1)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def median_ratio(over: Sequence[float], under: Sequence[float]) -> float | None:
    """Return the median of the ratios by round; None if a side was not measured."""
    ratios = [over_value / other for over_value, other in zip(over, under, strict=False)]
    return statistics.median(ratios) if ratios else None


def write(folder: Path, name: str, results: Sequence[PartResult]) -> None:
    """Write the figures and the raw numbers as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = [asdict(figure) for part in results for figure in part.figures]
    behind = {key: values for part in results for key, values in part.raw_values.items()}
    for suffix, content in (("", figures), ("-behind", behind)):
        text = json.dumps(content, ensure_ascii=False, indent=1)
        (folder / f"{name}{suffix}.json").write_text(text + "\n")


def write_page(name: str, results: Sequence[PartResult], *, extent: str) -> None:
    """Write the tables into the page, between the marks of the benchmark of this name."""
    begin = f"<!-- what was measured: {name} -->"
    page = SCALING if name == "machines" else PAGE
    before, _, rest = page.read_text().partition(begin)
    _, _, after = rest.partition(END)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        begin,
        f"Measured on {now():%d.%m.%Y} by `make bench ONLY={name}`, {extent} on {machine}.",
        "",
        *table(results),
        "",
        *_raw_table(results),
        END,
    ]
    page.write_text(before + "\n".join(lines) + after)


def table(results: Sequence[PartResult]) -> list[str]:
    """Return the figures as lines of a table."""
    rows = ["| figure | value | target | holds |", "|---|---|---|---|"]
    verdicts = {True: "yes", False: "**no**", None: "–"}
    for part in results:
        for figure in part.figures:
            value = "not measured" if figure.value is None else f"{figure.value:,g}"
            rows.append(
                f"| {figure.figure} | {value} | {figure.target or '–'} | {verdicts[figure.holds]} |"
            )
    return rows


def _raw_table(results: Sequence[PartResult]) -> list[str]:
    rows = ["| measurement | median | min | max |", "|---|---|---|---|"]
    for part in results:
        for name, values in part.raw_values.items():
            if values:
                numbers = (statistics.median(values), min(values), max(values))
                rows.append(
                    f"| {name} | " + " | ".join(f"{number:,.4g}" for number in numbers) + " |"
                )
    return rows
