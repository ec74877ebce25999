"""The benchmark runs with twenty deliveries in one round on SQLite; its speed is not checked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import figures
from bench.figures import PartResult, at_least, at_most, exactly, without_target
from tests.support.processes import plain_environment
from tests.support.runs import CHECKOUT

# Its parts start clocks one after another.
pytestmark = [pytest.mark.proof, pytest.mark.timeout(480)]

Figures = list[dict[str, object]]


def measure(folder: Path, *parts: str) -> tuple[Figures, str]:
    """Run these parts of the benchmark as its command does; return the figures and the output."""
    call = [sys.executable, "-m", "bench", "dispatch", "--runs", "1", "--size", "20"]
    call += ["--database", "sqlite", "--out", str(folder)]
    call += [word for part in parts for word in ("--part", part)]
    done = subprocess.run(
        call,
        cwd=CHECKOUT,
        env=plain_environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert (folder / "dispatch.json").exists(), done.stdout + done.stderr
    return json.loads((folder / "dispatch.json").read_text()), done.stdout


def value_of(figures: Figures, label: str) -> object:
    (figure,) = [figure_row for figure_row in figures if label in str(figure_row["figure"])]
    return figure["value"]


def test_a_real_clock_sends_twenty_at_once_and_records_their_lateness(
    tmp_path: Path,
) -> None:
    (figure,), output = measure(tmp_path, "peak")
    assert tuple(figure) == ("figure", "value", "target", "holds")
    assert isinstance(figure["value"], float)
    assert 0 < figure["value"] < 20
    assert f"| {figure['figure']} | {figure['value']:,g} | ≤ 5 |" in output
    behind = json.loads((tmp_path / "dispatch-behind.json").read_text())
    assert len(behind["p99 delay, s"]) == 1


def test_what_is_due_in_a_burst_and_after_an_outage_arrives(tmp_path: Path) -> None:
    figures, output = measure(tmp_path, "accounted")
    for label in ("same moment: sent", "outage: sent"):
        assert value_of(figures, label) == 20
    assert value_of(figures, "default grace, outage: lost") == 20
    assert "| due at the same moment: sent | 20 | 20 | yes |" in output


def test_every_other_part_measures_something(tmp_path: Path) -> None:
    figures, _output = measure(tmp_path, "throughput", "waiting", "idle", "past")
    measured = {str(figure_row["figure"]): figure_row["value"] for figure_row in figures}
    for label in (
        "one clock on SQLite ÷ a bare",
        "64 connections ÷",
        "a single post",
        "claim with",
    ):
        assert isinstance(value_of(figures, label), float), measured
    behind = json.loads((tmp_path / "dispatch-behind.json").read_text())
    assert len(behind["delay of a single post, ms"]) == 20


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
