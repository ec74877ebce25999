"""The ceilings: read, compared with what is measured, and rewritten, only ever downward."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.figures.figure import Figure, Measurement, Tree
from tools.figures.names import private_words_by_package
from tools.figures.table import FIGURES

FILE = Path(__file__).resolve().parent.parent / "ceilings.toml"
HEAD = """\
# The ceiling of each figure of `make figures`, under [core_seconds] what `make test`, `make ci` and
# `make proof` may cost, and under [private_words] how many variables of each package may be private
# words. Ceilings only fall: `make figures LOWER=1` rewrites this file.
"""
LOOSE = 5
"""A package's ceiling need not be lowered for fewer names than these."""


@dataclass(frozen=True)
class Ceilings:
    """By key of a figure, by package for private words, and by target of the Makefile."""

    figures: dict[str, float]
    packages: dict[str, int]
    core_seconds: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """All measurements of a tree, and the number of private words of each package."""

    figures: dict[str, Measurement]
    packages: dict[str, int]


def measure(tree: Tree, figures: Iterable[Figure] = FIGURES) -> Report:
    """Measure every figure of a tree."""
    measured = {figure.key: figure.measure(tree) for figure in figures}
    return Report(measured, private_words_by_package(tree))


def load(file: Path = FILE) -> Ceilings:
    """Read the ceilings of this checkout."""
    tables = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    return Ceilings(
        tables.get("ceilings", {}), tables.get("private_words", {}), tables.get("core_seconds", {})
    )


def write(ceilings: Ceilings, file: Path = FILE) -> None:
    """Rewrite the file; `load` reads the same back."""
    lines = [HEAD, "[ceilings]", *(f"{key} = {n:g}" for key, n in ceilings.figures.items())]
    lines += ["", "[core_seconds]", *(f"{key} = {n}" for key, n in ceilings.core_seconds.items())]
    lines += ["", "[private_words]", *(f'"{key}" = {n}' for key, n in ceilings.packages.items())]
    file.write_text("\n".join(lines) + "\n", "utf-8")


def lower(report: Report, ceilings: Ceilings, *, moved: bool = False) -> Ceilings:
    """Lower each ceiling to what is measured, and add what has none yet.

    With `moved`, packages are counted afresh, so that a file may take its names along into
    another package, as long as the sum of all does not rise.
    """
    figures = {
        figure.key: figure.lowered(
            report.figures[figure.key].amount, ceilings.figures.get(figure.key)
        )
        for figure in FIGURES
        if figure.has_ceiling
    }
    packages = report.packages
    if not moved or sum(packages.values()) > sum(ceilings.packages.values()):
        packages = {
            name: min(number, ceilings.packages.get(name, number))
            for name, number in packages.items()
        }
    return Ceilings(figures, packages, ceilings.core_seconds)


def too_high(report: Report, ceilings: Ceilings) -> list[str]:
    """A sentence for each figure that is beyond its ceiling, saying what to do instead."""
    sentences = [
        f"{figure.label}: {figure.show(amount)}, and the ceiling is {figure.show(ceiling)}: "
        f"{figure.advice} (`make figures WHERE={figure.key}` lists them)"
        for figure, amount, ceiling in _compared(report, ceilings)
        if not figure.is_within(amount, ceiling)
    ]
    return sentences + [
        f"{package} has {number} variables called one, found, said …, and may have {ceiling}: "
        "name a value by its noun (`make figures WHERE=private_words` lists them)"
        for package, number in report.packages.items()
        if number > (ceiling := ceilings.packages.get(package, number))
    ]


def too_loose(report: Report, ceilings: Ceilings) -> list[str]:
    """A sentence for each ceiling that is missing, or far above what is measured."""
    call = "by `make figures LOWER=1`"
    missing = [f.key for f in FIGURES if f.has_ceiling and f.key not in ceilings.figures]
    missing += [package for package in report.packages if package not in ceilings.packages]
    sentences = [f"{name} has no ceiling: set it {call}" for name in missing]
    gone = ceilings.packages.keys() - report.packages.keys()
    sentences += [f"{name} is no package any more: drop its ceiling {call}" for name in gone]
    lowered = lower(report, ceilings)
    sentences += [
        f"{figure.label}: lower the ceiling to {figure.show(lowered.figures[figure.key])} {call}"
        for figure, amount, ceiling in _compared(report, ceilings)
        if figure.is_loose(amount, ceiling)
    ]
    return sentences + _loose_packages(report.packages, ceilings.packages, call)


def _loose_packages(
    measured: Mapping[str, int], ceilings: Mapping[str, int], call: str
) -> list[str]:
    return [
        f"private words in {package}: lower the ceiling to {number} {call}"
        for package, number in measured.items()
        if ceilings.get(package, 0) - number > max(LOOSE, ceilings.get(package, 0) // 10)
    ]


def _compared(report: Report, ceilings: Ceilings) -> list[tuple[Figure, float, float]]:
    return [
        (figure, report.figures[figure.key].amount, ceilings.figures[figure.key])
        for figure in FIGURES
        if figure.has_ceiling and figure.key in ceilings.figures
    ]
