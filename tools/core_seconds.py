"""Runs a command, and counts the processor seconds of everything that it started.

A minute on the clock depends on what else the machine does; processor time hardly does. Processes
that outlive their parent (PostgreSQL is one) become children of this process, where they count.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tools.environment import ROOT

CEILINGS = ROOT / "tools" / "ceilings.toml"
PR_SET_CHILD_SUBREAPER = 36
# A shared machine makes the same work cost more: caches and cores are used by others too.
NOISE = 1.25
LEFT_OVER = 10
"""For so many seconds the processes that are left are waited for."""


def used() -> float:
    """Return the processor seconds of this process and of its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def run(call: Sequence[str]) -> int:
    """Run a command to its end, wait for what it left, and return its exit code."""
    _adopt_orphans()
    process = subprocess.Popen(call, cwd=ROOT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the command too
    signal.signal(signal.SIGTERM, lambda number, _frame: process.send_signal(number))
    while (ended := os.wait())[0] != process.pid:
        pass
    _wait_for_orphans()
    return os.waitstatus_to_exitcode(ended[1])


def verdict(target: str, seconds: float, file: Path = CEILINGS) -> tuple[bool, str]:
    """Compare the cost of a target of the Makefile with its ceiling, and say both.

    The first is False only beyond what the noise of a shared machine explains.
    """
    ceiling: int = tomllib.loads(file.read_text("utf-8"))["core_seconds"][target]
    sentence = f"make {target} took {seconds:.0f} core-seconds; its ceiling is {ceiling}"
    if seconds <= ceiling:
        return True, f"{sentence}."
    return seconds <= ceiling * NOISE, f"{sentence}: make tests faster, or mark them as proofs."


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for_orphans() -> None:
    until = time.monotonic() + LEFT_OVER
    try:
        while time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.05)
    except ChildProcessError:  # all have ended
        return
