"""Forks the product's commands from a process that has imported all their modules already.

    python -m tests.crash.fork_server        reads lines of JSON, writes pids

A clock needs more than a second for its imports, and the tests kill more than a thousand clocks.
A forked clock is a process of its own too, and dies by the same SIGKILL.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from tests.crash import crash_at_statement, crash_in_commit
from tests.support import runs
from tests.support.processes import RunningCommand, Starter, plain_environment
from tests.support.runs import wait_until

MODULES = (
    "cli",
    "scheduler",
    "commands.app_setup",
    "commands.single_instance",
    "web",
    "sandbox.server",
)
"""The modules that the commands import."""


@dataclass
class ForkedProcess:
    """A command by its pid; its parent is the fork server, which ignores exit codes."""

    pid: int
    start_time: str = ""

    def __post_init__(self) -> None:
        self.start_time = self._read_start_time()

    def _read_start_time(self) -> str:
        """Return the start time, or "" once the last thread, and with it the lock, is gone."""
        fields = runs._stat(self.pid)
        return fields[19] if fields else ""

    def poll(self) -> int | None:
        """Return None while the process runs, then 0: its exit code is not known."""
        return None if self.start_time and self._read_start_time() == self.start_time else 0

    def wait(self, timeout: float) -> int:
        """Wait until the process has ended."""
        if not wait_until(lambda: self.poll() is not None, within=timeout):
            raise subprocess.TimeoutExpired("forked", timeout)
        return 0


@dataclass
class ForkServer:
    """Starts forked commands, whose output is written into the folder."""

    folder: Path
    count: int = 0
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=plain_environment(),
            cwd=runs.CHECKOUT,
            text=True,
            start_new_session=True,
        )
        self._read()

    def start(
        self, *arguments: str, environment: Mapping[str, str], cwd: Path = runs.CHECKOUT
    ) -> RunningCommand:
        """Fork `nagarvani` with these arguments, in this environment and working folder."""
        self.count += 1
        output = self.folder / f"{arguments[0]}-{self.count}.txt"
        output.touch()
        request = {
            "arguments": arguments,
            "environment": dict(environment),
            "output": str(output),
            "cwd": str(cwd),
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        forked = cast("subprocess.Popen[bytes]", ForkedProcess(int(self._read())))
        return RunningCommand(forked, output)

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def close(self) -> None:
        """End the fork server; the commands it has started keep running."""
        self.process.kill()
        self.process.communicate()


@dataclass
class ForkingStarter(Starter):
    """A starter that forks the product's commands."""

    fork_server: ForkServer | None = None

    def nagarvani(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        ready: Path | None = None,
        within: float = 20,
        cwd: Path = runs.CHECKOUT,
    ) -> RunningCommand:
        """Fork a `nagarvani` command of the product."""
        assert self.fork_server is not None
        started = self.fork_server.start(*arguments, environment=environment, cwd=cwd)
        return self.stop_later(started, ready=ready, within=within)


def main() -> None:
    """Import the modules, and fork the commands that are read from stdin."""
    for name in MODULES:
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the children
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _run_command(**json.loads(line))
            return
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _run_command(arguments: list[str], environment: dict[str, str], output: str, cwd: str) -> None:
    """Run the command in this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    _redirect_output(Path(output))
    os.chdir(cwd)
    os.environ.update(environment)
    tempfile.tempdir = None  # found once a process, and this one may have a TMPDIR of its own
    for crash in (crash_at_statement, crash_in_commit):
        crash.arm()
    sys.argv = ["nagarvani", *arguments]
    importlib.import_module("cli").main()


def _redirect_output(output: Path) -> None:
    file = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    devnull = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((devnull, 0), (file, 1), (file, 2)):
        os.dup2(source, target)


if __name__ == "__main__":
    main()
