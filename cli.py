"""The front door: `nagarvani` and its commands; each imports what it needs when it runs."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from publisher.settings import Settings, WrongSetting, load

if TYPE_CHECKING:
    from publisher.press.bench import Bench
    from web.house import House


def main() -> None:
    """Run a command; a wrong setting is one clear sentence, not a traceback."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    for chatty in ("apscheduler", "urllib3", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        commands(standalone_mode=True)
    except WrongSetting as problem:
        click.echo(str(problem), err=True)
        sys.exit(2)


@click.group(name="nagarvani")
def commands() -> None:
    """The publishing desk of a city."""


def settings_with_secret() -> Settings:
    """The settings, with a secret key: one is made and kept under var/ where none is set."""
    settings = load()
    if settings.secret_key:
        return settings
    os.environ["NAGARVANI_SECRET_KEY"] = _kept_secret(Path("var/secret-key"))
    return load()


def _kept_secret(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text().strip()


def open_house(settings: Settings) -> House:
    """What the counter works with."""
    from publisher.database import Database
    from publisher.media.store import Store
    from publisher.now import now
    from publisher.press.accounts import opener
    from web.house import House

    return House(
        settings=settings,
        database=Database(settings.database_url),
        store=Store(settings.media_dir),
        open_account=opener(settings),
        now=now,
    )


def open_bench(settings: Settings) -> Bench:
    """What the press works with."""
    from publisher.database import Database
    from publisher.media.store import Store
    from publisher.now import now
    from publisher.press.accounts import opener
    from publisher.press.bench import Bench

    return Bench(
        database=Database(settings.database_url),
        store=Store(settings.media_dir),
        open_account=opener(settings),
        pace=settings.press,
        clock_name=f"{socket.gethostname()}-{os.getpid()}",
        now=now,
        monotonic=time.monotonic,
    )


@commands.command()
@click.option("--port", default=8000, show_default=True, help="Port on 127.0.0.1.")
@click.option("--workers", default=2, show_default=True, help="Processes that serve pages.")
def web(port: int, workers: int) -> None:
    """Serve the pages with gunicorn, on loopback: a web server with TLS stands before it."""
    from web.serving import serve

    serve(open_house(settings_with_secret()), port=port, workers=workers)


@commands.command()
@click.option("--once", is_flag=True, help="Run whatever is due, once, and exit.")
def clock(once: bool) -> None:
    """Publish what is due, look after it, read comments, send mails."""
    import scheduler

    settings = settings_with_secret()
    bench = open_bench(settings)
    if (problem := bench.database.check_durable()) is not None:
        raise click.ClickException(problem)
    if once:
        for name, done in scheduler.run_once(bench, settings).items():
            click.echo(f"{name}: {done}")
    else:
        scheduler.run(bench, settings)
