"""The demo's child processes: each in its own group, ended with this one, its lines labelled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import click

import commands
from commands.demo import child_process

PATIENCE = 8.0
DOOR = Path(commands.__path__[0]).parent / "cli.py"
COLOURS = {"demo": "green", "sandbox": "magenta", "web": "cyan", "clock": "yellow"}
_WIDTH = max(map(len, COLOURS))
LineFilter = Callable[[str], bool]


class Log:
    """One log for all, line by line; colours only where a terminal shows them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.hushed: set[str] = set()

    def __call__(self, label: str, text: str) -> None:
        """Write a line under its label, unless that is hushed."""
        if label in self.hushed:
            return
        mark = click.style(f"{label:<{_WIDTH}} │", fg=COLOURS.get(label))
        with self._lock, suppress(BrokenPipeError):
            click.echo(f"{mark} {text}")


@dataclass(frozen=True)
class Child:
    """A command of ours that runs beside."""

    label: str
    popen: subprocess.Popen[str]
    reader: threading.Thread

    @property
    def code(self) -> int | None:
        """Its exit code, None while it runs."""
        return self.popen.poll()

    def ask(self) -> None:
        """Ask it to end, without waiting for it."""
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask it to end, then end whatever is left of its group."""
        self.ask()
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(PATIENCE)
        self._signal(signal.SIGKILL)
        self.popen.wait()
        self.reader.join(1.0)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)


@dataclass
class Children:
    """All of them, stopped at the end of the block.

    The first is what the others speak with: they are all asked to end at once, it after them.
    """

    environment: Mapping[str, str]
    folder: Path
    log: Log
    running: list[Child] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self.running[1:]:
            child.ask()  # each needs a second or two for it, on one core after the other
        for child in reversed(self.running):
            child.stop()

    def start(self, label: str, *arguments: str, wanted: LineFilter = bool) -> Child:
        """Start one of our commands; only wanted lines of what it says are shown.

        Called from the main thread, whose end would be taken for this program's.
        """
        command = [sys.executable, str(DOOR), *arguments]
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
        reader = threading.Thread(target=self._read, args=(label, popen.stdout, wanted))
        reader.daemon = True
        reader.start()
        child = Child(label, popen, reader)
        self.running.append(child)
        return child

    def _read(self, label: str, output: IO[str], wanted: LineFilter) -> None:
        for line in output:
            text = line.rstrip()
            if wanted(text):
                self.log(label, text)

    def ended(self) -> Child | None:
        """One that has ended, though nobody asked it to."""
        return next((child for child in self.running if child.code is not None), None)
