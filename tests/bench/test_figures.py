"""What a figure says, and what a part says about a side that cannot be measured."""

from __future__ import annotations

from pathlib import Path

from bench import figures
from bench.databases import Databases
from bench.dispatch import pages
from bench.figures import PartResult, at_least, at_most, below, exactly, without_target
from bench.setup import BenchSetup, StandIn
from tests.support.processes import Starter
from tests.support.runs import Run


def test_a_figure_says_whether_it_keeps_its_target() -> None:
    assert [at_least("a", value, 0.9).holds for value in (0.9, 0.89, None)] == [True, False, None]
    assert [at_most("a", value, 50).holds for value in (50, 50.1)] == [True, False]
    assert [below("a", value, 5).holds for value in (4.9, 5)] == [True, False]
    assert [exactly("a", value, 20).holds for value in (20, 19)] == [True, False]
    assert without_target("a", 1.23456).value == 1.235


def test_the_ratio_is_the_median_of_rounds_or_none_if_a_side_is_missing() -> None:
    assert figures.median_ratio([10, 30, 20], [10, 10, 10]) == 2
    assert figures.median_ratio([10, 30, 20], []) is None
    assert figures.percentile([*range(100)], 0.95) == 95


def test_the_table_names_what_was_not_measured_and_what_misses_its_target() -> None:
    part = PartResult(
        [at_least("a", None, 0.9), at_least("b", 0.5, 0.9), without_target("c", 2)], {}
    )
    assert figures.table([part])[2:] == [
        "| a | not measured | ≥ 0.9 | – |",
        "| b | 0.5 | ≥ 0.9 | **no** |",
        "| c | 2 | – | – |",
    ]


def test_pages_are_not_measured_in_a_clone_without_the_base_commit(tmp_path: Path) -> None:
    run = Run(tmp_path)
    setup = BenchSetup(run, Starter(tmp_path), Databases(run), StandIn(""), 1, 20)
    part = pages.measure(setup, "sqlite", commit="0" * 40)
    assert [figure.value for figure in part.figures] == [None, None, None]
    assert [figure.holds for figure in part.figures] == [None, None, None]
    assert all(figure.target == "≤ 0.6" for figure in part.figures)
