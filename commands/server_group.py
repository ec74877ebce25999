"""The commands of a server's administrator; each imports what it needs when it runs."""

from __future__ import annotations

import sys

import click

from commands.app_setup import command_settings


@click.group()
def config() -> None:
    """The settings that are in force."""


@config.command()
def show() -> None:
    """Print every setting as it is in force, and whether it is set; secrets are masked."""
    from commands.config import show

    show()


@config.command()
def sms() -> None:
    """Print what to register with an SMS operator: header, addresses, and a text a kind."""
    from commands.config import show_sms

    show_sms(command_settings())


@click.group()
def db() -> None:
    """The tables of the database, and those that this version needs."""


@db.command()
def status() -> None:
    """Say which revision the tables have, and which migrations are pending."""
    from commands.db import status

    sys.exit(status(command_settings()))


@db.command()
def upgrade() -> None:
    """Migrate the tables to this version; stop web and clock before."""
    from commands.db import upgrade

    upgrade(command_settings())


@click.group()
def tasks() -> None:
    """Whose turn it is: the rows that pages, counts and messages read."""


@tasks.command()
@click.option("--repair", is_flag=True, help="Write the rows anew that differ; nobody is told.")
def check(repair: bool) -> None:
    """Compare the rows with what each open subject asks for; list what differs."""
    from commands.tasks import check

    sys.exit(check(command_settings(), repair=repair))


@click.command()
def queue() -> None:
    """Say what is due, late, unconfirmed or held, and which messages are queued."""
    from commands.outbox import show_queue

    show_queue(command_settings())


@click.command("stop-all")
@click.option("--reason", required=True, help="Everybody reads it at the top of every page.")
def stop_all(reason: str) -> None:
    """Stop all publishing at once; only hiding and deleting still work."""
    from commands.outbox import stop

    stop(command_settings(), reason)


@click.command()
@click.option("--reason", required=True, help="Why publishing may start again.")
@click.option(
    "--accept-in-doubt",
    default=0,
    show_default=True,
    help="After a restore: so many posts that may be published already may leave again.",
)
def release(reason: str, accept_in_doubt: int) -> None:
    """Release every stop that is in force; publishing starts again."""
    from commands.outbox import release_all

    release_all(command_settings(), reason, accepted_in_doubt=accept_in_doubt)


@click.group()
def media() -> None:
    """Where photos, videos and mails are kept."""


_although_missing = click.option(
    "--although-missing", is_flag=True, help="Go on without media that are lost for good."
)


@media.command("copy")
@click.argument("to", metavar="TO")
@_although_missing
def copy_media(to: str, although_missing: bool) -> None:
    """Move to the store TO: file:///whole/path, or s3://bucket/prefix.

    Everything is copied and compared while web and clock run; to switch they have to be stopped.
    """
    from commands.media import copy

    copy(command_settings(), to, although_missing=although_missing)


@media.command("adopt")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_although_missing
def adopt_media(yes: bool, although_missing: bool) -> None:
    """Say that the store of the settings is this database's, whatever it was before."""
    from commands.media import adopt

    adopt(command_settings(), yes=yes, although_missing=although_missing)
