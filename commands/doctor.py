"""`nagarvani doctor`: each finding in one line, with what to do where something is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import click

from commands.app_setup import built_files, checked_database
from commands.health_messages import sentence
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import opener
from publisher.now import now
from publisher.operations import health_checks, mail_checks, platform_trial
from publisher.operations.health_checks import HealthFinding
from publisher.people.permissions import COMMAND
from publisher.settings.catalogue import unknown_variables
from publisher.settings.environment import Settings

ASKED: Final = (
    "On each connected page of Facebook a post is made unpublished, looked at, and removed. Go on?"
)


def run(settings: Settings) -> int:
    """Print every finding; returns 1 if anything is wrong, else 0."""
    with Database(settings.database_url) as database:
        return _print_all(_findings(settings, database))


def try_out(settings: Settings, *, yes: bool) -> int:
    """Try on each account what no check can tell, once that was agreed to; gives 1 or 0 as above.

    Nothing is published; a page that publishes an unpublished post all the same has it removed.
    """
    with checked_database(settings) as database:
        if not yes and not click.confirm(ASKED):
            raise click.ClickException("Nothing was tried.")
        return _print_all(
            platform_trial.try_accounts(database, opener(settings), actor=COMMAND, now=now)
        )


def _print_all(findings: Iterable[HealthFinding]) -> int:
    """Print each finding as soon as it is there; returns 1 if anything is wrong, else 0."""
    everything_ok = True
    for finding in findings:
        click.echo(_line(finding))
        everything_ok = everything_ok and finding.ok
    return 0 if everything_ok else 1


def _findings(settings: Settings, database: Database) -> Iterator[HealthFinding]:
    """The tables are only asked where they are there."""
    yield health_checks.check_settings(settings)
    yield from health_checks.check_variables(unknown_variables())
    yield health_checks.check_built(built_files())
    yield health_checks.check_shaping()
    yield health_checks.check_media(settings.media_dir)
    yield health_checks.check_sms(settings.sms)
    yield health_checks.check_letterhead(settings.papers)
    yield mail_checks.check_senders(settings.mail_server)
    yield mail_checks.check_scanner(settings.clamd_url)
    reached = health_checks.check_database(database)
    yield reached
    if reached.code == "unreachable":
        return
    migrations = health_checks.check_migrations(database)
    yield migrations
    if migrations.ok:
        yield from health_checks.check_accounts(database, opener(settings))
        yield from health_checks.check_expiries(database, now=now())
        yield from health_checks.check_monitoring(
            database, now=now(), weekly_after=settings.delivery.weekly_looks_after
        )
        yield from health_checks.check_unread_comments(database, now=now())
        yield from health_checks.check_comments(database, now=now())
        yield mail_checks.check_mailbox(database, settings.imap_url, now=now())
        yield from mail_checks.check_unreadable(database)
        yield from mail_checks.check_ignored(database, now=now())
        yield from mail_checks.check_unscanned(database)
        yield from health_checks.check_appointments(database, now=now())
        yield from health_checks.check_clocks(database, now=now())


def _line(finding: HealthFinding) -> str:
    mark = click.style("ok   ", fg="green") if finding.ok else click.style("wrong", fg="red")
    return f"{mark}  {finding.subject}: {sentence(finding)}"
