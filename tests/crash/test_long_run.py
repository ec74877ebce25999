"""The long run can be stopped and killed, goes on where it was, and writes its table."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.counting import BEGIN, END, Kept, Tally
from tests.crash.judging import Judgement
from tests.support.processes import Started, Starter
from tests.support.runs import REGISTRY, Run, wait_until

ROUND = Tally(
    kills=80, at_work=50, seconds=90.0, found=Judgement(posts=1_480, published=1_478, held=2)
)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """Nothing counted yet, and a page that waits for its table."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    return Kept(tmp_path / "kept", page)


def test_rounds_are_summed_and_a_line_that_was_cut_short_is_none(kept: Kept) -> None:
    kept.add("sqlite", ROUND)
    kept.add("sqlite", ROUND)
    with (kept.folder / "sqlite.jsonl").open("a") as lines:
        lines.write('{"kills": 80, "at_')
    assert kept.counted("sqlite") == ROUND + ROUND
    assert kept.counted("postgresql") == Tally()
    assert kept.share("sqlite") == 160 / 300


def test_the_table_stands_between_its_marks_and_nothing_else_changes(kept: Kept) -> None:
    kept.add("sqlite", ROUND)
    kept.write_table()
    kept.write_table()
    lines = kept.page.read_text().splitlines()
    assert (lines[0], lines[1], lines[-2], lines[-1]) == ("before", BEGIN, END, "after")
    assert len(lines) == 8
    assert lines[5].startswith("| sqlite | 80 | 50 | 0 | 0 | 0 | 0 | 1,480 | 1,478 |")


@dataclass
class Long:
    """Starts the long run, on SQLite alone, as often as it is wanted."""

    start: Starter
    kept: Kept
    registry: Path

    def begin(self) -> Started:
        """Start it, and wait until it kills clocks."""
        call = [sys.executable, "-m", "tests.crash", "--only", "sqlite"]
        call += ["--kept", str(self.kept.folder), "--docs", str(self.kept.page)]
        old = self._clocks()
        began = self.start(call, environment={REGISTRY: str(self.registry)})
        if not wait_until(lambda: len(self._clocks() - old) > 3, within=120):
            raise AssertionError(began.said())
        return began

    def _clocks(self) -> set[Path]:
        return set(self.registry.glob("*/*/clock-*.txt"))


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_the_long_run_ends_when_asked_and_goes_on_after_a_kill(
    start: Starter, run: Run, kept: Kept, tmp_path: Path
) -> None:
    registry = run.folder / tmp_path.name
    registry.mkdir()
    long = Long(start, kept, registry)
    assert long.begin().stop(signal.SIGINT, within=200) == 0
    first = kept.counted("sqlite")
    assert first.kills > 0
    assert first.found.is_clean

    long.begin().kill()
    assert kept.counted("sqlite") == first
    (left,) = registry.iterdir()

    assert long.begin().stop(signal.SIGTERM, within=200) == 0
    assert not left.exists(), "what the kill left is ended by the next"
    assert kept.counted("sqlite").kills > first.kills
    assert f"| sqlite | {kept.counted('sqlite').kills} |" in kept.page.read_text()
