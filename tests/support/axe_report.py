"""Lists at the end of a run what axe could not decide, so that a person looks at it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

UNDECIDED = "axe could not decide"
REPORT = Path("incompletes.txt")


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """Print the lines of all workers with their counts; `--shots` also writes them to a file."""
    lines = [
        str(line)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for key, line in report.user_properties
        if key == UNDECIDED
    ]
    if not lines:
        return
    terminalreporter.section("axe could not decide")
    counts = sorted(Counter(lines).items())
    for line, count in counts:
        terminalreporter.write_line(f"{count:4} × {line}")
    if folder := config.getoption("shots"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        report = "\n".join(f"{count:4} × {line}" for line, count in counts)
        (Path(folder) / REPORT).write_text(report + "\n")
