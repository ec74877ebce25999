"""`nagarvani accounts`: list accounts, rotate their keys, and forget all credentials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from commands.app_setup import open_database
from publisher import transitions
from publisher.auth import second_factors
from publisher.delivery.accounts import manage
from publisher.delivery.accounts.credentials import Unsealable, Vault
from publisher.models.accounts import Connecting
from publisher.models.deliveries import Account
from publisher.models.second_factors import SecondFactor
from publisher.now import now
from publisher.operations.sealed_tokens import find_unopened_people
from publisher.people.permissions import COMMAND
from publisher.platforms.registry import all_platforms
from publisher.settings.environment import Settings
from publisher.settings.reader import PREFIX

YES: Final = "yes"


def show(settings: Settings) -> None:
    """Print each account, and when its access is known to end."""
    with open_database(settings) as database, database.reading() as session:
        lines = [line for account in manage.all_accounts(session) for line in _lines(account)]
    click.echo("\n".join(lines) or "No account is connected.")


def _lines(account: Account) -> Iterator[str]:
    users = ", ".join(department.code for department in account.open_to) or "all"
    yield (
        f"{account.platform} {account.handle}: {account.state}; {account.name}; "
        f"owner {account.department.code}; used by {users}"
    )
    for word, at in (("access", account.token_until), ("comments", account.data_until)):
        if at is not None:
            yield f"  {word} until {at:%Y-%m-%d %H:%M} UTC"
    if account.missing:
        yield f"  rights missing: {', '.join(account.missing)}"


def rotate(settings: Settings) -> int:
    """Seal all secrets again with the newest key; return 1 if any cannot be opened, else 0."""
    with open_database(settings) as database, database.transaction() as session:
        failures = _reseal_all(session, Vault.of(settings), at=now())
    for line in failures:
        click.echo(line, err=True)
    if not failures:
        click.echo(
            f"Everything is sealed under the newest key; older ones can leave {PREFIX}TOKEN_KEYS."
        )
    return 1 if failures else 0


def _reseal_all(session: Session, vault: Vault, *, at: datetime) -> list[str]:
    """Return a message for each secret that no key opens; it is left unchanged."""
    failures: list[str] = []
    accounts = select(Account).where(Account.credentials != "").order_by(Account.id)
    for account in session.scalars(accounts.with_for_update()):
        owner = f"{account.platform} {account.handle}"
        with _noting_failure(failures, owner, cure=", or connect it again"):
            account.credentials = vault.seal_anew(account.credentials)
            transitions.record(session, account, "rotate_keys", actor=COMMAND, now=at)
    factors = select(SecondFactor).where(SecondFactor.sealed != "").order_by(SecondFactor.id)
    for factor in session.scalars(factors.with_for_update()):
        with _noting_failure(failures, f"second factor of person {factor.person_id}"):
            factor.sealed = vault.seal_anew(factor.sealed)
    _end_oauth_flows(session, at=at)
    return failures


@contextmanager
def _noting_failure(failures: list[str], owner: str, *, cure: str = "") -> Iterator[None]:
    try:
        yield
    except Unsealable:
        back = f"Put the earlier {PREFIX}SECRET_KEY or {PREFIX}TOKEN_KEYS back{cure}."
        failures.append(f"{owner}: none of the keys opens it. {back}")


def _end_oauth_flows(session: Session, *, at: datetime) -> None:
    # They have to be started again.
    for flow in session.scalars(select(Connecting).where(Connecting.ended_at.is_(None))):
        flow.ended_at, flow.refusal, flow.sealed = at, "expired", ""


def forget(settings: Settings, *, yes: bool, key_is_lost: bool) -> None:
    """Disconnect every account, after a confirmation.

    If the key is lost, the second factors that it sealed end as well: nobody can use them any more.
    """
    says = f"Every account is disconnected and its access forgotten. Type {YES} to do it"
    if not yes and click.prompt(says, default="no").strip().lower() != YES:
        raise click.ClickException("Nothing was changed.")
    with open_database(settings) as database, database.transaction() as session:
        query = select(Account).where(Account.credentials != "").order_by(Account.id)
        accounts = list(session.scalars(query.with_for_update()))
        for account in accounts:
            manage.forget(session, account, actor=COMMAND, now=now())
        _end_oauth_flows(session, at=now())
        people = _end_unopened(session, Vault.of(settings)) if key_is_lost else 0
    click.echo(f"{len(accounts)} disconnected. At the platforms, remove the app in each account.")
    if people:
        click.echo(f"{people} second factors ended: these people set up a new one.")
    names = [
        PREFIX + name.upper()
        for platform in all_platforms()
        if all(settings.platforms[name] for name in platform.settings.names)
        for name in platform.settings.names
    ]
    if names:
        click.echo(f"Access still stands in the settings {', '.join(names)}: init would connect")
        click.echo("these accounts again. Take them out there.")


def _end_unopened(session: Session, vault: Vault) -> int:
    people = find_unopened_people(session, vault)
    for person in people:
        second_factors.end(session, actor=COMMAND, person=person, now=now())
    return len(people)
