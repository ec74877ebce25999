"""Tries one change in a copy of the checkout, until a test notices it or all have passed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import gettempdir

from tools.console import UsageError, say
from tools.mutator.changes import Change
from tools.mutator.stages import NEAREST, Stage

CAUGHT = "caught"
TIMED_OUT = "timed out"
SURVIVED = "survived"
NOT_NEARBY = "not caught nearby"

PASSED = (0, 5)  # pytest's exit codes: all passed, none was collected
SUMMARY = "short test summary info"
# The parameters of a test may hold anything; xdist writes its group after them: test_a[1]@group.
FAILURE = re.compile(
    r"^(?:FAILED|ERROR) (?P<test>[^\s\[@]+(?:\[.*?\])?)(?:@\S+)?(?: - (?P<why>.*))?$", re.MULTILINE
)
HANGS = "Timeout (>"  # pytest-timeout's words
STOP_WITHIN = 60  # seconds


@dataclass(frozen=True)
class Outcome:
    """What became of one change: the test that noticed it, and after how many seconds."""

    result: str
    test: str
    seconds: int


@dataclass(frozen=True)
class Tests:
    """One run of pytest: the first test that failed, or "" if none is named."""

    __test__ = False  # pytest must not collect it

    passed: bool
    failed: str = ""
    hung: bool = False


class Copy:
    """A copy of the checkout in which the tests run, with a change or without."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder = folder
        self.workers = workers
        self.unfit: set[str] = set()
        """Tests that fail without any change too, or fail only now and then."""
        self._proven: set[tuple[str, ...]] = set()

    @contextmanager
    def changed(self, change: Change) -> Iterator[None]:
        """Apply a change, and restore the file at the end."""
        file = self.folder / change.path
        text = file.read_text("utf-8")
        try:
            _write(file, change.apply(text))
            yield
        finally:
            _write(file, text)

    def run(self, arguments: Sequence[str], until: float, *, workers: int = 0) -> Tests:
        """Run pytest until its first failure, or until this time of `time.monotonic`."""
        parallel = ["-n", str(workers)] if workers else []
        call = [sys.executable, "-m", "pytest", "-q", "-x", "-rfE", "-p", "no:cacheprovider"]
        with subprocess.Popen(
            [*call, *parallel, *arguments],
            cwd=self.folder,
            env=self._environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches it once, by `_stop`: so it can tidy up
        ) as pytest:
            try:
                output, _ = pytest.communicate(timeout=max(1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                return Tests(passed=False, hung=True)
            finally:
                _stop(pytest)
        return read_output(output, passed=pytest.returncode in PASSED)

    def _environment(self) -> dict[str, str]:
        """Let the commands that tests start find this copy, and each run end what one left."""
        runs = Path(gettempdir()) / f"nagarvani-mutate-{os.geteuid()}"
        variables = {"PYTHONPATH": str(self.folder), "NAGARVANI_TEST_REGISTRY": str(runs)}
        return {**os.environ, **variables, "COLUMNS": "1000"}

    def passes_unchanged(self, arguments: Sequence[str], until: float) -> bool:
        """Return whether these tests pass in the copy as it is; asks once for each."""
        if tuple(arguments) not in self._proven and self.run(arguments, until).passed:
            self._proven.add(tuple(arguments))
        return tuple(arguments) in self._proven


def read_output(output: str, *, passed: bool) -> Tests:
    """Read the first failure from pytest's summary."""
    failure = FAILURE.search(output.rpartition(SUMMARY)[2])
    if passed or not failure:
        return Tests(passed)
    return Tests(passed, failure["test"], HANGS in (failure["why"] or ""))


def _write(file: Path, text: str) -> None:
    """Write a module, and remove its bytecode.

    Python compares size and second only, and `==` is as long as `!=`.
    """
    file.write_text(text, "utf-8")
    Path(cache_from_source(str(file))).unlink(missing_ok=True)


def _stop(pytest: subprocess.Popen[str]) -> None:
    """Interrupt pytest if it still runs; it then ends what it started, or is killed."""
    if pytest.poll() is not None:
        return
    pytest.send_signal(signal.SIGINT)
    try:
        pytest.communicate(timeout=STOP_WITHIN)
    except subprocess.TimeoutExpired:
        pytest.kill()
        pytest.wait()


def try_change(
    copy: Copy, change: Change, stages: Sequence[Stage], limit: float, *, nearest: bool = False
) -> Outcome:
    """Run stage after stage with the change, for at most `limit` seconds in all."""
    began = time.monotonic()
    for stage in stages:
        if nearest and stage.name != NEAREST:
            continue
        tests = _run_stage(copy, change, stage, began + limit)
        if not tests.passed:
            result = TIMED_OUT if tests.hung else CAUGHT
            test = tests.failed or f"tests that do not {'end' if tests.hung else 'start'}"
            return Outcome(result, test, round(time.monotonic() - began))
        say(f"        passed the {stage.name} tests after {time.monotonic() - began:.0f} s")
    result = NOT_NEARBY if nearest else SURVIVED
    return Outcome(result, "", round(time.monotonic() - began))


def _run_stage(copy: Copy, change: Change, stage: Stage, until: float) -> Tests:
    """Run the files until a test fails that fails again, and passes without the change."""
    while True:
        fit = [argument for test in sorted(copy.unfit) for argument in ("--deselect", test)]
        with copy.changed(change):
            tests = copy.run([*stage.files, *fit], until, workers=copy.workers)
            if tests.passed or (tests.hung and not tests.failed):
                return tests
            again = [tests.failed] if tests.failed else ["--collect-only", *stage.files]
            repeats = not copy.run(again, until).passed
        if repeats and copy.passes_unchanged(again, until):
            return tests
        if not tests.failed:
            raise UsageError(
                f"The {stage.name} tests do not start without any change: mend them first."
            )
        if tests.failed in copy.unfit:
            raise UsageError(f"{tests.failed} fails without any change: mend it first.")
        say(f"        {tests.failed} fails now and then or without the change: left out")
        copy.unfit.add(tests.failed)
