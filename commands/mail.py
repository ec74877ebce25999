"""`nagarvani mail`: read raw mails as the reader of the mailbox does, and send a test mail."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from commands.app_setup import media_store_checked, open_database
from commands.health_messages import SENTENCES
from publisher.mail.mailbox.preparation import mail_intake
from publisher.mail.mailbox.report import read_mail
from publisher.media.configured_store import open_store
from publisher.media.store import StoreAway
from publisher.notifications import email
from publisher.notifications.dispatch import NotSent, Unreachable
from publisher.now import now
from publisher.operations.store_identity import bracket_problem, identify
from publisher.settings.catalogue import mask_address
from publisher.settings.environment import Settings
from publisher.settings.help import read_address


def read_files(settings: Settings, files: Sequence[Path]) -> None:
    """Print for each file one line of JSON that says what became of the mail.

    A file stays where it is. Raises `ClickException` if nothing can be stored.
    """
    intake = mail_intake(settings, open_store(settings))
    with open_database(settings) as database:
        with media_store_checked(settings, database):
            identity = identify(database, intake.store, now=now())
        intake = replace(intake, store_identity=identity)
        for file in files:
            try:
                report = read_mail(database, file.read_bytes(), intake=intake, now=now)
            except StoreAway as problem:
                message = (
                    f"{file}: nothing can be stored in {settings.media.address}"
                    f"{bracket_problem(problem)}"
                )
                raise click.ClickException(message) from problem
            click.echo(json.dumps(report.as_dict(), ensure_ascii=False))


def send_test(settings: Settings, address: str) -> None:
    """Send a mail that asks for nothing, and print what the mail server answered.

    Raises `ClickException` if it was not accepted.
    """
    server = mask_address(settings.smtp_url)
    try:
        answer = email.send_test(
            email.MailOrigin.from_settings(settings), read_address(address), now=now()
        )
    except ValueError as problem:
        raise click.UsageError(f"{address} is no mail address.") from problem
    except Unreachable as problem:
        message = SENTENCES["mail_server_away"].format(server=server, problem=problem.reason)
        raise click.ClickException(message) from problem
    except NotSent as problem:
        raise click.ClickException(f"{server} did not accept it: {problem.reason}") from problem
    click.echo(f"{server} accepted it for {address}: {answer}")
