"""The city of the demo or a rehearsal: created before the pages are served, then filled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.demo.environment import VERIFY_TOKEN, DemoEnvironment
from commands.demo.separation import check_apart
from publisher.settings.environment import load

if TYPE_CHECKING:
    from demo.letters import LetterReader
    from demo.seeding.setup import DemoAccount


def create_city(demo: DemoEnvironment) -> None:
    """Create the departments, people and accounts that do not exist yet."""
    from demo.seeding.progress import Progress
    from demo.seeding.setup import set_up_city
    from publisher.database.session import Database
    from publisher.now import now
    from publisher.tasks import before_commit

    settings = demo.settings()
    progress = Progress.read(demo.folder, now=now())
    accounts = sandbox_accounts(demo.sandbox_address)
    with before_commit.register(Database(settings.database_url)) as database:
        set_up_city(database, settings=settings, accounts=accounts, began_at=progress.began_at)


def is_finished(demo: DemoEnvironment) -> bool:
    """Return True if the script was played up to the day on which the demo began."""
    from demo.seeding.progress import Progress
    from publisher.now import now

    return Progress.read(demo.folder, now=now()).finished


def enliven(folder: Path, sandbox_url: str) -> None:
    """Play the script, or the rest of it; runs as a separate process while the pages are served."""
    from demo.rehearsals.scenarios import Scenario, scenario_script
    from demo.script import city
    from demo.seeding.play import play
    from demo.seeding.progress import Progress
    from publisher.now import now

    settings, script = load(os.environ, folder=folder), city()
    if settings.rehearsal:
        check_apart(settings, folder)
        script = scenario_script(Scenario(settings.rehearsal))
    progress = Progress.read(folder, now=now())
    for reason in play(script, settings, progress, sandbox_url=sandbox_url, say=click.echo):
        click.echo(f"left out: {reason}")


@contextmanager
def visitors(demo: DemoEnvironment) -> Iterator[LetterReader]:
    """Let visitors write to the Cell in the sandbox, and yield the reader of what they write.

    The sandbox's Facebook sends webhooks about comments; the clock subscribes the page.
    """
    from demo.letters import LetterReader
    from demo.seeding.sandbox_client import SandboxClient
    from publisher.database.session import Database
    from publisher.now import now
    from publisher.tasks import before_commit

    settings = demo.settings()
    sandbox = SandboxClient(demo.sandbox_address)
    with (
        before_commit.register(Database(settings.database_url)) as database,
        LetterReader(database, sandbox, settings, now) as letters,
    ):
        sandbox.set_hook(url=f"{demo.address}/webhooks/facebook", verify_token=VERIFY_TOKEN)
        yield letters


def sandbox_accounts(sandbox_url: str) -> tuple[DemoAccount, ...]:
    """Return the sandbox accounts on which the city publishes."""
    from demo.seeding.setup import DemoAccount
    from sandbox import credentials

    handle, page = credentials.X_ACCOUNTS[0], credentials.FACEBOOK_PAGES[0]
    return (
        DemoAccount(
            code="x-city",
            platform="x",
            handle=handle.username,
            name=handle.name,
            url=f"{sandbox_url}/x/{handle.username}",
            credentials={
                "consumer_key": credentials.X_CONSUMER_KEY,
                "consumer_secret": credentials.X_CONSUMER_SECRET,
                "access_token": handle.token,
                "access_token_secret": handle.token_secret,
            },
        ),
        DemoAccount(
            code="facebook-city",
            platform="facebook",
            handle=page.name,
            name=page.name,
            url=f"{sandbox_url}/facebook/{page.id}",
            credentials={
                "page_id": page.id,
                "page_token": page.token,
                "app_secret": credentials.FACEBOOK_APP_SECRET,
            },
        ),
    )
