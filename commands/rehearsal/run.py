"""A rehearsal's own command: sandbox, web and clock as its children, until it is asked to end.

Filling a rehearsal with its scenario, as a command of its own beside the pages.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import click

from commands.demo.processes import Children, Log
from commands.demo.running import PAUSE, DemoStopped, begin, check_all_run, lay, wait_for_end
from commands.rehearsal.environment import NotApart, RehearsalGround, check_apart
from demo.rehearsals import processes
from demo.rehearsals.processes import RehearsalStep
from demo.rehearsals.scenarios import Scenario, script_of
from demo.seeding.play import play
from demo.seeding.progress import Progress
from publisher.now import now
from publisher.settings.environment import load


def run(*, scenario: Scenario, folder: Path, port: int, lock: int) -> int:
    """Run a rehearsal; gives the exit code. `lock` is the number of the file that keeps it."""
    os.set_inheritable(lock, False)  # held by this command alone: with it the rehearsal is over
    ground, log, stopping = RehearsalGround(folder, port, scenario), Log(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        ground.settings()
        lay(ground, log)
        with Children(ground.environment(), folder, log) as children:
            _fill_and_run(ground, children, stopping)
    except (DemoStopped, NotApart) as problem:
        log("demo", str(problem))
        processes.keep(folder, step=RehearsalStep.ENDED.value, says=str(problem))
        return 1
    processes.keep(folder, step=RehearsalStep.ENDED.value)
    return 0


def _fill_and_run(ground: RehearsalGround, children: Children, stopping: threading.Event) -> None:
    """Open the pages, let the scenario live up to now, then start the clock."""
    begin(ground, children, stopping)
    if stopping.is_set():
        return
    processes.keep(ground.folder, step=RehearsalStep.FILLING.value)
    arguments = (ground.scenario.value, str(ground.folder), ground.sandbox_address)
    seed = children.start("demo", "rehearse", "seed", *arguments)
    wait_for_end(seed, children, stopping)
    if stopping.is_set():
        return
    if seed.code:
        raise DemoStopped("The scenario could not be filled.")
    children.running.remove(seed)
    seed.stop()
    children.start("clock", "clock")
    processes.keep(ground.folder, step=RehearsalStep.READY.value)
    while not stopping.wait(PAUSE):
        check_all_run(children)


def seed(scenario: Scenario, folder: Path, sandbox_url: str) -> None:
    """Play the scenario; what had to be left out is said."""
    settings = load(os.environ, folder=folder)
    check_apart(settings, folder)
    progress, script = Progress.read(folder, now=now()), script_of(scenario)
    for reason in play(script, settings, progress, sandbox_url=sandbox_url, say=click.echo):
        click.echo(f"left out: {reason}")
