"""Runs the demo or a rehearsal: prepares its folder, starts its processes, waits for its end."""

from __future__ import annotations

import http.client
import os
import signal
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from commands.demo import city, table
from commands.demo.environment import DemoEnvironment, check, hold_demo_folder
from commands.demo.processes import Child, Children, Log, end
from commands.demo.separation import DemoStopped
from demo.ports import HOST
from demo.rehearsals import processes
from demo.rehearsals.processes import RehearsalStep
from demo.rehearsals.scenarios import Scenario

PAUSE = 0.2
BETWEEN_LETTERS = 1.0
#: The first page is requested for a minute.
TRIES = 300
#: Reports how far it is, and in the end why it stopped.
Report = Callable[[RehearsalStep, str], None]


def run(*, port: int, fresh: bool, folder: Path) -> int:
    """Run the demo until Ctrl-C or SIGTERM; return the exit code."""
    demo, log = DemoEnvironment(folder, port), Log()

    def show(step: RehearsalStep, _says: str) -> None:
        if step is RehearsalStep.FILLING:
            table.show(demo)
        elif step is RehearsalStep.READY:
            log("demo", f"Everything runs: {demo.address}")

    check(demo)
    with hold_demo_folder(demo, fresh=fresh):
        return _run(demo, log, show)


def run_rehearsal(*, scenario: Scenario, folder: Path, port: int, lock: int) -> int:
    """Run a rehearsal; return the exit code. `lock` is the descriptor of its locked file."""
    os.set_inheritable(lock, False)  # only this command holds it: the rehearsal ends with it

    def keep(step: RehearsalStep, says: str) -> None:
        processes.keep(folder, step=step.value, says=says)

    return _run(DemoEnvironment(folder, port, scenario), Log(), keep)


def _run(demo: DemoEnvironment, log: Log, report: Report) -> int:
    """Run it until Ctrl-C or SIGTERM, reporting each step; return the exit code."""
    from publisher.database.session import migrate

    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        log("demo", f"Laying the demo in {demo.folder}")
        migrate(demo.settings().database_url)
        with Children(demo.environment(), demo.folder, log) as children:
            _start_children(demo, children, stopping)
            if not stopping.is_set():
                report(RehearsalStep.FILLING, "")
                _fill(demo, children, log, stopping)
            if not stopping.is_set():
                _run_clock(demo, children, stopping, report)
            names = ", ".join(child.label for child in children.running)
            log("demo", f"Ending {names} / थांबत आहे")
    except DemoStopped as problem:
        log("demo", str(problem))
        report(RehearsalStep.ENDED, str(problem))
        return 1
    report(RehearsalStep.ENDED, "")
    return 0


def _start_children(demo: DemoEnvironment, children: Children, stopping: threading.Event) -> None:
    """Start the sandbox and the web server, create the city, and wait until both respond."""
    page, practice, letterbox = map(str, demo.ports)
    ports = ("--port", practice, "--smtp-port", letterbox)
    children.start("sandbox", "sandbox", *ports, "--state", "sandbox", is_shown=_is_shown)
    children.start("web", "web", "--port", page)
    city.create_city(demo)
    for port, path in ((demo.port + 1, "/health"), (demo.port, "/sign-in")):
        _await_page(port, path, children, stopping)


def _is_shown(line: str) -> bool:
    # The clock polls the sandbox all the time: its GET requests would bury all other lines.
    return bool(line) and " sandbox GET " not in line


def _await_page(port: int, path: str, children: Children, stopping: threading.Event) -> None:
    """Wait until this page responds. Raises `DemoStopped` if it does not, or a child ended."""
    for _ in range(TRIES):
        if stopping.is_set() or answers(port, path):
            return
        _check_all_run(children)
        stopping.wait(PAUSE)
    raise DemoStopped(f"Nothing answers at port {port}; what was said stands above.")


def answers(port: int, path: str) -> bool:
    """Return True if this page responds."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _fill(demo: DemoEnvironment, children: Children, log: Log, stopping: threading.Event) -> None:
    """Play the script up to the present. Raises `DemoStopped` if a rehearsal cannot be filled."""
    if city.is_finished(demo):
        return
    log.hushed.add("sandbox")  # it has days to catch up with
    seed = children.start("demo", "seed", str(demo.folder), demo.sandbox_address)
    while seed.code is None and not stopping.is_set():
        stopping.wait(PAUSE)
        _check_all_run(children, but=seed)
    if seed.code and not stopping.is_set():
        if demo.scenario is not None:
            raise DemoStopped("The scenario could not be filled.")
        log("demo", "The city is not complete; make demo FRESH=1 starts anew.")
    log.hushed.clear()
    children.running.remove(seed)
    end([seed])


def _run_clock(
    demo: DemoEnvironment, children: Children, stopping: threading.Event, report: Report
) -> None:
    """Start the clock, and wait until `stopping`; a rehearsal has no visitors."""
    # The clock is started last: it would mark all deliveries of the past as missed.
    with city.visitors(demo) if demo.scenario is None else nullcontext() as letters:
        children.start("clock", "clock")
        report(RehearsalStep.READY, "")
        while not stopping.wait(BETWEEN_LETTERS):
            _check_all_run(children)
            if letters is not None:
                letters.read_new()


def _check_all_run(children: Children, but: Child | None = None) -> None:
    """Raise `DemoStopped` if a child other than `but` has ended by itself."""
    for child in children.running:
        if child is not but and child.code is not None:
            raise DemoStopped(
                f"{child.label} has ended (code {child.code}), and so does all of it."
            )
