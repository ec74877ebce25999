"""Prints the ten slowest test files at the end of a run, and fails it if one is beyond its share.

A share is a file's part of the time that all tests without the mark `proof` took, which hardly
depends on the machine and on what else runs there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter

import pytest
from _pytest.terminal import TerminalReporter

SLOWEST = 10
SHARE = 0.12


def seconds_by_file(reports: Iterable[pytest.TestReport]) -> dict[str, float]:
    """Sum up how long the tests of each file took, with set-up and teardown, slowest first."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for report in reports:
        seconds[report.nodeid.partition("::")[0]] += report.duration
    return dict(sorted(seconds.items(), key=itemgetter(1), reverse=True))


def slow_files(reports: Iterable[pytest.TestReport]) -> list[str]:
    """Return a sentence for each file that takes more than its share, proofs left out."""
    seconds = seconds_by_file(report for report in reports if "proof" not in report.keywords)
    whole = sum(seconds.values())
    return [
        f"{file} takes {part / whole:.1%} of the tests' time, of which {SHARE:.0%} is its share: "
        "make it faster, part it, or mark what takes long as a proof"
        for file, part in seconds.items()
        if part > whole * SHARE
    ]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a whole run that would have passed if a file takes more than its share."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not is_whole(session.config):
        return
    if session.exitstatus == pytest.ExitCode.OK and slow_files(_reports(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """Print the slowest files, and which of them take more than their share."""
    reports = _reports(terminalreporter)
    terminalreporter.section("slowest files")
    for file, part in list(seconds_by_file(reports).items())[:SLOWEST]:
        terminalreporter.write_line(f"{part:7.1f} s  {file}")
    for sentence in slow_files(reports) if is_whole(config) else ():
        terminalreporter.write_line(sentence, red=True)


def is_whole(config: pytest.Config) -> bool:
    """Return whether all tests were asked for: no path, no word and no mark chooses among them."""
    all_paths = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return all_paths and not config.option.keyword and config.option.markexpr in {"", "not proof", "not proof or ci"}


def _reports(terminalreporter: TerminalReporter) -> list[pytest.TestReport]:
    reports = (report for reports in terminalreporter.stats.values() for report in reports)
    return [report for report in reports if isinstance(report, pytest.TestReport)]
