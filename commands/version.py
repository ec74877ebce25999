"""The option `nagarvani --version`, which needs neither settings nor a database."""

from __future__ import annotations

import platform
from importlib import metadata

import click


def print_version(context: click.Context, _option: click.Parameter, is_given: bool) -> None:
    """Print the versions of the package, of Python, and of the tables, and exit."""
    if not is_given or context.resilient_parsing:
        return
    from publisher.database.revisions import shipped_revision

    click.echo(f"nagarvani {metadata.version('nagarvani')}")
    click.echo(f"Python {platform.python_version()}")
    click.echo(f"tables {shipped_revision()}")
    context.exit()
