"""What something costs the machine: seconds of its processors, whoever spends them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def spent(pids: Iterable[int]) -> float:
    """Seconds of processor that these processes have used so far; those gone count as none."""
    return sum(_of(pid) for pid in pids)


def family(pid: int) -> list[int]:
    """A process and its children."""
    every = (int(process.name) for process in Path("/proc").iterdir() if process.name.isdigit())
    return [pid, *(process_id for process_id in every if _fields(process_id)[1:2] == [str(pid)])]


def _of(pid: int) -> float:
    """Its own time in its code and in the kernel's, and that of its children that have ended."""
    return sum(int(ticks) for ticks in _fields(pid)[11:15]) / TICKS


def _fields(pid: int) -> list[str]:
    """What the kernel tells of it after its name; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
