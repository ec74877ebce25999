"""Prints the ten slowest test files at the end of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter

import pytest
from _pytest.terminal import TerminalReporter

SLOWEST = 10


def seconds_by_file(reports: Iterable[pytest.TestReport]) -> dict[str, float]:
    """Sum up how long the tests of each file took, with set-up and teardown, slowest first."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for report in reports:
        seconds[report.nodeid.partition("::")[0]] += report.duration
    return dict(sorted(seconds.items(), key=itemgetter(1), reverse=True))


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the slowest files."""
    reports = (report for reports in terminalreporter.stats.values() for report in reports)
    of_tests = (report for report in reports if isinstance(report, pytest.TestReport))
    terminalreporter.section("slowest files")
    for file, part in list(seconds_by_file(of_tests).items())[:SLOWEST]:
        terminalreporter.write_line(f"{part:7.1f} s  {file}")
