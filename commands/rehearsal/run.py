"""Runs a rehearsal: sandbox, web server and clock as child processes, filled with its scenario."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import click

from commands.demo.processes import Children, Log, end
from commands.demo.running import (
    PAUSE,
    DemoStopped,
    check_all_run,
    prepare,
    start_children,
    wait_for_end,
)
from commands.rehearsal.environment import NotApart, RehearsalEnvironment, check_apart
from demo.rehearsals import processes
from demo.rehearsals.processes import RehearsalStep
from demo.rehearsals.scenarios import Scenario, script_of
from demo.seeding.play import play
from demo.seeding.progress import Progress
from publisher.now import now
from publisher.settings.environment import load


def run(*, scenario: Scenario, folder: Path, port: int, lock: int) -> int:
    """Run a rehearsal; return the exit code. `lock` is the descriptor of its locked file."""
    os.set_inheritable(lock, False)  # held by this command alone: with it the rehearsal is over
    rehearsal, log, stopping = (
        RehearsalEnvironment(folder, port, scenario),
        Log(),
        threading.Event(),
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        rehearsal.settings()
        prepare(rehearsal, log)
        with Children(rehearsal.environment(), folder, log) as children:
            _fill_and_run(rehearsal, children, stopping)
    except (DemoStopped, NotApart) as problem:
        log("demo", str(problem))
        processes.keep(folder, step=RehearsalStep.ENDED.value, says=str(problem))
        return 1
    processes.keep(folder, step=RehearsalStep.ENDED.value)
    return 0


def _fill_and_run(
    rehearsal: RehearsalEnvironment, children: Children, stopping: threading.Event
) -> None:
    """Start the pages, play the scenario up to the present, then start the clock."""
    start_children(rehearsal, children, stopping)
    if stopping.is_set():
        return
    processes.keep(rehearsal.folder, step=RehearsalStep.FILLING.value)
    arguments = (rehearsal.scenario.value, str(rehearsal.folder), rehearsal.sandbox_address)
    seed = children.start("demo", "rehearse", "seed", *arguments)
    wait_for_end(seed, children, stopping)
    if stopping.is_set():
        return
    if seed.code:
        raise DemoStopped("The scenario could not be filled.")
    children.running.remove(seed)
    end([seed])
    children.start("clock", "clock")
    processes.keep(rehearsal.folder, step=RehearsalStep.READY.value)
    while not stopping.wait(PAUSE):
        check_all_run(children)


def seed(scenario: Scenario, folder: Path, sandbox_url: str) -> None:
    """Play the scenario, and print the steps that were skipped."""
    settings = load(os.environ, folder=folder)
    check_apart(settings, folder)
    progress, script = Progress.read(folder, now=now()), script_of(scenario)
    for reason in play(script, settings, progress, sandbox_url=sandbox_url, say=click.echo):
        click.echo(f"left out: {reason}")
