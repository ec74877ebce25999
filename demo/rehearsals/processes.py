"""The rehearsals on this machine: folder, lock and ports of each; starting and dropping one."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

import publisher
from demo.folder_lock import lock_folder
from demo.ports import HOST, first_free, is_free, neighbours
from demo.rehearsals import detached
from demo.rehearsals.scenarios import Scenario
from publisher.settings.environment import Settings

FIRST_PORT: Final = 8110
NOTE: Final = "rehearsal.json"
LOG: Final = "log.txt"
MARK: Final = "city.json"
DOOR: Final = Path(publisher.__path__[0]).parent / "cli.py"
#: What the practice platforms import of the extra `sandbox`, which nothing else needs.
SANDBOX_PACKAGES: Final = ("aiosmtpd", "fontpkg")
#: Seconds that the end of a rehearsal may take, and between two looks.
ENDS_WITHIN: Final = 30.0
PAUSE: Final = 0.1


class CannotRehearse(Exception):
    """It cannot be started or dropped; `code` says why, `values` complete the sentence."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class RehearsalStep(StrEnum):
    """How far a rehearsal has come."""

    LAYING = "laying"
    FILLING = "filling"
    READY = "ready"
    ENDED = "ended"


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal that was started and not dropped. `running` is False if its commands are gone.

    `done` of `of` steps of its past are played; 0 of 0 before that begins. `says` is why it ended.
    """

    scenario: Scenario
    folder: Path
    port: int
    begun_at: datetime
    step: RehearsalStep
    running: bool
    done: int = 0
    of: int = 0
    says: str = ""

    @property
    def address(self) -> str:
        """The address of its pages."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """The file with the output of its commands."""
        return self.folder / LOG

    @property
    def practice_address(self) -> str:
        """The address of its sandbox and its letterbox."""
        return f"http://{HOST}:{self.port + 1}"


def are_offered(settings: Settings) -> bool:
    """Return True outside a rehearsal; under https only if the settings allow it."""
    return not settings.rehearsal and (settings.rehearsals or not settings.is_tls)


def has_sandbox() -> bool:
    """Return True if the packages of the practice platforms are installed."""
    return all(find_spec(name) is not None for name in SANDBOX_PACKAGES)


def list_rehearsals(root: Path) -> list[Rehearsal]:
    """Return every rehearsal under this folder, also those that a killed command left behind."""
    rehearsals = (find(root, scenario) for scenario in Scenario)
    return [rehearsal for rehearsal in rehearsals if rehearsal is not None]


def find(root: Path, scenario: Scenario) -> Rehearsal | None:
    """Return the rehearsal of a scenario; None if there is none."""
    folder = root / scenario.value
    note = _read(folder / NOTE)
    if not note:
        return None
    progress = _read(folder / MARK)
    return Rehearsal(
        scenario=scenario,
        folder=folder,
        port=int(str(note["port"])),
        begun_at=datetime.fromisoformat(str(note["begun_at"])),
        step=RehearsalStep(str(note["step"])),
        running=_is_held(root, scenario),
        done=int(str(progress.get("done", 0))),
        of=int(str(progress.get("of", 0))),
        says=str(note.get("says", "")),
    )


def start(root: Path, scenario: Scenario, *, now: datetime, port: int | None = None) -> Rehearsal:
    """Start a rehearsal's command, which goes on by itself; raises `CannotRehearse`."""
    if not has_sandbox():
        raise CannotRehearse("no_sandbox")
    folder = root / scenario.value
    with lock_folder(folder) as lock:
        if lock is None:
            raise CannotRehearse("runs_already", scenario=scenario)
        if folder.exists():
            raise CannotRehearse("left_behind", scenario=scenario)
        with _choosing(root):
            chosen = _ports(root, port)
            folder.mkdir()
            note = {"port": chosen, "begun_at": now.isoformat(), "step": RehearsalStep.LAYING.value}
            keep(folder, **note)
        keep(folder, pid=_start(folder, scenario, chosen, lock))
    begun = find(root, scenario)
    if begun is None:
        raise CannotRehearse("dropped_meanwhile", scenario=scenario)
    return begun


def _start(folder: Path, scenario: Scenario, port: int, lock: IO[str]) -> int:
    """Start the command in a session of its own, so that it outlives its starter; returns its pid.

    It inherits the lock: while a process holds it, the rehearsal runs, even if its starter is gone.
    """
    number = str(lock.fileno())
    options = ("--port", str(port), "--lock", number)
    own = [sys.executable, str(DOOR), "rehearse", "run", scenario.value, str(folder), *options]
    apart = [sys.executable, "-I", "-S", str(detached.__file__), str(folder / LOG), number]
    done = subprocess.run(  # noqa: S603  our own command
        [*apart, *own],
        cwd=folder,  # a folder without a .env of the real city
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        pass_fds=(lock.fileno(),),
        check=True,
    )
    return int(done.stdout)


def drop(root: Path, scenario: Scenario) -> None:
    """End a rehearsal and remove its folder; raises `CannotRehearse`."""
    folder = root / scenario.value
    if not folder.exists():
        raise CannotRehearse("not_there", scenario=scenario)
    _end(root, scenario)
    with lock_folder(folder) as lock:
        if lock is None:
            raise CannotRehearse("does_not_end", scenario=scenario)
        shutil.rmtree(folder, ignore_errors=True)


def _end(root: Path, scenario: Scenario) -> None:
    """Ask its command to end, and wait: the pid is its own only while its lock is held."""
    for turn in range(int(ENDS_WITHIN / PAUSE)):
        if not _is_held(root, scenario):
            return
        pid = _read(root / scenario.value / NOTE).get("pid")
        if turn == 0 and isinstance(pid, int):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGTERM)
        time.sleep(PAUSE)


def keep(folder: Path, **values: object) -> None:
    """Write values into the note of a rehearsal, whole or not at all."""
    file = folder / NOTE
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({**_read(file), **values}))
    draft.replace(file)


def _read(file: Path) -> dict[str, object]:
    try:
        content = json.loads(file.read_text())
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


@contextmanager
def _choosing(root: Path) -> Iterator[None]:
    """Let processes choose ports one after the other, so that each sees the ports noted before."""
    with (root / "ports.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_held(root: Path, scenario: Scenario) -> bool:
    with lock_folder(root / scenario.value, shared=True) as lock:
        return lock is None


def _ports(root: Path, first: int | None) -> int:
    """Return the first of three free ports: `first`, or the first that are free."""
    used = {
        port for other in list_rehearsals(root) if other.running for port in neighbours(other.port)
    }
    if first is not None:
        busy = [port for port in neighbours(first) if port in used or not is_free(port)]
        if busy:
            raise CannotRehearse("port_taken", port=busy[0], first=first)
        return first
    chosen = first_free(FIRST_PORT, used=used)
    if chosen is None:
        raise CannotRehearse("no_port_free")
    return chosen
