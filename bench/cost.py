"""Measure the processor time of processes, in seconds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def spent(pids: Iterable[int]) -> float:
    """Return the processor time of these processes so far; those that have ended count as zero."""
    return sum(_of(pid) for pid in pids)


def family(pid: int) -> list[int]:
    """Return the ids of a process and its children."""
    every = (int(process.name) for process in Path("/proc").iterdir() if process.name.isdigit())
    return [pid, *(process_id for process_id in every if _fields(process_id)[1:2] == [str(pid)])]


def memory(pids: Iterable[int]) -> float:
    """Return the megabytes of these processes; what several share is divided among them."""
    return sum(_proportional_kilobytes(pid) for pid in pids) / 1000


def _proportional_kilobytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _of(pid: int) -> float:
    """Return the user and system time of a process, and of its children that have ended."""
    return sum(int(ticks) for ticks in _fields(pid)[11:15]) / TICKS


def _fields(pid: int) -> list[str]:
    """Return the kernel's fields of a process after its name; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
