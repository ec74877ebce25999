"""Helpers that let the tests of this folder fail with sentences."""

from __future__ import annotations

from collections.abc import Iterable

from tools.figures.ceilings import Ceilings, measure, too_high
from tools.figures.figure import Tree
from tools.source import Source


def expect_none(complaints: Iterable[str]) -> None:
    """Fail with every complaint on a line of its own."""
    lines = sorted(complaints)
    assert not lines, "\n".join(["", *lines])


def complaints_of(
    key: str, product: list[Source], *, tests: list[Source] | None = None, ceiling: float = 0
) -> list[str]:
    """Return the sentences about a figure of an invented tree that exceeds this ceiling."""
    report = measure(Tree(product, tests or []))
    return too_high(report, Ceilings({key: ceiling}, {}))
