"""The group `nagarvani db`; each command imports what it needs when it runs."""

from __future__ import annotations

import sys

import click

from commands.app_setup import command_settings
from publisher.settings.environment import load


@click.group()
def db() -> None:
    """The tables of the database, and those that this version needs."""


@db.command()
def status() -> None:
    """Say which revision the tables have, and which migrations are pending."""
    from commands.db import status

    sys.exit(status(load()))


@db.command()
def upgrade() -> None:
    """Migrate the tables to this version; stop web and clock before."""
    from commands.db import upgrade

    upgrade(command_settings())
