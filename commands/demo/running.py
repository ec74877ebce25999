"""Runs the demo: prepares its folder, starts its processes, and waits until the user ends it."""

from __future__ import annotations

import http.client
import signal
import threading
from pathlib import Path

from commands.demo import city, table
from commands.demo.environment import HOST, DemoEnvironment, check, locked_folder
from commands.demo.processes import Child, Children, Log, end

PAUSE = 0.2
BETWEEN_LETTERS = 1.0
#: For a minute somebody is asked for the first page.
TRIES = 300


class DemoStopped(Exception):
    """The demo cannot continue; the message says why in one sentence."""


def run(*, port: int, fresh: bool, folder: Path) -> int:
    """Run the demo until Ctrl-C or SIGTERM; return the exit code."""
    demo, log, stopping = DemoEnvironment(folder, port), Log(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    check(demo)
    with locked_folder(demo, fresh=fresh):
        prepare(demo, log)
        with Children(demo.environment(), folder, log) as children:
            try:
                start_children(demo, children, stopping)
                if not stopping.is_set():
                    table.show(demo)
                _fill_and_run(demo, children, log, stopping)
            except DemoStopped as problem:
                log("demo", str(problem))
                return 1
            names = ", ".join(child.label for child in children.running)
            log("demo", f"Ending {names} / थांबत आहे")
    return 0


def prepare(demo: DemoEnvironment, log: Log) -> None:
    """Make the tables of the database."""
    from publisher.database.session import migrate

    log("demo", f"Laying the demo in {demo.folder}")
    migrate(demo.settings().database_url)


def start_children(demo: DemoEnvironment, children: Children, stopping: threading.Event) -> None:
    """Start the sandbox and the web server, create the city, and wait until both respond."""
    page, practice, letterbox = map(str, demo.ports)
    ports = ("--port", practice, "--smtp-port", letterbox)
    children.start("sandbox", "sandbox", *ports, "--state", "sandbox", is_shown=_is_shown)
    children.start("web", "web", "--port", page)
    city.create_city(demo)
    for port, path in ((demo.port + 1, "/health"), (demo.port, "/sign-in")):
        wait_for(port, path, children, stopping)


def _is_shown(line: str) -> bool:
    # The clock polls the sandbox all the time: its GET requests would bury all other lines.
    return bool(line) and " sandbox GET " not in line


def wait_for(port: int, path: str, children: Children, stopping: threading.Event) -> None:
    """Wait until this page responds. Raises `DemoStopped` if it does not, or a child ended."""
    for _ in range(TRIES):
        if stopping.is_set() or _answers(port, path):
            return
        check_all_run(children)
        stopping.wait(PAUSE)
    raise DemoStopped(f"Nothing answers at port {port}; what was said stands above.")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _fill_and_run(
    demo: DemoEnvironment, children: Children, log: Log, stopping: threading.Event
) -> None:
    """Play the script up to the present, then start the clock, and wait until `stopping`."""
    # The clock is started last: it would mark all deliveries of the past as missed.
    if not city.is_finished(demo):
        log.hushed.add("sandbox")  # it has days to catch up with
        seed = children.start("demo", "seed", str(demo.folder), demo.sandbox_address)
        wait_for_end(seed, children, stopping)
        if seed.code and not stopping.is_set():
            log("demo", "The city is not complete; make demo FRESH=1 starts anew.")
        log.hushed.clear()
        children.running.remove(seed)
        end([seed])
    if stopping.is_set():
        return
    city.let_facebook_tell(demo)
    children.start("clock", "clock")
    log("demo", f"Everything runs: {demo.address}")
    with city.letters_of(demo) as letters:
        while not stopping.wait(BETWEEN_LETTERS):
            check_all_run(children)
            letters.read_new()


def wait_for_end(seed: Child, children: Children, stopping: threading.Event) -> None:
    """Wait until the seeding has ended, or until `stopping`."""
    while seed.code is None and not stopping.is_set():
        stopping.wait(PAUSE)
        check_all_run(children, but=seed)


def check_all_run(children: Children, but: Child | None = None) -> None:
    """Raise `DemoStopped` if a child other than `but` has ended by itself."""
    for child in children.running:
        if child is not but and child.code is not None:
            raise DemoStopped(
                f"{child.label} has ended (code {child.code}), and so does all of it."
            )
