"""The commands `queue`, `stop-all` and `release`; each imports what it needs when it runs."""

from __future__ import annotations

import click

from commands.app_setup import command_settings


@click.command()
def queue() -> None:
    """Say what is due, late, unconfirmed or held, and which messages are queued."""
    from commands.publishing import show_queue

    show_queue(command_settings())


@click.command("stop-all")
@click.option("--reason", required=True, help="Everybody reads it at the top of every page.")
def stop_all(reason: str) -> None:
    """Stop all publishing at once; only hiding and deleting still work."""
    from commands.publishing import stop

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
    from commands.publishing import release_all

    release_all(command_settings(), reason, accepted_in_doubt=accept_in_doubt)
