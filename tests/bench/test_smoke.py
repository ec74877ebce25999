"""The benchmark runs with twenty deliveries in one round; its speed is not checked."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import text

from bench import celery_side, machines, procrastinate_side
from bench.dispatch import pages
from bench.setup import bench_setup
from tests.support import dovecot
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


def behind(folder: Path) -> dict[str, list[float]]:
    """Return the measurements behind the figures."""
    measurements: dict[str, list[float]] = json.loads((folder / "dispatch-behind.json").read_text())
    return measurements


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
    assert f"| {figure['figure']} | {figure['value']:,g} | < 5 |" in output
    assert len(behind(tmp_path)["p99 delay, s"]) == 1


def test_what_is_due_in_a_burst_and_after_an_outage_arrives(tmp_path: Path) -> None:
    figures, output = measure(tmp_path, "accounted")
    for label in ("same moment: sent", "outage: sent"):
        assert value_of(figures, label) == 20
    assert "| due at the same moment: sent | 20 | 20 | yes |" in output


def test_the_other_parts_about_deliveries_measure_something(tmp_path: Path) -> None:
    figures, _output = measure(tmp_path, "waiting", "idle", "past")
    for label in ("64 connections ÷", "a single post", "claim with"):
        assert isinstance(value_of(figures, label), float), figures
    assert len(behind(tmp_path)["delay of a single post, ms"]) == 20


def test_clocks_are_compared_with_each_side_that_is_installed(tmp_path: Path) -> None:
    figures, output = measure(tmp_path, "throughput")
    assert len(behind(tmp_path)["two clocks on PostgreSQL, posts per second"]) == 1
    for label, problem in (
        ("÷ two workers of Procrastinate", procrastinate_side.missing()),
        ("÷ Celery", celery_side.missing()),
    ):
        if problem:
            assert value_of(figures, label) is None
            assert f"left out, since {problem}" in output
        else:
            assert isinstance(value_of(figures, label), float)


def test_an_idle_clock_is_measured_on_both_databases(tmp_path: Path) -> None:
    figures, _output = measure(tmp_path, "quiet")
    for label in ("an idle clock on PostgreSQL", "an idle clock on SQLite"):
        assert isinstance(value_of(figures, label), float)
        assert len(behind(tmp_path)[f"{label}, % of one core"]) == 1


def test_pages_are_measured_if_the_base_commit_is_in_the_clone(tmp_path: Path) -> None:
    is_here = pages.base_checkout(tmp_path / "base", pages.BASE_COMMIT) is not None
    figures, _output = measure(tmp_path, "pages")
    for page in pages.PAGES:
        assert isinstance(value_of(figures, page), float) == is_here
        assert len(behind(tmp_path)[f"{page}, CPU ms now"]) == int(is_here)


@pytest.mark.skipif(bool(dovecot.missing()), reason=dovecot.missing())
def test_a_mailbox_is_read_beside_the_bare_parser(tmp_path: Path) -> None:
    call = [sys.executable, "-m", "bench", "mail", "--size", "5", "--out", str(tmp_path)]
    done = subprocess.run(
        call, cwd=CHECKOUT, env=plain_environment(), check=False, capture_output=True, text=True
    )
    assert (tmp_path / "mail.json").exists(), done.stdout + done.stderr
    figures = json.loads((tmp_path / "mail.json").read_text())
    assert value_of(figures, "% that became submissions") == 100
    assert value_of(figures, "refused unread") == 1
    assert isinstance(value_of(figures, "reading them ÷ parsing them bare"), float)


def test_photos_are_made_ready_beside_pyvips_if_it_is_installed(tmp_path: Path) -> None:
    call = [sys.executable, "-m", "bench", "pictures", "--runs", "1", "--out", str(tmp_path)]
    done = subprocess.run(
        call, cwd=CHECKOUT, env=plain_environment(), check=False, capture_output=True, text=True
    )
    assert (tmp_path / "pictures.json").exists(), done.stdout + done.stderr
    figures = json.loads((tmp_path / "pictures.json").read_text())
    assert isinstance(value_of(figures, "for both platforms, s"), float)
    is_here = find_spec("pyvips") is not None
    assert isinstance(value_of(figures, "÷ the same by pyvips"), float) == is_here


def test_the_rows_of_a_post_are_counted_on_a_server_that_counts_statements() -> None:
    with bench_setup(rounds=1, size=20, counts_statements=True) as setup:
        part = machines.measure_rows(setup, posts=2)
        with setup.databases.new("postgresql") as database:
            before = setup.databases.statement_count(database)
            with database.reading() as session:
                session.execute(text("SELECT 1"))
            assert setup.databases.statement_count(database) > before
    assert part.raw_values["rows of renditions per post"] == [2]
    assert part.raw_values["rows of receipts per post"] == [2]
