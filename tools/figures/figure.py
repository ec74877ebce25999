"""A figure: how it is measured, where it should get to, and what to do when it rises."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.source import Source, product, python_files


@dataclass(frozen=True)
class Tree:
    """The source that is measured: the product, and the tests with the benches."""

    product: list[Source] = field(default_factory=list)
    tests: list[Source] = field(default_factory=list)

    def without(self, *packages: str) -> list[Source]:
        """The product without the packages of these names, at any depth."""
        return [s for s in self.product if not set(packages) & set(s.module.split("."))]


@dataclass(frozen=True)
class Measurement:
    """An amount, and a line for each place that was counted."""

    amount: float
    places: list[str] = field(default_factory=list)


def count(places: list[str]) -> Measurement:
    """A measurement that is the number of its places."""
    return Measurement(len(places), places)


@dataclass(frozen=True)
class Figure:
    """`advice` ends the sentence "… is above its ceiling: "."""

    key: str
    label: str
    measure: Callable[[Tree], Measurement]
    advice: str
    goal: float | None = None
    unit: str = ""
    at_least: bool = False
    # A share rises when well-named code is deleted, and a median moves with every file: their
    # ceilings are whole percentages and tens.
    step: int = 1
    has_ceiling: bool = True

    def is_within(self, amount: float, ceiling: float) -> bool:
        """True if the amount is not beyond its ceiling (or below its floor)."""
        return amount >= ceiling if self.at_least else amount <= ceiling

    def lowered(self, amount: float, ceiling: float | None) -> float:
        """The strictest ceiling this amount allows: never laxer than now, never past the goal."""
        strictest, laxest = (min, max) if self.at_least else (max, min)
        steps = amount / self.step
        amount = self.step * (math.floor(steps) if self.at_least else math.ceil(steps))
        reached = amount if self.goal is None else strictest(amount, self.goal)
        return reached if ceiling is None else laxest(reached, ceiling)

    def is_loose(self, amount: float, ceiling: float) -> bool:
        """True if the ceiling could be stricter by more than a tenth."""
        return abs(ceiling - self.lowered(amount, ceiling)) > ceiling // 10

    def show(self, amount: float | None) -> str:
        """The amount with its unit, for people."""
        return "" if amount is None else f"{amount:g}{self.unit}"


def checkout() -> Tree:
    """The source of this checkout."""
    return Tree(product(), python_files("tests", "bench"))
