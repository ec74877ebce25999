"""The demo's city: founded before the first page, and then lived up to today."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.demo.environment import DemoEnvironment
from publisher.settings.environment import load

if TYPE_CHECKING:
    from demo.seeding.setup import DemoAccount


def found(ground: DemoEnvironment) -> None:
    """Register, cast and accounts, where they are not there yet."""
    from demo.seeding.progress import Progress
    from demo.seeding.setup import set_up_city
    from publisher.database.session import Database
    from publisher.now import now

    settings = ground.settings()
    progress = Progress.read(ground.folder, now=now())
    accounts = accounts_at(ground.sandbox_address)
    with Database(settings.database_url) as database:
        set_up_city(database, settings=settings, accounts=accounts, began_at=progress.began_at)


def is_finished(ground: DemoEnvironment) -> bool:
    """Whether the city has lived up to the day on which the demo began."""
    from demo.seeding.progress import Progress
    from publisher.now import now

    return Progress.read(ground.folder, now=now()).finished


def enliven(folder: Path, sandbox_url: str) -> None:
    """Play the plan, or what is left of it; this is a command of its own beside the pages."""
    from demo.script import city
    from demo.seeding.play import play
    from demo.seeding.progress import Progress
    from publisher.now import now

    settings = load(os.environ, folder=folder)
    progress = Progress.read(folder, now=now())
    for reason in play(city(), settings, progress, sandbox_url=sandbox_url, say=click.echo):
        click.echo(f"left out: {reason}")


def accounts_at(sandbox_url: str) -> tuple[DemoAccount, ...]:
    """The practice handle and page that the city publishes on."""
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
