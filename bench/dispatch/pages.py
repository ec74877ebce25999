"""Measure the processor time of pages, beside the same pages as they were before.

Each side runs in processes of its own, on its own copy of the same database.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bench import city_pages
from bench.databases import Kind
from bench.figures import Figure, PartResult, at_most, median_ratio
from bench.setup import BenchSetup, run_to_end, say
from tests.support.processes import RunningCommand
from tests.support.runs import CHECKOUT

BASE_COMMIT = "a7d14071471d5b0d0cae1fe3e6196b930ebeec38"
"""The last commit before a page was read in one session."""

PAGES = (city_pages.TODAY, city_pages.REVIEW, city_pages.COMMENT)
PER_TIME = 20
"""Deliveries in a round for each time that a page is opened in a round: 100 times for 2,000."""

Durations = dict[str, list[float]]
"""Milliseconds of processor time by page, one for each round."""


def measure(setup: BenchSetup, _kind: Kind, *, commit: str = BASE_COMMIT) -> PartResult:
    """Open the pages in turns with the code of the base commit and of this checkout."""
    base = base_checkout(setup.folder / "base", commit)
    before: Durations = {page: [] for page in PAGES}
    now: Durations = {page: [] for page in PAGES}
    if base is None:
        say(f"pages: left out, since {commit[:7]} is not in this clone")
    else:
        _measure_rounds(setup, base, before, now)
    raw = {f"{page}, CPU ms at {BASE_COMMIT[:7]}": before[page] for page in PAGES}
    raw |= {f"{page}, CPU ms now": now[page] for page in PAGES}
    return PartResult([_figure(page, before, now) for page in PAGES], raw)


def _figure(page: str, before: Durations, now: Durations) -> Figure:
    ratio = median_ratio(now[page], before[page])
    return at_most(f"{page}: processor now ÷ at {BASE_COMMIT[:7]}", ratio, 0.6)


def base_checkout(folder: Path, commit: str) -> Path | None:
    """Write the files of the base commit into a new folder; None if it is not in this clone."""
    git, archive = shutil.which("git"), folder.with_suffix(".zip")
    if git is None:
        return None
    call = [git, "archive", "--format=zip", f"--output={archive}", commit]
    if subprocess.run(call, cwd=CHECKOUT, check=False, capture_output=True).returncode:
        return None
    shutil.unpack_archive(archive, folder)
    return folder


def _measure_rounds(setup: BenchSetup, base: Path, before: Durations, now: Durations) -> None:
    """Fill a city with the code of the base commit, and open its pages on both sides."""
    run_to_end(_start(setup, base, "-m", "tools.build_assets"))
    city_of_base, city_of_now = setup.folder / "city-before", setup.folder / "city-now"
    city_of_base.mkdir()
    run_to_end(_run_city(setup, base, "fill", city_of_base))
    shutil.copytree(city_of_base, city_of_now)
    sides = [(base, city_of_base, before), (CHECKOUT, city_of_now, now)]
    for _ in range(setup.runs):
        for checkout, city, durations in sides:
            for page, milliseconds in _open(setup, checkout, city).items():
                durations[page].append(milliseconds)
        sides.reverse()
        for page in PAGES:
            say(f"{page}: {before[page][-1]:.1f} and now {now[page][-1]:.1f} CPU ms")


def _open(setup: BenchSetup, checkout: Path, city: Path) -> Mapping[str, float]:
    times = max(1, setup.size // PER_TIME)
    output = run_to_end(_run_city(setup, checkout, "open", city, str(times)))
    durations: Mapping[str, float] = json.loads(output.splitlines()[-1])
    return durations


def _run_city(setup: BenchSetup, checkout: Path, *arguments: str | Path) -> RunningCommand:
    return _start(setup, checkout, Path(city_pages.__file__), *arguments)


def _start(setup: BenchSetup, checkout: Path, *arguments: str | Path) -> RunningCommand:
    """Start Python with the packages of a checkout, and none from the script's own folder."""
    return setup.start(
        [sys.executable, "-P", *arguments],
        environment={"PYTHONPATH": str(checkout)},
        cwd=checkout,
    )
