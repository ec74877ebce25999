"""From an empty folder to a page that answers, and on until somebody ends it."""

from __future__ import annotations

import http.client
import signal
import threading
from pathlib import Path

from commands.app_setup import font_file
from commands.demo import city, table
from commands.demo.environment import HOST, DemoEnvironment, check, held
from commands.demo.processes import Child, Children, Log

PAUSE = 0.2
#: For a minute somebody is asked for the first page.
TRIES = 300


class DemoStopped(Exception):
    """The demo cannot go on, and the sentence says why."""


def run(*, port: int, fresh: bool, folder: Path) -> int:
    """Run the demo until Ctrl-C or SIGTERM; gives the exit code."""
    ground, log, stopping = DemoEnvironment(folder, port), Log(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    check(ground)
    with held(ground, fresh=fresh):
        lay(ground, log)
        with Children(ground.environment(), folder, log) as children:
            try:
                begin(ground, children, stopping)
                if not stopping.is_set():
                    table.show(ground)
                _fill_and_run(ground, children, log, stopping)
            except DemoStopped as problem:
                log("demo", str(problem))
                return 1
            log("demo", "Ending / थांबत आहे")
    return 0


def lay(ground: DemoEnvironment, log: Log) -> None:
    """The font, and the database with its tables."""
    from publisher.database.session import migrate
    from publisher.i18n.fonts import make_font

    log("demo", f"Laying the demo in {ground.folder}")
    make_font(font_file())
    migrate(ground.settings().database_url)


def begin(ground: DemoEnvironment, children: Children, stopping: threading.Event) -> None:
    """Sandbox, web and the cast, until a page answers."""
    page, practice, letterbox = map(str, ground.ports)
    ports = ("--port", practice, "--smtp-port", letterbox)
    children.start("sandbox", "sandbox", *ports, "--state", "sandbox", wanted=_is_shown)
    children.start("web", "web", "--port", page)
    city.found(ground)
    for port, path in ((ground.port + 1, "/health"), (ground.port, "/sign-in")):
        wait_for(port, path, children, stopping)


def _is_shown(line: str) -> bool:
    """What the practice platforms are asked again and again would bury all else."""
    return bool(line) and " sandbox GET " not in line


def wait_for(port: int, path: str, children: Children, stopping: threading.Event) -> None:
    """Until this page answers; raises `DemoStopped` where none does, or a child has ended."""
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
    ground: DemoEnvironment, children: Children, log: Log, stopping: threading.Event
) -> None:
    """Let the city live up to today, then start the clock, and run until somebody asks to end.

    The clock waits for the city: it would find everything of the past far too late.
    """
    if not city.is_finished(ground):
        log.hushed.add("sandbox")  # it has days to catch up with
        seed = children.start("demo", "seed", str(ground.folder), ground.sandbox_address)
        wait_for_end(seed, children, stopping)
        if seed.code and not stopping.is_set():
            log("demo", "The city is not complete; make demo FRESH=1 starts anew.")
        log.hushed.clear()
        children.running.remove(seed)
        seed.stop()
    if stopping.is_set():
        return
    children.start("clock", "clock")
    log("demo", f"Everything runs: {ground.address}")
    while not stopping.wait(PAUSE):
        check_all_run(children)


def wait_for_end(seed: Child, children: Children, stopping: threading.Event) -> None:
    """Until the seeding is over, or somebody asks to end."""
    while seed.code is None and not stopping.is_set():
        stopping.wait(PAUSE)
        check_all_run(children, but=seed)


def check_all_run(children: Children, but: Child | None = None) -> None:
    """Raise `DemoStopped` where a child has ended by itself."""
    for child in children.running:
        if child is not but and child.code is not None:
            raise DemoStopped(
                f"{child.label} has ended (code {child.code}), and so does all of it."
            )
