"""The demo's child processes: each in a process group of its own, ended with this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import click

import commands
from commands.demo import child_process

#: The seconds that all but the sandbox have to end, and that the sandbox has after them.
PATIENCE = 5.0
CLI_FILE = Path(commands.__path__[0]).parent / "cli.py"
COLOURS = {"demo": "green", "sandbox": "magenta", "web": "cyan", "clock": "yellow"}
_WIDTH = max(map(len, COLOURS))
LineFilter = Callable[[str], bool]


class Log:
    """Prints the lines of all processes, each with its label; coloured on a terminal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.hushed: set[str] = set()

    def __call__(self, label: str, text: str) -> None:
        """Print a line with its label, unless the label is in `hushed`."""
        if label in self.hushed:
            return
        mark = click.style(f"{label:<{_WIDTH}} │", fg=COLOURS.get(label))
        with self._lock, suppress(BrokenPipeError):
            click.echo(f"{mark} {text}")


@dataclass(frozen=True)
class Child:
    """A running command of ours, and the thread that reads its output."""

    label: str
    popen: subprocess.Popen[str]
    reader: threading.Thread

    @property
    def code(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self.popen.poll()

    def terminate(self) -> None:
        """Send SIGTERM, without waiting."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill what is left of its group."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)


def end(children: Sequence[Child]) -> None:
    """End these together, and kill after `PATIENCE` seconds what is left of them."""
    for child in children:
        child.terminate()  # each needs a second or two for it, on one core after the other
    killer = threading.Timer(PATIENCE, _kill, [children])
    killer.start()
    for child in children:
        child.popen.wait()
    killer.cancel()
    _kill(children)
    for child in children:
        child.reader.join(1.0)


def _kill(children: Sequence[Child]) -> None:
    for child in children:
        child.kill()


@dataclass
class Children:
    """All child processes; they are stopped at the end of the block, the first one last."""

    environment: Mapping[str, str]
    folder: Path
    log: Log
    running: list[Child] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The first is the sandbox, which the others call until they have ended.
        for children in (self.running[1:], self.running[:1]):
            end(children)
            if children:
                self.log("demo", f"{', '.join(child.label for child in children)}: ended")

    def start(self, label: str, *arguments: str, is_shown: LineFilter = bool) -> Child:
        """Start one of our commands; only lines of its output that pass `is_shown` are printed."""
        # Call it in the main thread: a child is ended with the thread that started it.
        command = [sys.executable, str(CLI_FILE), *arguments]
        tie = [sys.executable, "-I", "-S", str(child_process.__file__), str(os.getpid())]
        popen = subprocess.Popen(  # noqa: S603  our own commands
            [*tie, *command],
            cwd=self.folder,  # where no .env of the real house lies
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )
        reader = threading.Thread(target=self._read, args=(label, popen.stdout, is_shown))
        reader.daemon = True
        reader.start()
        child = Child(label, popen, reader)
        self.running.append(child)
        return child

    def _read(self, label: str, output: IO[str], is_shown: LineFilter) -> None:
        for line in output:
            text = line.rstrip()
            if is_shown(text):
                self.log(label, text)
