"""`nagarvani doctor`: each finding in one line, with what to do if something is wrong.

With `--json` it prints one object for programs, described in `docs/running.md`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from enum import IntEnum
from importlib import metadata
from typing import Final

import click

from commands.app_setup import account_opener, built_files, open_database
from commands.health_messages import sentence
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import Vault
from publisher.media.configured_store import open_store
from publisher.now import now
from publisher.operations import (
    account_checks,
    health_checks,
    installation_checks,
    mail_checks,
    outgoing_checks,
    platform_trial,
    reading_checks,
    task_checks,
)
from publisher.operations.health_checks import HealthFinding
from publisher.operations.sealed_tokens import check_factors
from publisher.operations.store_identity import check_store
from publisher.people.permissions import COMMAND
from publisher.settings.catalogue import unknown_variables
from publisher.settings.environment import Settings

ASKED: Final = (
    "On each connected page of Facebook a post is made unpublished, looked at, and removed. Go on?"
)

SHAPE: Final = 1
"""The version of the shape of `--json`; a key that is removed or renamed raises it."""

WARNINGS: Final = frozenset(
    {
        *("unknown_near", "unknown_variable", "no_second_factor", "sms_unknown", "sms_codes"),
        *("token_ends", "data_ends", "looks_late", "comments_unread", "comments_unstored"),
        *("mailbox_unread", "mailbox_read", "mails_unreadable", "files_unscanned"),
        *("results_missing", "sender_default", "messages_wait", "no_backup", "backup_late"),
        *("left_to_nobody", "confirm_again", "two_steps_unknown", "try_left"),
        *("cache_no_folder", "cache_not_writable", "clock_lost", "task_looks_late"),
    }
)
"""The codes of findings that somebody has to look at while everything goes on working."""

TO_DO: Final = frozenset({"no_account", "no_backup", "no_clock"})
"""The codes of findings of a new installation that has not begun to work yet."""


class HealthLevel(IntEnum):
    """How bad a finding is; also the exit code of `--json`, as monitoring plug-ins have it."""

    OK = 0
    WARNING = 1
    ERROR = 2


def finding_level(finding: HealthFinding) -> HealthLevel:
    """Return the level of a finding."""
    if finding.ok:
        return HealthLevel.OK
    return HealthLevel.WARNING if finding.code in WARNINGS else HealthLevel.ERROR


def run_as_json(settings: Settings) -> int:
    """Print all findings as one JSON object; returns the worst level."""
    with Database(settings.database_url) as database:
        findings = list(_findings(settings, database))
    worst = max(map(finding_level, findings))
    report = {
        "shape": SHAPE,
        "version": metadata.version("nagarvani"),
        "at": f"{now():%Y-%m-%dT%H:%M:%SZ}",
        "level": worst.name.lower(),
        "checks": [_finding_json(finding) for finding in findings],
    }
    click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    return worst


def _finding_json(finding: HealthFinding) -> dict[str, object]:
    return {
        "subject": finding.subject.value,
        "code": finding.code,
        "level": finding_level(finding).name.lower(),
        "message": sentence(finding),
        # Numbers stay numbers; a folder or the like becomes its text.
        "values": {
            name: value if isinstance(value, int | float) else str(value)
            for name, value in finding.values.items()
        },
    }


def run(settings: Settings) -> int:
    """Print every finding; returns 1 if anything is wrong, else 0."""
    with Database(settings.database_url) as database:
        return _print_all(_findings(settings, database))


def try_out(settings: Settings, *, yes: bool) -> int:
    """Try on each account what no check can show, if the user agrees; returns 1 or 0 as `run` does.

    Nothing is published; if a page publishes an unpublished post anyway, the post is removed.
    """
    with open_database(settings) as database:
        if not yes and not click.confirm(ASKED):
            raise click.ClickException("Nothing was tried.")
        return _print_all(
            platform_trial.try_accounts(
                database, account_opener(settings, database), actor=COMMAND, now=now
            )
        )


def _print_all(findings: Iterable[HealthFinding]) -> int:
    """Print each finding as soon as it is made; returns 1 if anything is wrong, else 0."""
    codes = set()
    for finding in findings:
        click.echo(_line(finding))
        if not finding.ok:
            codes.add(finding.code)
    if codes and codes <= TO_DO:
        click.echo("Nothing is wrong; what is marked next is still to be done.")
    return 1 if codes - TO_DO else 0


def _findings_before_database(settings: Settings) -> Iterator[HealthFinding]:
    yield health_checks.check_settings(settings)
    yield from health_checks.check_variables(unknown_variables())
    yield from health_checks.check_secret_files(settings)
    yield from installation_checks.check_help_desk(settings)
    yield health_checks.check_built(built_files())
    yield health_checks.check_shaping()
    yield from health_checks.check_media(settings)
    yield health_checks.check_sms(settings.sms)
    yield from health_checks.check_sms_texts(settings.sms, city_name=settings.city.name_mr)
    yield health_checks.check_letterhead(settings.papers)
    yield from outgoing_checks.check_mail_server(settings)
    yield mail_checks.check_senders(settings.mail_server)
    yield mail_checks.check_scanner(settings.clamd_url)


def _findings(settings: Settings, database: Database) -> Iterator[HealthFinding]:
    """Yield all findings; the tables are queried only if they are there."""
    yield from _findings_before_database(settings)
    reached = health_checks.check_database(database)
    yield reached
    if reached.code in ("no_database", "unreachable", "disk_full"):
        return
    migrations = health_checks.check_migrations(database)
    yield migrations
    if migrations.ok:
        yield from installation_checks.check_role(database)
        yield installation_checks.check_backups(database, now=now())
        yield from outgoing_checks.check_waiting(database, now=now())
        store = open_store(settings)
        yield check_store(database, store)
        open_account = account_opener(settings, database)
        yield from health_checks.check_time(database, open_account, now=now)
        yield from account_checks.check_accounts(database, open_account)
        with database.reading() as session:
            unopened = check_factors(session, Vault.of(settings))
        yield from unopened
        yield from account_checks.check_expiries(database, now=now())
        yield from account_checks.check_credits(database)
        yield from account_checks.check_monitoring(database, now=now())
        yield from reading_checks.check_unread_comments(database, now=now())
        yield from mail_checks.check_webhooks(database, settings.platforms, now=now())
        yield from reading_checks.check_spending(database, settings.platforms, now=now())
        yield from reading_checks.check_comments(database, now=now())
        yield mail_checks.check_mailbox(database, settings.imap_url, now=now())
        yield from mail_checks.check_results(database, store, settings)
        yield from mail_checks.check_unreadable(database)
        yield from mail_checks.check_ignored(database, now=now())
        yield from mail_checks.check_unscanned(database)
        yield from health_checks.check_appointments(database, now=now())
        yield from health_checks.check_clocks(database, now=now())
        yield task_checks.check_filled(database)
        yield from task_checks.check_tasks(database, now=now())


def _line(finding: HealthFinding) -> str:
    mark, colour = ("next ", "yellow") if finding.code in TO_DO else ("wrong", "red")
    if finding.ok:
        mark, colour = "ok   ", "green"
    return f"{click.style(mark, fg=colour)}  {finding.subject}: {sentence(finding)}"
