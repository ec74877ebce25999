"""The group `nagarvani config`; each command imports what it needs when it runs."""

from __future__ import annotations

import click


@click.group()
def config() -> None:
    """The settings that are in force."""


@config.command()
def show() -> None:
    """Print every setting as it is in force, and whether it is set; secrets are masked."""
    from commands.config import show

    show()
