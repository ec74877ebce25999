"""`nagarvani init`: everything a house needs, once, however often it is run."""

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
from tests.cli.doing import SECRET, House, house

pytestmark = pytest.mark.both

X = {
    "X_HANDLE": "@city",
    "X_CONSUMER_KEY": "key",
    "X_CONSUMER_SECRET": "secret-of-app",
    "X_ACCESS_TOKEN": "1-token",
    "X_ACCESS_TOKEN_SECRET": "secret-of-token",
}
FACEBOOK = {"FACEBOOK_PAGE_ID": "1234", "FACEBOOK_PAGE_TOKEN": "page-token"}


@pytest.fixture
def own(tmp_path: Path, database_url: str) -> House:
    """A house whose database is there and empty, on SQLite and on PostgreSQL."""
    return house(tmp_path, database_url)


def count(database: Database, kind: type[Department | Event | Account]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def test_the_register_is_loaded_with_the_circulars_fact_of_14_july_2021(
    own: House, database: Database
) -> None:
    said = own.do("init")
    assert said.code == 0, said.err
    assert "67 departments" in said.out
    assert count(database, Department) == 67
    with database.reading() as session:
        told = session.scalars(select(Event.at).where(Event.verb == NAMED_NOBODY))
        days = [local_day(at) for at in told]
    assert days == [date(2021, 7, 14)] * 61


def test_running_it_again_adds_nothing(own: House, database: Database) -> None:
    own.call("init", **X, **FACEBOOK)
    before = [count(database, kind) for kind in (Department, Event, Account)]
    said = own.call("init", **X, **FACEBOOK)
    assert said.code == 0, said.err
    assert said.out.count("was connected already") == 2
    assert [count(database, kind) for kind in (Department, Event, Account)] == before


def test_given_accounts_are_sealed_and_owned_by_information_technology(
    own: House, database: Database
) -> None:
    said = own.call("init", **X, **FACEBOOK)
    assert said.out.count("is connected.") == 2
    vault = Vault(SECRET, ())
    with database.reading() as session:
        found = {one.platform: one for one in session.scalars(select(Account))}
        assert {one.department.code for one in found.values()} == {"information-technology"}
        assert found["x"].handle == "city"
        assert vault.open(found["x"].credentials) == {
            "consumer_key": "key",
            "consumer_secret": "secret-of-app",
            "access_token": "1-token",
            "access_token_secret": "secret-of-token",
        }
        assert vault.open(found["facebook"].credentials)["page_token"] == "page-token"
    assert "secret-of" not in said.out + said.err


def test_a_new_token_takes_the_old_ones_place(own: House, database: Database) -> None:
    own.call("init", **X)
    said = own.call("init", **{**X, "X_ACCESS_TOKEN": "1-newer"})
    assert "city on x is connected." in said.out
    with database.reading() as session:
        (account,) = session.scalars(select(Account))
        assert Vault(SECRET, ()).open(account.credentials)["access_token"] == "1-newer"


def test_an_account_given_in_part_is_one_sentence_and_nothing_is_laid(
    tmp_path: Path,
) -> None:
    new = house(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    said = new.do("init", X_HANDLE="city", X_CONSUMER_KEY="key")
    assert said.code == 2
    (line,) = said.err.splitlines()
    assert line.startswith("NAGARVANI_X_CONSUMER_SECRET: is missing")
    assert not (tmp_path / "new.db").exists()


def test_tables_are_laid_where_there_are_none_and_the_next_step_is_said(tmp_path: Path) -> None:
    new = house(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    said = new.call("init")
    assert said.code == 0, said.err
    assert "nagarvani people add" in said.out
    admin = ("--name", "अरुण टेकवडे", "--mail", "a@pmc.example", "--role", "admin")
    assert new.call("people", "add", *admin, "--department", "information-technology").code == 0
    assert "nagarvani people add" not in new.call("init").out
