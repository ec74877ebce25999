"""The group `nagarvani mail`; each command imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from commands.app_setup import command_settings


@click.group()
def mail() -> None:
    """The mails that come to the Social Media Cell, and a try whether mails leave."""


@mail.command("read")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
def read(files: tuple[Path, ...]) -> None:
    """Read raw mails as the mailbox is read; print what became of each, one line of JSON."""
    from commands.mail import read_files

    read_files(command_settings(), files)


@mail.command("test")
@click.argument("address")
def test(address: str) -> None:
    """Send one mail to ADDRESS; print what the mail server answered."""
    from commands.mail import send_test

    send_test(command_settings(), address)
