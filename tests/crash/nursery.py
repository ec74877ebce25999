"""Commands of the product that are forked from one process which has everything imported already.

    python -m tests.crash.nursery        a line of JSON in, a pid out

A clock needs more than a second to import what it works with, and more than a thousand of them
are killed. Forked, each is a process of its own all the same, and dies by the same SIGKILL.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from tests.crash import at_statement, in_commit
from tests.support import runs
from tests.support.processes import RunningCommand, Starter, plain_environment
from tests.support.runs import wait_until

NEEDED = (
    "cli",
    "scheduler",
    "commands.app_setup",
    "commands.single_instance",
    "web",
    "sandbox.server",
)
"""What the commands import, and what that imports."""


@dataclass
class Forked:
    """A command by its pid: the nursery is its parent, and leaves no trace of what has ended."""

    pid: int
    began: str = ""

    def __post_init__(self) -> None:
        self.began = self._started_at()

    def _started_at(self) -> str:
        """When it began; nothing once the last of its threads, and so its lock, is gone."""
        fields = runs._stat(self.pid)
        return fields[19] if fields else ""

    def poll(self) -> int | None:
        """None while it runs; how it ended is not known."""
        return None if self.began and self._started_at() == self.began else 0

    def wait(self, timeout: float) -> int:
        """Wait until it has ended."""
        if not wait_until(lambda: self.poll() is not None, within=timeout):
            raise subprocess.TimeoutExpired("forked", timeout)
        return 0


@dataclass
class Nursery:
    """Starts forked commands; what they say lies in the folder."""

    folder: Path
    count: int = 0
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=plain_environment(),
            cwd=runs.CHECKOUT,
            text=True,
            start_new_session=True,
        )
        self._read()

    def command(self, *arguments: str, environment: Mapping[str, str]) -> RunningCommand:
        """Fork `nagarvani` with these arguments, in this environment."""
        self.count += 1
        output = self.folder / f"{arguments[0]}-{self.count}.txt"
        output.touch()
        request = {
            "arguments": arguments,
            "environment": dict(environment),
            "output": str(output),
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        forked = cast("subprocess.Popen[bytes]", Forked(int(self._read())))
        return RunningCommand(forked, output)

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def close(self) -> None:
        """End the nursery; what it has started is its house's to end."""
        self.process.kill()
        self.process.communicate()


@dataclass
class Forking(Starter):
    """A starter whose commands of the product are forked."""

    nursery: Nursery | None = None

    def nagarvani(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        ready: Path | None = None,
        within: float = 20,
    ) -> RunningCommand:
        """Fork one of the product's own commands."""
        assert self.nursery is not None
        started = self.nursery.command(*arguments, environment=environment)
        return self.stop_later(started, ready=ready, within=within)


def main() -> None:
    """Import, and fork whatever is asked for."""
    for name in NEEDED:
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that die
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _live(**json.loads(line))
            return
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _live(arguments: list[str], environment: dict[str, str], output: str) -> None:
    """Be that command."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    _write_to(Path(output))
    os.environ.update(environment)
    for dying in (at_statement, in_commit):
        dying.arm()
    sys.argv = ["nagarvani", *arguments]
    importlib.import_module("cli").main()


def _write_to(output: Path) -> None:
    file = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for of, to in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(of, to)


if __name__ == "__main__":
    main()
