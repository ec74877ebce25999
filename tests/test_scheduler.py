"""How a clock runs its threads."""

from __future__ import annotations

import os
import threading

import pytest

import scheduler

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="processors are chosen on Linux alone"
)


def _of_a_thread() -> set[int]:
    """The processors that a thread started now may use, and one that it starts."""
    found: list[set[int]] = []

    def look() -> None:
        found.append(os.sched_getaffinity(0))

    def start_another() -> None:
        look()
        other = threading.Thread(target=look)
        other.start()
        other.join()

    thread = threading.Thread(target=start_another)
    thread.start()
    thread.join()
    assert found[0] == found[1]
    return found[0]


def test_the_threads_of_a_press_on_sqlite_share_one_processor_and_no_others() -> None:
    before = os.sched_getaffinity(0)
    with scheduler.on_one_processor(is_wanted=True):
        assert len(_of_a_thread()) == 1
        assert _of_a_thread() <= before
    assert os.sched_getaffinity(0) == _of_a_thread() == before


def test_where_several_write_at_once_threads_go_where_they_like() -> None:
    before = os.sched_getaffinity(0)
    with scheduler.on_one_processor(is_wanted=False):
        assert _of_a_thread() == before
