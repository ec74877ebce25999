"""Starts the product's commands in the background of a test, and stops them by pid."""

from __future__ import annotations

import itertools
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

SETTINGS_PREFIX = "NAGARVANI_"
INHERITED = ("NAGARVANI_TEST_RUN", "NAGARVANI_TEST_REGISTRY")
# Below 32768, where Linux begins to give ports to outgoing connections: one of those took a port
# between the moment it was found free and the start of its server. Each process begins elsewhere.
PORTS = itertools.cycle(range(20_000, 32_000))
next(itertools.islice(PORTS, os.getpid() * 400 % 12_000, None))


def free_port() -> int:
    """Return a loopback port on which nothing listens at the moment, another at each call."""
    return next(port for port in PORTS if _is_free(port))


def three_free_ports() -> int:
    """Return the first of three consecutive ports on which nothing listens at the moment."""
    while True:
        first, _, third = (free_port() for _ in range(3))
        if third == first + 2:
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


def plain_environment(values: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without the product's settings, and with `values`."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if name in INHERITED or not name.startswith((SETTINGS_PREFIX, "PYTEST_"))
    }
    return {**variables, "PYTHONUNBUFFERED": "1", **(values or {})}


@dataclass
class RunningCommand:
    """A command in the background, with its output in a file."""

    popen: subprocess.Popen[bytes]
    output: Path

    @property
    def pid(self) -> int:
        """The pid of the command, and of its session."""
        return self.popen.pid

    def is_running(self) -> bool:
        """Return whether the command has not ended."""
        return self.popen.poll() is None

    def written_output(self) -> str:
        """Return all that the command has written so far."""
        return self.output.read_text(errors="replace")

    def wait_for(self, text: str, *, within: float = 20) -> None:
        """Wait until the command has written this text, and fail if it does not."""
        wait_until(lambda: text in self.written_output() or not self.is_running(), within=within)
        if text not in self.written_output():
            raise AssertionError(
                f"waited {within} s for {text!r}; its output:\n{self.written_output()}"
            )

    def wait_for_file(self, ready: Path, *, within: float = 20) -> None:
        """Wait until the command has written its ready file, and fail if it does not."""
        wait_until(lambda: _is_filled(ready) or not self.is_running(), within=within)
        if not _is_filled(ready):
            raise AssertionError(
                f"waited {within} s for {ready.name}; its output:\n{self.written_output()}"
            )

    def session(self) -> list[int]:
        """Return the pids of the running processes of its session, its own included."""
        pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [pid for pid in pids if is_alive(pid) and _session_of(pid) == self.pid]

    def stop(self, number: signal.Signals = signal.SIGTERM, *, within: float = 10) -> int:
        """Send a signal and return the exit code; a command that does not end in time is killed."""
        if self.is_running():
            os.kill(self.pid, number)
        try:
            return self.popen.wait(within)
        except subprocess.TimeoutExpired:
            return self.kill()
        finally:
            self._end_session()

    def kill(self) -> int:
        """Kill the command alone by SIGKILL, like a crash, and return its exit code."""
        if self.is_running():
            with suppress(ProcessLookupError):  # the command may just have ended by itself
                os.kill(self.pid, signal.SIGKILL)
        return self.popen.wait(10)

    def _end_session(self) -> None:
        for pid in self.session():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.session(), within=5)


@dataclass
class Starter:
    """Starts commands, and stops them at the end of a test, the last first."""

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
        umask: int = -1,
    ) -> RunningCommand:
        """Start a command in a session of its own; with `ready`, wait for that file.

        `umask` is the one that the command starts with; -1 is this process's.
        """
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
                umask=umask,
            )
        return self.stop_later(RunningCommand(popen, output), ready=ready, within=within)

    def stop_later(
        self, started: RunningCommand, *, ready: Path | None, within: float
    ) -> RunningCommand:
        """Stop the command at the end of the test; with `ready`, wait for that file now."""
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
        cwd: Path = CHECKOUT,
    ) -> RunningCommand:
        """Start a `nagarvani` command of the product."""
        call = [sys.executable, "-m", "cli", *arguments]
        return self(call, environment=environment, ready=ready, within=within, cwd=cwd)


def command_starter(folder: Path) -> Iterator[Starter]:
    """Provide a starter until the end of a test."""
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
