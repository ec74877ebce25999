"""A run of the tests: its folder, its processes, and the ending of runs that were killed.

Everything that a run starts inherits `MARK`, the path of the run's folder, in its environment.
So the processes of a run can be found by pid however it ended, and no other is ever touched.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MARK = "NAGARVANI_TEST_RUN"
REGISTRY = "NAGARVANI_TEST_REGISTRY"
CHECKOUT = Path(__file__).resolve().parents[2]
PROC = Path("/proc")


@dataclass(frozen=True)
class Run:
    """One run of the tests, known by its folder."""

    folder: Path

    def mark(self) -> None:
        """Have this process, and all that it starts from now on, belong to the run."""
        os.environ[MARK] = str(self.folder)

    def is_stale(self) -> bool:
        """Whether the process that began it is gone (or its pid is another's by now)."""
        try:
            pid, started = (self.folder / "controller").read_text().split()
        except (FileNotFoundError, ValueError):
            return self._age() > 60  # seconds: younger, it is only just being made
        return _started(int(pid)) != started

    def _age(self) -> float:
        try:
            return time.time() - self.folder.stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def processes(self) -> list[int]:
        """The pids of all that runs in its name, this process and its forebears aside."""
        spared = set(_forebears())
        return [pid for pid in _pids() if pid not in spared and self.owns(pid)]

    def owns(self, pid: int) -> bool:
        """Whether a process was started in its name, or in that of a run inside its folder."""
        own = f"{MARK}={self.folder}".encode()
        return any(
            variable == own or variable.startswith(own + b"/") for variable in _environment(pid)
        )

    def end(self) -> list[int]:
        """End whatever it left and remove its folder; gives the pids that were still there."""
        process_ids = self.processes()
        _signal(process_ids, signal.SIGTERM)
        if postmaster := postmaster_of(self.folder):
            _signal([postmaster], signal.SIGQUIT)  # at once: nobody wants its data
        if not wait_until(lambda: not self.processes(), within=5):
            _signal(self.processes(), signal.SIGKILL)
            wait_until(lambda: not self.processes(), within=20)
        wait_until(self._is_removed, within=20)
        return process_ids

    def _is_removed(self) -> bool:
        """Remove the folder; what is dying may still be writing into it, so this is tried again."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return not self.folder.exists()


def registry() -> Path:
    """The folder that keeps the runs of this checkout (of this person)."""
    if chosen := os.environ.get(REGISTRY):
        return Path(chosen)
    checkout = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"nagarvani-tests-{os.geteuid()}-{checkout}"


def begin() -> Run:
    """End the runs that were killed, and begin one for this process."""
    home = registry()
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    end_stale(home)
    run = Run(Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=home)))
    run.folder.chmod(0o711)  # PostgreSQL, under another name than root, must pass through
    (run.folder / "controller").write_text(f"{os.getpid()} {_started(os.getpid())}")
    run.mark()
    return run


def current() -> Run:
    """The run that this process belongs to."""
    return Run(Path(os.environ[MARK]))


def end_stale(home: Path) -> None:
    """End every run whose controller is gone."""
    for folder in sorted(home.iterdir()):
        run = Run(folder)
        if folder.is_dir() and run.is_stale():
            run.end()


def postmaster_of(folder: Path) -> int | None:
    """The pid of the PostgreSQL that a run started in its folder, while it lives."""
    try:
        pid = int((folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return pid if Run(folder).owns(pid) else None


def wait_until(true: Callable[[], bool], *, within: float) -> bool:
    """Ask every 20 ms, for so many seconds; whether it came true."""
    until = time.monotonic() + within
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    """Whether a process runs under this pid (one that only waits to be reaped does not)."""
    return _state(pid) not in {"", "Z", "X"}


def working_in(folder: Path) -> list[int]:
    """The pids of all that runs in this folder."""
    problems = []
    for pid in _pids():
        with suppress(OSError):  # gone, or another person's
            if (PROC / str(pid) / "cwd").readlink() == folder and is_alive(pid):
                problems.append(pid)
    return problems


def _pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _environment(pid: int) -> list[bytes]:
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # gone, or another person's
        return []


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, …"""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _state(pid: int) -> str:
    return (_stat(pid) or [""])[0]


def _started(pid: int) -> str:
    """When it began, in ticks since the machine did: with the pid, it names a process for good."""
    fields = _stat(pid)
    return fields[19] if fields and fields[0] not in {"Z", "X"} else ""


def _forebears() -> Iterable[int]:
    pid = os.getpid()
    while pid > 0:
        yield pid
        fields = _stat(pid)
        pid = int(fields[1]) if fields else 0


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
