"""What a figure says of its target, and what a table says of a figure."""

from __future__ import annotations

from bench import figures
from bench.figures import PartResult, at_least, at_most, exactly, without_target


def test_a_figure_says_whether_it_keeps_its_target() -> None:
    assert [at_least("a", value, 0.9).holds for value in (0.9, 0.89, None)] == [True, False, None]
    assert [at_most("a", value, 50).holds for value in (50, 50.1)] == [True, False]
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
