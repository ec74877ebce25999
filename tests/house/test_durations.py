from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from tests.support.durations import SHARE, seconds_by_file, slow_files
from tests.support.runs import CHECKOUT

TWO_FILES = {"test_slow.py": "sleep(0.3)", "test_fast.py": "pass"}


def report(
    test: str,
    seconds: float,
    when: Literal["setup", "call", "teardown"] = "call",
    mark: str = "browser",
) -> pytest.TestReport:
    return pytest.TestReport(
        test, (test, 1, test), {mark: 1}, "passed", None, when, duration=seconds
    )


def spread(count: int) -> list[pytest.TestReport]:
    return [report(f"tests/test_{number}.py::test_a", 1) for number in range(count)]


def test_set_up_and_teardown_count_for_the_file() -> None:
    phases = [report("a.py::test_a[x::y]", 2, "setup"), report("a.py::test_b", 3)]
    assert seconds_by_file([*phases, report("b.py::test_c", 1, "teardown")]) == {
        "a.py": 5,
        "b.py": 1,
    }


def test_a_file_beyond_its_share_is_named_with_what_to_do() -> None:
    others = spread(90)
    assert slow_files([*others, report("a.py::test_a", 90 * SHARE / (1 - SHARE) - 1)]) == []
    (sentence,) = slow_files([*others, report("a.py::test_a", 90)])
    assert sentence.startswith(f"a.py takes 50.0% of the tests' time, of which {SHARE:.0%}")
    assert "make it faster, part it, or mark what takes long as a proof" in sentence


def test_proofs_may_take_their_time() -> None:
    proof = report("tests/test_0.py::test_b", 1000, mark="proof")
    assert slow_files([*spread(100), proof]) == []


@pytest.fixture
def run_tests(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run two small test files with the plug-in, in a folder of their own."""
    for name, statement in TWO_FILES.items():
        text = f"from time import sleep\ndef test_it():\n    {statement}\n"
        (tmp_path / name).write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = .\n")
    plugin = ["-p", "tests.support.durations", "-p", "no:cacheprovider"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", *plugin, *arguments],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            text=True,
            timeout=60,
        )

    return run


@pytest.mark.proof
def test_a_run_ends_with_its_slowest_files(
    run_tests: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_tests("-n", "2", "test_slow.py", "test_fast.py")
    *_, heading, first, second, summary = done.stdout.splitlines()
    assert "slowest files" in heading
    assert first.split()[2] == "test_slow.py"
    assert second.split()[2] == "test_fast.py"
    assert "2 passed" in summary
    assert done.returncode == 0


@pytest.mark.proof
def test_a_whole_run_fails_by_a_file_beyond_its_share(
    run_tests: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_tests()
    assert "2 passed" in done.stdout
    assert "test_slow.py takes" in done.stdout
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
