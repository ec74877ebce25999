"""Three webs and three clocks, each as on a machine of its own, on one database and one store.

A machine has a working folder, a folder for temporary files and a cache of its own; what it shares
with the others is in the database and in the store. It dies as a machine does: all its processes
are killed at once, and what it had in memory or in its folder is of no use to the others.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import requests

from publisher.media.configured_store import open_store
from publisher.media.folder_store import FolderStore
from publisher.settings.environment import load
from tests.crash.clock_installation import TIMEOUT, ClockInstallation, open_installation
from tests.crash.servers import OwnServer
from tests.crash.store_line import StoreLine
from tests.crash.timings import Timings
from tests.support.object_stores import start_object_store
from tests.support.processes import RunningCommand, Starter, free_port
from tests.support.runs import wait_until

COUNT = 3
"""The webs, and the clocks."""

TIMINGS = Timings(
    {
        "NAGARVANI_LOOKS": "0.5,1,2,4,8",
        "NAGARVANI_LEASE": "10",
        "NAGARVANI_SEND_DEADLINE": "4",
        "NAGARVANI_CONNECTIONS": "6",
    },
    "&options=-c%20idle_in_transaction_session_timeout%3D6s",
)
"""A twelfth of the real times: six processes, a store and a sandbox share the cores here."""


@dataclass
class Machine:
    """A machine with one process of the product; a clock has no port."""

    name: str
    folder: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int = 0
    process: RunningCommand | None = None

    @property
    def url(self) -> str:
        """The address of a web."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_web(self) -> bool:
        """Whether it serves pages."""
        return bool(self.port)

    def kill(self) -> None:
        """Kill all processes of the machine at once."""
        assert self.process is not None
        for pid in self.process.session():
            with suppress(ProcessLookupError):  # a web worker may follow its parent
                os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: not self._session(), within=TIMEOUT)

    def _session(self) -> list[int]:
        return self.process.session() if self.process else []

    def has_started(self) -> bool:
        """Return whether it works: a web that answers, or a clock that says that it runs."""
        if not self.is_web:
            return self.process is not None and " runs" in self.process.written_output()
        with suppress(requests.RequestException):
            return requests.get(self.url + "/robots.txt", timeout=5).ok
        return False


@dataclass
class Machines:
    """The machines of an installation, and the store that they share."""

    installation: ClockInstallation
    store: Mapping[str, str]
    line: StoreLine
    webs: list[Machine] = field(default_factory=list)
    clocks: list[Machine] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def set_up(self) -> None:
        """Make the machines' folders; the pages have one address, whichever web answers."""
        environment = {
            name: text
            for name, text in self.installation.environment.items()
            if name != "NAGARVANI_MEDIA_DIR"
        }
        self.environment = {**environment, **self.store}
        self.environment["NAGARVANI_MEDIA_ENDPOINT"] = self.line.endpoint
        # What this process stores by the use cases goes where the machines find it, undisturbed.
        own = {
            "NAGARVANI_MEDIA_CACHE_DIR": str(self.installation.folder / "own-cache"),
            "NAGARVANI_MEDIA_ENDPOINT": self.store["NAGARVANI_MEDIA_ENDPOINT"],
        }
        settings = load({**self.environment, **own}, folder=self.installation.folder)
        self.installation.town.store = cast(FolderStore, open_store(settings))  # elsewhere a folder
        ports = [free_port() for _ in range(COUNT)]
        self.environment["NAGARVANI_BASE_URL"] = f"http://127.0.0.1:{ports[0]}"
        for number, port in enumerate(ports):
            web = ("web", "--port", str(port), "--workers", "1")
            self.webs.append(self._machine(f"web-{number}", web, port))
            self.clocks.append(self._machine(f"clock-{number}", ("clock",), 0))

    def _machine(self, name: str, command: tuple[str, ...], port: int) -> Machine:
        folder = self.installation.folder / name
        (folder / "tmp").mkdir(parents=True)
        environment = {
            **self.environment,
            "NAGARVANI_MEDIA_CACHE_DIR": str(folder / "cache"),
            "TMPDIR": str(folder / "tmp"),
        }
        return Machine(name, folder, command, environment, port)

    @property
    def every(self) -> list[Machine]:
        """The webs and the clocks."""
        return [*self.webs, *self.clocks]

    def start(self, *machines: Machine) -> None:
        """Start these machines, and wait until each of them works."""
        for machine in machines:
            machine.process = self.installation.start.nagarvani(
                *machine.command, environment=machine.environment, cwd=machine.folder
            )
        for machine in machines:
            self._wait_for(machine)

    def _wait_for(self, machine: Machine) -> None:
        process = machine.process
        assert process is not None
        wait_until(lambda: machine.has_started() or not process.is_running(), within=TIMEOUT)
        if not machine.has_started():
            raise AssertionError(f"{machine.name} does not work:\n{process.written_output()}")

    def ended_by_themselves(self) -> list[str]:
        """Return the machines that run no longer, with the end of their output."""
        return [
            f"{machine.name}: {machine.process.written_output()[-2_000:]}"
            for machine in self.every
            if machine.process is not None and not machine.process.is_running()
        ]


@contextmanager
def running_machines(start: Starter, server: OwnServer, folder: Path) -> Iterator[Machines]:
    """Run three webs and three clocks on a new database and a new store."""
    url = server.url(server.create())
    store = start_object_store(start)
    with (
        StoreLine(int(store["NAGARVANI_MEDIA_ENDPOINT"].rpartition(":")[2])) as line,
        open_installation(start, url, folder, timings=TIMINGS) as installation,
    ):
        machines = Machines(installation, store, line)
        machines.set_up()
        machines.start(*machines.every)
        try:
            yield machines
        finally:
            for machine in machines.every:
                machine.kill()


def poll(condition: Callable[[], bool], *, within: float) -> bool:
    """Check a condition that costs something four times a second; return whether it became true."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.25)
    return True
