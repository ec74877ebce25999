"""Starting, listing and dropping rehearsals from a terminal, in sentences."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import click

from commands.app_setup import NO_SANDBOX
from commands.demo.running import answers
from demo.people import first_people
from demo.rehearsals import processes
from demo.rehearsals.processes import CannotRehearse, Rehearsal, RehearsalStep
from demo.rehearsals.scenarios import Scenario
from publisher.now import now
from publisher.settings.environment import Settings

WAITS: Final = 120.0
PAUSE: Final = 0.3
SENTENCES: Final[Mapping[str, str]] = {
    "no_sandbox": NO_SANDBOX,
    "runs_already": "The rehearsal “{scenario}” runs already; nagarvani rehearse list says where.",
    "left_behind": "The rehearsal “{scenario}” was left behind: nagarvani rehearse drop {scenario}",
    "not_there": "There is no rehearsal “{scenario}”.",
    "does_not_end": "The rehearsal “{scenario}” does not end; whoever started it has to end it.",
    "dropped_meanwhile": "The rehearsal “{scenario}” was dropped while it started.",
    "port_taken": "Port {port} is taken, and a rehearsal needs three from {first} on: choose others"
    " with --port, or leave it out.",
    "no_port_free": "No three neighbouring ports are free on this machine.",
}


def start(settings: Settings, scenario: Scenario, *, port: int | None) -> None:
    """Start a rehearsal, wait until a page answers, and say where."""
    if not processes.are_offered(settings):
        raise click.ClickException(
            "This house offers no rehearsals; NAGARVANI_REHEARSALS=1 would allow them."
        )
    try:
        begun = processes.start(settings.rehearsals_dir, scenario, now=now(), port=port)
    except CannotRehearse as problem:
        raise _click_error(problem) from problem
    _wait_for_a_page(settings, begun)
    click.secho(
        f"\n  सराव – हे खरे नाही · rehearsal “{begun.scenario}”    {begun.address}", bold=True
    )
    click.echo(f"  नागरिक, टपालपेटी · citizens, letterbox    {begun.practice_address}")
    click.echo(f"  संपविण्यासाठी · to drop it: nagarvani rehearse drop {begun.scenario}\n")
    for person in first_people():
        click.echo(f"  {person.mail:<32} {person.password:<24} {person.name_en}")
    click.echo()


def _click_error(problem: CannotRehearse) -> click.ClickException:
    return click.ClickException(SENTENCES[problem.code].format(**problem.values))


def _wait_for_a_page(settings: Settings, begun: Rehearsal) -> None:
    for _ in range(int(WAITS / PAUSE)):
        rehearsal = processes.find(settings.rehearsals_dir, begun.scenario)
        if rehearsal is None or not rehearsal.running:
            reason = rehearsal.says if rehearsal and rehearsal.says else "it ended by itself"
            raise click.ClickException(f"{reason} ({begun.log})")
        if answers(begun.port, "/sign-in"):
            return
        time.sleep(PAUSE)
    raise click.ClickException(f"No page answers at {begun.address}")


def show(settings: Settings) -> None:
    """List every rehearsal, a line each."""
    rehearsals = processes.list_rehearsals(settings.rehearsals_dir)
    if not rehearsals:
        click.echo("No rehearsal was started.")
    for rehearsal in rehearsals:
        click.echo(f"{rehearsal.scenario:<10} {_status(rehearsal)}")


def _status(one: Rehearsal) -> str:
    if not one.running:
        return f"not running{f' ({one.says})' if one.says else ''}"
    if one.step is RehearsalStep.READY:
        return f"runs at {one.address}"
    done = f", {100 * one.done // one.of} %" if one.of else ""
    return f"is being filled{done}, at {one.address}"


def drop(settings: Settings, scenario: Scenario) -> None:
    """End a rehearsal and remove what it stored."""
    try:
        processes.drop(settings.rehearsals_dir, scenario)
    except CannotRehearse as problem:
        raise _click_error(problem) from problem
    click.echo(f"Dropped “{scenario}”.")
