"""`nagarvani tasks check`: whether the open tasks equal what each subject asks for."""

from __future__ import annotations

import click

from commands.app_setup import open_database
from publisher.now import now
from publisher.settings.environment import Settings
from publisher.tasks.check import repair as repair_all
from publisher.tasks.check import wrong_tasks


def check(settings: Settings, *, repair: bool) -> int:
    """Print each task that differs; returns 0 if none does, or if they were repaired."""
    with open_database(settings) as database:
        with database.reading() as session:
            wrong = list(wrong_tasks(session, now=now()))
        for task in wrong:
            click.echo(f"{task.fault}: {task.kind}, {task.subject} {task.subject_id}")
        if wrong and repair:
            click.echo(f"Repaired: {repair_all(database, now=now())}")
    if not wrong:
        click.echo("The tasks are right.")
    return 1 if wrong and not repair else 0
