"""Sets up what a command needs: settings, database, and the contexts of web and worker."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from publisher.settings.environment import Settings, load

if TYPE_CHECKING:
    from publisher.database.session import Database
    from publisher.delivery.accounts.credentials import OpenAccount
    from publisher.delivery.worker_context import WorkerContext
    from publisher.operations.health_checks import HealthFinding
    from web.core.context import AppContext

NO_SANDBOX: Final = (
    "The practice platforms of rehearsals and of the demo need packages that are not installed: "
    "pip install --require-hashes --requirement requirements/sandbox.txt"
)


def settings_with_secret() -> Settings:
    """Return the settings; if no secret key is set, one is generated and kept under var/."""
    settings = load()
    if settings.secret_key:
        return settings
    os.environ["NAGARVANI_SECRET_KEY"] = kept_secret(Path("var/secret-key"))
    return load()


def command_settings() -> Settings:
    """Return the settings of a command; what others could read of its files is closed first."""
    from commands.private_files import close_existing

    settings = settings_with_secret()
    close_existing(settings)
    return settings


def service_settings() -> Settings:
    """Return the settings of a command that stays; unknown variables are named on its log."""
    from commands.health_messages import sentence
    from publisher.operations.health_checks import check_variables
    from publisher.settings.catalogue import unknown_variables

    settings = command_settings()
    for finding in check_variables(unknown_variables()):
        click.echo(sentence(finding), err=True)
    return settings


def origin_of(command: str) -> dict[str, str]:
    """Return what the history says of a command: its name, and the user of the machine."""
    return {"command": command, "user": getpass.getuser()}


def kept_secret(path: Path) -> str:
    """Return the secret in this file, which only its owner can read; generated if missing."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text().strip()


def built_files() -> list[Path]:
    """Return what the build makes of translations and fonts, whether it exists or not."""
    import web
    from publisher.i18n.catalogues import compiled_catalogues
    from publisher.papers.characters import FONTS

    web_font = Path(web.__path__[0]) / "static" / "fonts" / "noto-sans-devanagari.woff2"
    papers = [FONTS / name for name in ("400.ttf", "700.ttf", "advances.json")]
    return [*compiled_catalogues(), web_font, *papers]


def require_built_files() -> None:
    """Raise `ClickException` if a file of the build is missing: pages would be in English."""
    from commands.health_messages import sentence
    from publisher.operations.health_checks import check_built

    finding = check_built(built_files())
    if not finding.ok:
        raise click.ClickException(sentence(finding))


def require_sandbox() -> None:
    """Raise `ClickException` if the packages of the practice platforms are not installed."""
    from demo.rehearsals.processes import has_sandbox

    if not has_sandbox():
        raise click.ClickException(NO_SANDBOX)


def checked_database(settings: Settings) -> Database:
    """Return the database; raises `ClickException` if it is unreachable or unfit."""
    from publisher.operations import health_checks

    return _checked(settings, (health_checks.check_database, health_checks.check_migrations))


def reached_database(settings: Settings) -> Database:
    """Return the database, whatever its tables; raises `ClickException` if it is unreachable."""
    from publisher.operations import health_checks

    return _checked(settings, (health_checks.check_database,))


def _checked(settings: Settings, checks: Iterable[Callable[[Database], HealthFinding]]) -> Database:
    from commands.health_messages import sentence
    from publisher.database.session import Database

    database = Database(settings.database_url)
    for check in checks:
        finding = check(database)
        if not finding.ok:
            database.dispose()
            raise click.ClickException(f"{finding.subject}: {sentence(finding)}")
    return database


def account_opener(settings: Settings, database: Database) -> OpenAccount:
    """Return the function that opens accounts; what they read and how they ask is stored."""
    from publisher.delivery.accounts.credentials import opener
    from publisher.delivery.costs.ledger import recorder
    from publisher.now import now

    return opener(settings, database, recorder(database, settings.platforms, now))


def open_app_context(settings: Settings) -> AppContext:
    """Return the context of the web application."""
    require_built_files()
    from web.core.context import open_context

    return open_context(settings, checked_database(settings))


def clock_name(slot: str) -> str:
    """Return a unique name for this clock; it begins with its slot and a slash, if it has one."""
    # In containers host name and process id may be the same.
    process = f"{os.getpid()}-{secrets.token_hex(3)}"
    return f"{slot}/{process}" if slot else f"{socket.gethostname()[:50]}-{process}"


def open_worker_context(settings: Settings) -> WorkerContext:
    """Return the context of the worker."""
    require_built_files()
    from publisher.delivery.worker_context import WorkerContext
    from publisher.media.store import Store
    from publisher.now import now

    database = checked_database(settings)
    return WorkerContext(
        database=database,
        store=Store(settings.media_dir),
        open_account=account_opener(settings, database),
        delivery_settings=settings.delivery,
        clock_name=clock_name(settings.delivery.clock_name),
        now=now,
        monotonic=time.monotonic,
    )
