"""Opening the house for a command: settings, the counter's house, the press's bench."""

from __future__ import annotations

import os
import secrets
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from publisher.settings.environment import Settings, load

if TYPE_CHECKING:
    from publisher.database.session import Database
    from publisher.delivery.worker_context import WorkerContext
    from web.core.context import AppContext


def settings_with_secret() -> Settings:
    """The settings, with a secret key: one is made and kept under var/ where none is set."""
    settings = load()
    if settings.secret_key:
        return settings
    os.environ["NAGARVANI_SECRET_KEY"] = kept_secret(Path("var/secret-key"))
    return load()


def kept_secret(path: Path) -> str:
    """The secret in this file, which only its owner can read; made where there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text().strip()


def font_file() -> Path:
    """Where the pages look for their font."""
    import web
    from publisher.i18n.fonts import FILE_NAME

    return Path(web.__path__[0]) / "static" / "fonts" / FILE_NAME


def checked_database(settings: Settings) -> Database:
    """The database; one sentence where it does not answer, keep its word, or fit this version."""
    from commands.health_messages import sentence
    from publisher.database.session import Database
    from publisher.operations import health_checks

    database = Database(settings.database_url)
    for check in (health_checks.check_database, health_checks.check_migrations):
        finding = check(database)
        if not finding.ok:
            database.dispose()
            raise click.ClickException(f"{finding.subject}: {sentence(finding)}")
    return database


def open_house(settings: Settings) -> AppContext:
    """What the counter works with."""
    from publisher.delivery.accounts.credentials import opener
    from publisher.media.store import Store
    from publisher.now import now
    from web.core.context import AppContext

    return AppContext(
        settings=settings,
        database=checked_database(settings),
        store=Store(settings.media_dir),
        open_account=opener(settings),
        now=now,
        rings=True,
    )


def clock_name() -> str:
    """A name that no other clock has: in containers host and process number may be the same."""
    return f"{socket.gethostname()[:50]}-{os.getpid()}-{secrets.token_hex(3)}"


def open_bench(settings: Settings) -> WorkerContext:
    """What the press works with."""
    from publisher.delivery.accounts.credentials import opener
    from publisher.delivery.worker_context import WorkerContext
    from publisher.media.store import Store
    from publisher.now import now

    return WorkerContext(
        database=checked_database(settings),
        store=Store(settings.media_dir),
        open_account=opener(settings),
        delivery_settings=settings.delivery,
        clock_name=clock_name(),
        now=now,
        monotonic=time.monotonic,
    )
