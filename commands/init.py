"""`nagarvani init`: everything a house needs before its first person; running it again is fine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import click
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import exists, select
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from commands.app_setup import media_store_checked
from commands.health_messages import sentence
from publisher.database.revisions import is_newer
from publisher.database.session import Database, NewerTables, migrate
from publisher.delivery.accounts import manage, oauth_flow
from publisher.delivery.accounts.credentials import Unsealable, Vault
from publisher.emergency.seed_templates import insert_missing
from publisher.media.configured_store import open_store
from publisher.models.deliveries import Account
from publisher.models.people import Department, Person
from publisher.now import now
from publisher.operations import outgoing_checks
from publisher.operations.health_checks import check_database, check_secret_files
from publisher.operations.start_checks import check_key_opens
from publisher.operations.store_identity import identify
from publisher.people.departments import load_register
from publisher.people.permissions import COMMAND
from publisher.platforms.capabilities import AccountFromSettings
from publisher.platforms.oauth.types import ConnectableAccount
from publisher.platforms.registry import all_platforms
from publisher.settings.environment import Settings
from publisher.settings.help import PHONE, read_address
from publisher.settings.media import MediaSettings
from publisher.settings.reader import PREFIX, WrongSetting, matching
from publisher.tasks import backfill, before_commit

OWNER: Final = "information-technology"


def run(settings: Settings) -> None:
    """Run each step that is not done yet, and print what was done and what comes next."""
    accounts = tuple(_accounts_from_settings(settings.platforms))
    for finding in check_secret_files(settings):
        raise click.ClickException(sentence(finding))
    _check_key(settings)
    lay_tables(settings)
    click.echo("Database: the tables are those of this version.")
    make_media_folder(settings.media)
    with before_commit.register(Database(settings.database_url)) as database:
        with media_store_checked(settings, database):
            identify(database, open_store(settings), now=now())
        with database.transaction() as session:
            for line in (*_load(session), *_connect_all(session, accounts, settings, now())):
                click.echo(line)
            somebody = bool(session.scalar(select(exists().select_from(Person))))
    for finding in outgoing_checks.check_mail_server(settings):
        click.echo(f"Mail server: {sentence(finding)}.")
    if not (settings.help_desk.phone or settings.help_desk.mail) and sys.stdin.isatty():
        _ask_help_desk()
    if not somebody:
        click.echo(
            "Next, two admins, since none confirms what the same hand recorded, each by: "
            f"nagarvani people add --name … --mail … --role admin --department {OWNER}"
        )
    click.echo("Then run nagarvani web and nagarvani clock; nagarvani doctor checks all of it.")


def _ask_help_desk() -> None:
    """Ask for the telephone and mail address of the help desk; write the answers into `.env`."""
    click.echo("Every mail ends with whom to ask; an empty answer leaves it out.")
    phone = _ask("Telephone of the help desk", matching(PHONE), "write it as 020-5550-0100")
    mail = _ask("Mail address of the help desk", read_address, "write it as help@pmc.example")
    answers = {"HELP_PHONE": phone, "HELP_MAIL": mail}
    lines = "".join(f"{PREFIX}{name}={text}\n" for name, text in answers.items() if text)
    file = Path(".env").resolve()
    if not lines:
        return
    try:
        with file.open("a", encoding="utf-8") as settings:
            settings.write(f"\n{lines}")
    except OSError:  # as on a machine: it is root's
        click.echo(f"Write into {file}:\n{lines}", nl=False)


def _ask(question: str, parse: Callable[[str], str], hint: str) -> str:
    """Ask until the answer can be used or is empty."""
    while text := click.prompt(question, default="", show_default=False).strip():
        try:
            return parse(text)
        except ValueError:
            click.echo(hint)
    return ""


def _check_key(settings: Settings) -> None:
    """Raise `WrongSetting`, before anything is changed, if the key opens nothing in the tables."""
    with Database(settings.database_url) as database:
        finding = check_database(database)
        if finding.code == "no_database":
            return
        if finding.code in ("unreachable", "disk_full"):
            raise click.ClickException(f"{finding.subject}: {sentence(finding)}")
        revision = database.revision()
        if revision is not None and not is_newer(revision):
            check_key_opens(settings, database)


def lay_tables(settings: Settings) -> None:
    """Migrate the tables; raises `ClickException` if they are newer, or this role may not."""
    try:
        migrate(settings.database_url)
    except NewerTables as problem:
        raise click.ClickException(
            "The tables are those of a newer version, and were left as they are: "
            "install that version, or name another database."
        ) from problem
    except ProgrammingError as problem:
        if not isinstance(problem.orig, InsufficientPrivilege):
            raise
        raise click.ClickException(
            "The tables are to be changed, and this role of the database may not do that: give "
            f"the owner's address in {PREFIX}DATABASE_URL for this once (docs/running.md)."
        ) from problem
    fill_tasks(settings)


def fill_tasks(settings: Settings) -> None:
    """Write the tasks of subjects opened before tasks were rows; continues where it was stopped."""
    with before_commit.register(Database(settings.database_url)) as database:
        backfill.fill(
            database, now=now, tell=lambda table, done: click.echo(f"Tasks of {table}: {done}")
        )


def make_media_folder(media: MediaSettings) -> None:
    """Make the folder of the media, or of the copies of a bucket's media. Raises `WrongSetting`."""
    name, folder = (
        ("MEDIA_CACHE_DIR", media.media_cache_dir)
        if media.bucket
        else ("MEDIA_DIR", media.media_dir)
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise WrongSetting(name, f"{folder} cannot be made ({problem.strerror})") from problem


def _load(session: Session) -> Iterator[str]:
    """Load the register and the emergency templates; yield what was added."""
    added, laid = load_register(session, now=now()), insert_missing(session, now=now())
    yield (
        f"Register: {added} departments added; those of the circular's annex carry its fact, that "
        "on 14 July 2021 they had named nobody."
        if added
        else "Register: every department was there already."
    )
    yield (
        f"Emergency templates: {laid} laid as drafts; each can be used once its department has "
        "approved it."
        if laid
        else "Emergency templates: every one was there already."
    )


def _accounts_from_settings(
    settings: Mapping[str, str],
) -> Iterator[tuple[str, ConnectableAccount]]:
    """Yield the accounts whose settings are given, by platform.

    Raises `WrongSetting` if only part of an account's settings is given.
    """
    for platform in all_platforms():
        if _are_all_set(settings, platform.settings):
            yield platform.name, platform.settings.read(settings)


def _are_all_set(settings: Mapping[str, str], account: AccountFromSettings) -> bool:
    """Return True if all are set; those of the app may be set without the others."""
    set_names = tuple(name for name in account.names if settings[name])
    required = account.app if set(set_names) <= set(account.app) else account.names
    missing = [name for name in required if name not in set_names]
    if set_names and missing:
        others = " and ".join(PREFIX + name.upper() for name in set_names)
        raise WrongSetting(missing[0].upper(), f"is missing, though {others} is given")
    return set_names == account.names


def _connect_all(
    session: Session,
    accounts: tuple[tuple[str, ConnectableAccount], ...],
    settings: Settings,
    at: datetime,
) -> Iterator[str]:
    vault = Vault(settings.secret_key, settings.token_keys)
    for platform, account in accounts:
        existing = manage.find_account(
            session, _code(platform, account), platform, account.platform_id, account.handle
        )
        name = f"Account: {account.handle} on {platform}"
        opened = _open_credentials(vault, existing) if existing is not None else None
        if opened == account.credentials:
            yield f"{name} was connected already."
        elif (
            existing is not None
            and opened is not None
            and oauth_flow.is_from_page(session, existing)
        ):
            yield (
                f"{name} was connected from the page and keeps that access; disconnect it there "
                "to have the settings' access used."
            )
        else:
            _connect(session, platform, account, vault, settings, at)
            yield f"{name} is connected."
    if not accounts and not manage.all_accounts(session):
        yield f"Accounts: none given; the settings {_names_of_accounts()} name them."


def _code(platform: str, account: ConnectableAccount) -> str:
    return f"{platform}-{account.handle.lower()}"


def _names_of_accounts() -> str:
    """Return the beginnings of the settings' names: NAGARVANI_X_… and NAGARVANI_FACEBOOK_…"""
    prefixes = [platform.settings.names[0].partition("_")[0] for platform in all_platforms()]
    return " and ".join(f"{PREFIX}{prefix.upper()}_…" for prefix in prefixes)


def _open_credentials(vault: Vault, account: Account) -> Mapping[str, str] | None:
    try:
        return vault.open(account.credentials)
    except Unsealable:
        return None


def _connect(
    session: Session,
    platform: str,
    account: ConnectableAccount,
    vault: Vault,
    settings: Settings,
    at: datetime,
) -> None:
    owner = session.scalars(select(Department.id).where(Department.code == OWNER)).one()
    manage.connect(
        session,
        actor=COMMAND,
        now=at,
        code=_code(platform, account),
        platform=platform,
        handle=account.handle,
        name=settings.city.name_mr,
        url=account.url,
        department_id=owner,
        sealed=vault.seal(account.credentials),
        platform_id=account.platform_id,
    )
