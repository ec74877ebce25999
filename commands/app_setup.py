"""Sets up what a command needs: settings, database, and the contexts of web and worker."""

from __future__ import annotations

import getpass
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from publisher.operations.start_checks import (
    check_key_opens,
    check_written,
    read_key,
)
from publisher.settings.environment import SECRET_FILE, Settings, load, read_variables
from publisher.settings.logs import LogSettings, open_access_log, read_logs
from publisher.settings.reader import PREFIX, Reader, WrongSetting

if TYPE_CHECKING:
    from publisher.database.session import Database
    from publisher.delivery.accounts.credentials import OpenAccount
    from publisher.delivery.worker_context import WorkerContext
    from publisher.operations.health_checks import HealthFinding
    from web.core.context import AppContext

log = logging.getLogger("nagarvani.settings")

NO_SANDBOX: Final = (
    "The practice platforms of rehearsals and of the demo need packages that are not installed: "
    "LOCK=sandbox deploy/install.sh WHEEL, or without that script "
    "pip install --require-hashes --requirement requirements/sandbox.txt"
)


def settings_with_secret(*, makes_key: bool = False) -> Settings:
    """Return the settings with the secret key, if there is one: set, or kept below this folder.

    A missing key is made and kept only if the command `makes_key`. Raises `WrongSetting`.
    """
    settings = load()
    check_written(settings)
    path = Path.cwd() / SECRET_FILE
    if settings.secret_key or not (makes_key or path.exists()):
        return settings
    return replace(settings, secret_key=read_or_make_secret(path))


def command_settings(*, makes_key: bool = False) -> Settings:
    """Return the settings of a command; first, files that others could read are closed to them."""
    from commands.private_files import close_existing

    settings = settings_with_secret(makes_key=makes_key)
    close_existing(settings)
    return settings


def service_settings() -> Settings:
    """Return the settings of a long-running command; its log names what doctor finds in them."""
    from commands.health_messages import sentence
    from publisher.operations.health_checks import check_secret_files, check_variables
    from publisher.settings.catalogue import unknown_variables

    settings = command_settings()
    for finding in [*check_variables(unknown_variables()), *check_secret_files(settings)]:
        log.warning(sentence(finding))
    check_key_is_there(settings)
    return settings


def log_settings() -> LogSettings:
    """Return the settings of logs, or the defaults if a setting cannot be used.

    The command reports that itself if it needs settings.
    """
    from_file, from_process = read_variables()
    texts = {name: text for name, text in (from_file | from_process).items() if text}
    try:
        return read_logs(Reader(texts))
    except WrongSetting:
        return LogSettings()


def command_origin(command: str) -> dict[str, str]:
    """Return what the history records about a command: its name, and the user of the machine."""
    return {"command": command, "user": getpass.getuser()}


def short_list(names: Sequence[str], most: int = 5) -> str:
    """Return the first of these names, and how many more there are."""
    more = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def check_key_is_there(settings: Settings) -> None:
    """Raise `ClickException` if there is no secret key, neither set nor made."""
    if not settings.secret_key:
        raise click.ClickException(
            "There is no secret key here yet: run nagarvani init in the folder of the "
            f"installation, or set {PREFIX}SECRET_KEY."
        )


def read_or_make_secret(path: Path) -> str:
    """Return the secret in this file, which only its owner can read; generated if missing."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return read_key(path)


def built_files() -> list[Path]:
    """Return the files that the build makes of translations and fonts, even if they are missing."""
    import web
    from publisher.i18n.catalogues import catalogue_files
    from publisher.papers.characters import FONTS

    web_font = Path(web.__path__[0]) / "static" / "fonts" / "noto-sans-devanagari.woff2"
    papers = [FONTS / name for name in ("400.ttf", "700.ttf", "advances.json")]
    return [*catalogue_files(), web_font, *papers]


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


def open_database(settings: Settings) -> Database:
    """Return the database; raises `ClickException` if it is unreachable or unfit."""
    from publisher.operations import health_checks

    return _check_database(settings, (health_checks.check_database, health_checks.check_migrations))


def open_live_database(settings: Settings) -> Database:
    """Return the database for pages or a clock; raises `WrongSetting` too if the key opens nothing.

    Other commands work with any key: publishing has to be stoppable.
    """
    from sqlalchemy.exc import OperationalError

    from publisher.database.engines import reason_away
    from publisher.operations import health_checks, task_checks

    checks = (health_checks.check_database, health_checks.check_migrations)
    database = _check_database(settings, (*checks, task_checks.check_filled))
    try:
        check_key_opens(settings, database)
    except WrongSetting:
        database.dispose()
        raise
    except OperationalError as problem:
        database.dispose()
        message = f"database: it no longer answers ({reason_away(problem)})"
        raise click.ClickException(message) from problem
    return database


def connect_to_database(settings: Settings) -> Database:
    """Return the database, whatever tables it has; raises `ClickException` if it is unreachable."""
    from publisher.operations import health_checks

    return _check_database(settings, (health_checks.check_database,))


def _check_database(
    settings: Settings, checks: Iterable[Callable[[Database], HealthFinding]]
) -> Database:
    from commands.health_messages import sentence
    from publisher.database.session import Database
    from publisher.tasks import before_commit

    database = before_commit.register(Database(settings.database_url))
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
    """Return the context of the web application, whose requests are logged if that is set."""
    require_built_files()
    from web.core.context import open_context

    open_access_log(settings.logs)
    database = open_live_database(settings)
    with media_store_checked(settings, database):
        return open_context(settings, database)


@contextmanager
def media_store_checked(settings: Settings, database: Database) -> Iterator[None]:
    """Raise `ClickException`, and close the database, if the block does not reach its own store."""
    from publisher.media.store import StoreAway
    from publisher.operations.store_identity import OtherStore, refusal

    try:
        yield
    except (OtherStore, StoreAway) as problem:
        database.dispose()
        raise click.ClickException(refusal(problem, settings.media.address)) from problem


def open_clock_context(context: WorkerContext, settings: Settings) -> WorkerContext:
    """Return a clock's context whose store is the one of its database; as `open_app_context`."""
    from publisher.operations.store_identity import identify

    with media_store_checked(settings, context.database):
        identity = identify(context.database, context.store, now=context.now())
    return replace(context, store_identity=identity)


def clock_name(slot: str) -> str:
    """Return a unique name for this clock; it begins with its slot and a slash, if it has one."""
    # In containers host name and process id may be the same.
    process = f"{os.getpid()}-{secrets.token_hex(3)}"
    return f"{slot}/{process}" if slot else f"{socket.gethostname()[:50]}-{process}"


def open_worker_context(settings: Settings) -> WorkerContext:
    """Return the context of the worker."""
    require_built_files()
    from publisher.delivery.worker_context import WorkerContext
    from publisher.media.configured_store import open_store
    from publisher.now import now

    database = open_live_database(settings)
    return WorkerContext(
        database=database,
        store=open_store(settings),
        open_account=account_opener(settings, database),
        delivery_settings=settings.delivery,
        clock_name=clock_name(settings.delivery.clock_name),
        now=now,
        monotonic=time.monotonic,
    )
