"""Starting the product's commands beside a test, and stopping them by pid."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.runs import CHECKOUT, is_alive, wait_until

OURS = "NAGARVANI_"
KEPT = ("NAGARVANI_TEST_RUN", "NAGARVANI_TEST_REGISTRY")


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def plain_environment(values: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without the product's settings, then `values`."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT or not name.startswith((OURS, "PYTEST_"))
    }
    return {**variables, "PYTHONUNBUFFERED": "1", **(values or {})}


@dataclass
class Started:
    """A command that runs, with its output in a file."""

    popen: subprocess.Popen[bytes]
    output: Path

    @property
    def pid(self) -> int:
        """Its pid, which is its session's too."""
        return self.popen.pid

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.popen.poll() is None

    def written_output(self) -> str:
        """All that it has written so far."""
        return self.output.read_text(errors="replace")

    def wait_for(self, text: str, *, within: float = 20) -> None:
        """Wait until it has written this."""
        wait_until(lambda: text in self.written_output() or not self.is_running(), within=within)
        if text not in self.written_output():
            raise AssertionError(
                f"waited {within} s for {text!r}; it said:\n{self.written_output()}"
            )

    def wait_for_file(self, ready: Path, *, within: float = 20) -> None:
        """Wait until it has made its ready file (and written something there)."""
        wait_until(lambda: _is_filled(ready) or not self.is_running(), within=within)
        if not _is_filled(ready):
            raise AssertionError(
                f"waited {within} s for {ready.name}; it said:\n{self.written_output()}"
            )

    def session(self) -> list[int]:
        """The pids of all that it started and that still run, its own among them."""
        pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [pid for pid in pids if is_alive(pid) and _session_of(pid) == self.pid]

    def stop(self, number: signal.Signals = signal.SIGTERM, *, within: float = 10) -> int:
        """Ask it to end; gives its exit code. What does not end in time is killed."""
        if self.is_running():
            os.kill(self.pid, number)
        try:
            return self.popen.wait(within)
        except subprocess.TimeoutExpired:
            return self.kill()
        finally:
            self._end_session()

    def kill(self) -> int:
        """End it by SIGKILL, as a crash would, and nothing else; gives its exit code."""
        if self.is_running():
            with suppress(ProcessLookupError):  # it may end by itself at this very moment
                os.kill(self.pid, signal.SIGKILL)
        return self.popen.wait(10)

    def _end_session(self) -> None:
        for pid in self.session():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.session(), within=5)


@dataclass
class Starter:
    """Starts commands, and stops them all at the end of a test, the last first."""

    folder: Path
    stack: ExitStack = field(default_factory=ExitStack)
    count: int = 0

    def __call__(
        self,
        arguments: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        ready: Path | None = None,
        within: float = 20,
        cwd: Path = CHECKOUT,
    ) -> Started:
        """Start a command in a session of its own; with `ready`, wait for that file."""
        self.count += 1
        output = self.folder / f"output-{self.count}.txt"
        with output.open("wb") as file:
            popen = subprocess.Popen(
                arguments,
                cwd=cwd,
                env=plain_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.keep(Started(popen, output), ready=ready, within=within)

    def keep(self, started: Started, *, ready: Path | None, within: float) -> Started:
        """See to it that it is stopped; with `ready`, wait for that file."""
        self.stack.callback(started.stop)
        if ready is not None:
            started.wait_for_file(ready, within=within)
        return started

    def nagarvani(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        ready: Path | None = None,
        within: float = 20,
    ) -> Started:
        """Start one of the product's own commands."""
        call = [sys.executable, "-m", "cli", *arguments]
        return self(call, environment=environment, ready=ready, within=within)


def starting(folder: Path) -> Iterator[Starter]:
    """A starter for the length of a test."""
    starter = Starter(folder)
    with starter.stack:
        yield starter


def _is_filled(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0
