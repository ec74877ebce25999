from __future__ import annotations

from typing import Literal

import pytest

from tests.support.durations import seconds_by_file


def report(
    test: str, seconds: float, when: Literal["setup", "call", "teardown"] = "call"
) -> pytest.TestReport:
    return pytest.TestReport(test, (test, 1, test), {}, "passed", None, when, duration=seconds)


def test_set_up_and_teardown_count_for_the_file() -> None:
    phases = [report("a.py::test_a[x::y]", 2, "setup"), report("a.py::test_b", 3)]
    assert seconds_by_file([*phases, report("b.py::test_c", 1, "teardown")]) == {
        "a.py": 5,
        "b.py": 1,
    }
