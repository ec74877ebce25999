"""Filling a rehearsal with its scenario, as a command of its own beside the pages."""

from __future__ import annotations

import os
from pathlib import Path

import click

from commands.rehearsing.ground import check_apart
from demo.rehearsals.scenarios import Scenario, script_of
from demo.seeding.play import play
from demo.seeding.progress import Progress
from publisher.now import now
from publisher.settings.environment import load


def seed(scenario: Scenario, folder: Path, sandbox_url: str) -> None:
    """Play the scenario; what had to be left out is said."""
    settings = load(os.environ, folder=folder)
    check_apart(settings, folder)
    progress, script = Progress.read(folder, now=now()), script_of(scenario)
    for reason in play(script, settings, progress, sandbox_url=sandbox_url, say=click.echo):
        click.echo(f"left out: {reason}")
