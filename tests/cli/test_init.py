"""`nagarvani init` creates everything once, however often it is run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from publisher.database.session import Database
from publisher.delivery.accounts.credentials import Vault
from publisher.models.deliveries import Account
from publisher.models.history import Event
from publisher.models.people import Department
from publisher.people.departments import NAMED_NOBODY
from publisher.working_time import local_day
from tests.cli.command_line import SECRET, Workspace, make_workspace

pytestmark = pytest.mark.proof

X = {
    "X_HANDLE": "@city",
    "X_CONSUMER_KEY": "key",
    "X_CONSUMER_SECRET": "secret-of-app",
    "X_ACCESS_TOKEN": "1-token",
    "X_ACCESS_TOKEN_SECRET": "secret-of-token",
}
FACEBOOK = {"FACEBOOK_PAGE_ID": "1234", "FACEBOOK_PAGE_TOKEN": "page-token"}


@pytest.fixture
def workspace(tmp_path: Path, database_url: str) -> Workspace:
    """Create a workspace with an empty database, on SQLite and on PostgreSQL."""
    return make_workspace(tmp_path, database_url)


def count(database: Database, kind: type[Department | Event | Account]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


@pytest.mark.both
def test_the_register_is_loaded_with_the_circulars_fact_of_14_july_2021(
    workspace: Workspace, database: Database
) -> None:
    output = workspace.run("init")
    assert output.code == 0, output.err
    assert "67 departments" in output.out
    assert count(database, Department) == 67
    with database.reading() as session:
        named_at = session.scalars(select(Event.at).where(Event.verb == NAMED_NOBODY))
        days = [local_day(at) for at in named_at]
    assert days == [date(2021, 7, 14)] * 61


def test_running_it_again_adds_nothing(workspace: Workspace, database: Database) -> None:
    workspace.run_in_process("init", **X, **FACEBOOK)
    before = [count(database, kind) for kind in (Department, Event, Account)]
    output = workspace.run_in_process("init", **X, **FACEBOOK)
    assert output.code == 0, output.err
    assert output.out.count("was connected already") == 2
    assert [count(database, kind) for kind in (Department, Event, Account)] == before


def test_given_accounts_are_sealed_and_owned_by_information_technology(
    workspace: Workspace, database: Database
) -> None:
    output = workspace.run_in_process("init", **X, **FACEBOOK)
    assert output.out.count("is connected.") == 2
    vault = Vault(SECRET, ())
    with database.reading() as session:
        accounts = {account.platform: account for account in session.scalars(select(Account))}
        assert {account.department.code for account in accounts.values()} == {
            "information-technology"
        }
        assert accounts["x"].handle == "city"
        assert vault.open(accounts["x"].credentials) == {
            "consumer_key": "key",
            "consumer_secret": "secret-of-app",
            "access_token": "1-token",
            "access_token_secret": "secret-of-token",
        }
        assert vault.open(accounts["facebook"].credentials)["page_token"] == "page-token"
    assert "secret-of" not in output.out + output.err


def test_a_new_token_takes_the_old_ones_place(workspace: Workspace, database: Database) -> None:
    workspace.run_in_process("init", **X)
    output = workspace.run_in_process("init", **{**X, "X_ACCESS_TOKEN": "1-newer"})
    assert "city on x is connected." in output.out
    with database.reading() as session:
        (account,) = session.scalars(select(Account))
        assert Vault(SECRET, ()).open(account.credentials)["access_token"] == "1-newer"


def test_an_account_given_in_part_is_one_sentence_and_nothing_is_laid(
    tmp_path: Path,
) -> None:
    new = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    output = new.run("init", X_HANDLE="city", X_CONSUMER_KEY="key")
    assert output.code == 2
    (line,) = output.err.splitlines()
    assert line.startswith("NAGARVANI_X_CONSUMER_SECRET: is missing")
    assert not (tmp_path / "new.db").exists()


def test_tables_are_laid_where_there_are_none_and_the_next_step_is_said(tmp_path: Path) -> None:
    new = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    output = new.run_in_process("init")
    assert output.code == 0, output.err
    assert "nagarvani people add" in output.out
    admin = ("--name", "अरुण टेकवडे", "--mail", "a@pmc.example", "--role", "admin")
    assert (
        new.run_in_process("people", "add", *admin, "--department", "information-technology").code
        == 0
    )
    assert "nagarvani people add" not in new.run_in_process("init").out
