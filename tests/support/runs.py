"""A run of the tests: its folder, its processes, and the cleanup after runs that were killed.

Everything that a run starts inherits `MARK`, the path of the run's folder, in its environment.
So the processes of a run can be found by pid however it ended, and no other process is touched.
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
REGISTERED_SMS = CHECKOUT / "tests" / "support" / "registered_sms.toml"
"""A file of SMS templates as a city registered them with version 0.2, byte for byte."""
PROC = Path("/proc")


@dataclass(frozen=True)
class Run:
    """A run of the tests, identified by its folder."""

    folder: Path

    def mark_environment(self) -> None:
        """Let this process and all processes that it starts from now on belong to the run."""
        os.environ[MARK] = str(self.folder)

    def is_stale(self) -> bool:
        """Return whether the process that began the run is gone, also if its pid was reused."""
        try:
            pid, started = (self.folder / "controller").read_text().split()
        except (FileNotFoundError, ValueError):
            return self._age() > 60  # seconds: a younger folder may still be incomplete
        return _start_time(int(pid)) != started

    def _age(self) -> float:
        try:
            return time.time() - self.folder.stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def processes(self) -> list[int]:
        """Return the pids of the run's processes, except this process and its ancestors."""
        ancestors = set(_ancestors())
        return [pid for pid in _pids() if pid not in ancestors and self.owns(pid)]

    def owns(self, pid: int) -> bool:
        """Return whether a process belongs to this run, or to a run inside its folder."""
        own = f"{MARK}={self.folder}".encode()
        return any(
            variable == own or variable.startswith(own + b"/") for variable in _environment(pid)
        )

    def end(self) -> list[int]:
        """End the run's processes and remove its folder; return the pids found running."""
        process_ids = self.processes()
        _signal(process_ids, signal.SIGTERM)
        if postmaster := postmaster_of(self.folder):
            _signal([postmaster], signal.SIGQUIT)  # immediately: its data are not needed
        if not wait_until(lambda: not self.processes(), within=5):
            _signal(self.processes(), signal.SIGKILL)
            wait_until(lambda: not self.processes(), within=20)
        wait_until(self._is_removed, within=20)
        return process_ids

    def _is_removed(self) -> bool:
        """Remove the folder; return False if a process still writes into it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return not self.folder.exists()


def registry() -> Path:
    """Return the folder for the runs of this checkout and this user."""
    if chosen := os.environ.get(REGISTRY):
        return Path(chosen)
    checkout = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"nagarvani-tests-{os.geteuid()}-{checkout}"


def begin() -> Run:
    """Clean up after runs that were killed, and begin a run for this process."""
    home = registry()
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    end_stale(home)
    run = Run(Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=home)))
    run.folder.chmod(0o711)  # PostgreSQL runs as another user, who must be able to enter
    (run.folder / "controller").write_text(f"{os.getpid()} {_start_time(os.getpid())}")
    run.mark_environment()
    return run


def current() -> Run:
    """Return the run that this process belongs to."""
    return Run(Path(os.environ[MARK]))


def end_stale(home: Path) -> None:
    """End every run whose controller process is gone."""
    for folder in sorted(home.iterdir()):
        run = Run(folder)
        if folder.is_dir() and run.is_stale():
            run.end()


def postmaster_of(folder: Path) -> int | None:
    """Return the pid of the running PostgreSQL that a run started in its folder, or None."""
    try:
        pid = int((folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return pid if Run(folder).owns(pid) else None


def wait_until(condition: Callable[[], bool], *, within: float) -> bool:
    """Check a condition every 20 ms for this many seconds; return whether it became true."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    """Return whether a process runs under this pid; a zombie does not."""
    return _state(pid) not in {"", "Z", "X"}


def processes_in(folder: Path) -> list[int]:
    """Return the pids of the processes whose working directory is this folder."""
    process_ids = []
    for pid in _pids():
        with suppress(OSError):  # gone, or another user's
            if (PROC / str(pid) / "cwd").readlink() == folder and is_alive(pid):
                process_ids.append(pid)
    return process_ids


def _pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _environment(pid: int) -> list[bytes]:
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # gone, or another user's
        return []


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name: state, parent, …"""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _state(pid: int) -> str:
    return (_stat(pid) or [""])[0]


def _start_time(pid: int) -> str:
    """Return the start time in ticks since boot: with the pid, it identifies a process."""
    fields = _stat(pid)
    return fields[19] if fields and fields[0] not in {"Z", "X"} else ""


def _ancestors() -> Iterable[int]:
    pid = os.getpid()
    while pid > 0:
        yield pid
        fields = _stat(pid)
        pid = int(fields[1]) if fields else 0


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
