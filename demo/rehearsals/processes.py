"""Where each rehearsal stands: its folder, its lock, its ports; beginning one and dropping one."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

import publisher
from demo.rehearsals import detached
from demo.rehearsals.scenarios import Scenario
from publisher.settings.environment import Settings

HOST: Final = "127.0.0.1"
FIRST_PORT: Final = 8110
#: Pages, practice platforms and letterbox: three neighbouring ports.
PORTS: Final = 3
APART: Final = 10
LAST_PORT: Final = 65_500
NOTE: Final = "rehearsal.json"
LOG: Final = "log.txt"
MARK: Final = "city.json"
DOOR: Final = Path(publisher.__path__[0]).parent / "cli.py"
#: How long ending one may take, looked at so often.
ENDS_WITHIN: Final = 30.0
PAUSE: Final = 0.1


class CannotRehearse(Exception):
    """It cannot be begun or dropped; `code` says why, `values` complete the sentence."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class Step(StrEnum):
    """How far a rehearsal has come."""

    LAYING = "laying"
    FILLING = "filling"
    READY = "ready"
    ENDED = "ended"


@dataclass(frozen=True)
class Rehearsal:
    """One that was begun and not dropped. `running` is False where its commands are gone.

    `done` of `of` steps of its past are played; 0 of 0 before that begins. `says` is why it ended.
    """

    scenario: Scenario
    folder: Path
    port: int
    begun_at: datetime
    step: Step
    running: bool
    done: int = 0
    of: int = 0
    says: str = ""

    @property
    def address(self) -> str:
        """Where its pages are."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """The file with all that its commands said."""
        return self.folder / LOG

    @property
    def practice_address(self) -> str:
        """Where its practice platforms and its letterbox are."""
        return f"http://{HOST}:{self.port + 1}"


def are_offered(settings: Settings) -> bool:
    """Whether this house offers rehearsals: not inside one, and under https only where allowed."""
    return not settings.rehearsal and (settings.rehearsals or not settings.is_tls)


def all_in(root: Path) -> list[Rehearsal]:
    """Every rehearsal under this folder, those left behind by a killed command too."""
    found = (find(root, scenario) for scenario in Scenario)
    return [one for one in found if one is not None]


def find(root: Path, scenario: Scenario) -> Rehearsal | None:
    """The rehearsal of a scenario; None where there is none."""
    folder = root / scenario.value
    note = _read(folder / NOTE)
    if not note:
        return None
    mark = _read(folder / MARK)
    return Rehearsal(
        scenario=scenario,
        folder=folder,
        port=int(str(note["port"])),
        begun_at=datetime.fromisoformat(str(note["begun_at"])),
        step=Step(str(note["step"])),
        running=_is_held(root, scenario),
        done=int(str(mark.get("done", 0))),
        of=int(str(mark.get("of", 0))),
        says=str(note.get("says", "")),
    )


def start(root: Path, scenario: Scenario, *, now: datetime, port: int | None = None) -> Rehearsal:
    """Start a rehearsal's command, which goes on by itself. Raises `CannotRehearse`."""
    with _locked(root, scenario) as lock:
        if lock is None:
            raise CannotRehearse("runs_already", scenario=scenario)
        if (root / scenario.value).exists():
            raise CannotRehearse("left_behind", scenario=scenario)
        folder = root / scenario.value
        with _choosing(root):
            chosen = _ports(root, port)
            folder.mkdir()
            note = {"port": chosen, "begun_at": now.isoformat(), "step": Step.LAYING.value}
            keep(folder, **note)
        keep(folder, pid=_start(folder, scenario, chosen, lock))
    begun = find(root, scenario)
    if begun is None:
        raise CannotRehearse("dropped_meanwhile", scenario=scenario)
    return begun


def _start(folder: Path, scenario: Scenario, port: int, lock: IO[str]) -> int:
    """The command in a session of its own, so that it outlives whoever began it.

    It is given the lock: held by somebody means that it runs, whatever became of its starter.
    """
    number = str(lock.fileno())
    given = ("--port", str(port), "--lock", number)
    own = [sys.executable, str(DOOR), "rehearse", "run", scenario.value, str(folder), *given]
    apart = [sys.executable, "-I", "-S", str(detached.__file__), str(folder / LOG), number]
    said = subprocess.run(  # noqa: S603  our own command
        [*apart, *own],
        cwd=folder,  # where no .env of the real house lies
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        pass_fds=(lock.fileno(),),
        check=True,
    )
    return int(said.stdout)


def drop(root: Path, scenario: Scenario) -> None:
    """End a rehearsal and remove all that it kept. Raises `CannotRehearse`."""
    folder = root / scenario.value
    if not folder.exists():
        raise CannotRehearse("not_there", scenario=scenario)
    _end(root, scenario)
    with _locked(root, scenario) as lock:
        if lock is None:
            raise CannotRehearse("does_not_end", scenario=scenario)
        shutil.rmtree(folder, ignore_errors=True)


def _end(root: Path, scenario: Scenario) -> None:
    """Ask its command to end, and wait until it has: only while its lock is held is it its pid."""
    for turn in range(int(ENDS_WITHIN / PAUSE)):
        if not _is_held(root, scenario):
            return
        pid = _read(root / scenario.value / NOTE).get("pid")
        if turn == 0 and isinstance(pid, int):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGTERM)
        time.sleep(PAUSE)


def keep(folder: Path, **values: object) -> None:
    """Note something of a rehearsal, whole or not at all."""
    file = folder / NOTE
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({**_read(file), **values}))
    draft.replace(file)


def _read(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_text())
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def _locked(root: Path, scenario: Scenario, *, shared: bool = False) -> Iterator[IO[str] | None]:
    """The lock of a rehearsal; None where somebody else holds it. It lies beside the folder."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / f"{scenario.value}.lock").open("a") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file


@contextmanager
def _choosing(root: Path) -> Iterator[None]:
    """One after the other: whoever chooses ports sees those that the one before has noted."""
    with (root / "ports.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_held(root: Path, scenario: Scenario) -> bool:
    with _locked(root, scenario, shared=True) as lock:
        return lock is None


def _ports(root: Path, wanted: int | None) -> int:
    """The first of three free ports: the one that is wanted, or the first that are free."""
    taken = {port for one in all_in(root) if one.running for port in _three(one.port)}
    if wanted is not None:
        busy = [port for port in _three(wanted) if not _is_free(port)]
        if busy or taken & set(_three(wanted)):
            raise CannotRehearse("port_taken", port=(busy or [wanted])[0], first=wanted)
        return wanted
    for first in range(FIRST_PORT, LAST_PORT, APART):
        if not taken & set(_three(first)) and all(_is_free(port) for port in _three(first)):
            return first
    raise CannotRehearse("no_port_free")


def _three(first: int) -> range:
    return range(first, first + PORTS)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections of an earlier one that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
