"""Filling a rehearsal with its scenario, as a command of its own beside the pages."""

from __future__ import annotations

import os
from pathlib import Path

import click

from commands.rehearsing.ground import check_apart
from demo import seeding
from demo.scenarios import Scenario, script_of
from publisher.now import now
from publisher.settings.environment import load


def seed(scenario: Scenario, folder: Path, sandbox_url: str) -> None:
    """Play the scenario; what had to be left out is said."""
    settings = load(os.environ, folder=folder)
    check_apart(settings, folder)
    mark = seeding.Mark.read(folder, now=now())
    left_out = seeding.play(
        settings, mark, sandbox_url=sandbox_url, say=click.echo, script=script_of(scenario)
    )
    for one in left_out:
        click.echo(f"left out: {one}")
