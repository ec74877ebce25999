"""The group `nagarvani register`; each command imports what it needs when it runs."""

from __future__ import annotations

import click

from commands.app_setup import command_settings


@click.group()
def register() -> None:
    """The register of departments and who is named for them."""


@register.command("annex")
@click.option("--on", help="A day such as 2021-07-14; without it, today.")
@click.option("--format", "_format", type=click.Choice(["csv"]), default="csv", show_default=True)
def print_annex(on: str | None, _format: str) -> None:
    """Print the departments that had named no officer by the end of a day."""
    from commands.register import print_annex as print_annex_of

    print_annex_of(command_settings(), on)
