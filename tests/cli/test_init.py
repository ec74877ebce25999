"""`nagarvani init` creates everything once, however often it is run."""

from __future__ import annotations

import os
import pty
import subprocess
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
from tests.cli.command_line import CLI, SECRET, Workspace, make_workspace
from tests.support.mail import MailServer
from tests.support.processes import plain_environment

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


def test_the_mail_server_is_asked_and_named_if_it_takes_no_mail(
    tmp_path: Path, mail_server: MailServer
) -> None:
    new = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    output = new.run_in_process("init")
    assert output.code == 0
    assert "Mail server: smtp://127.0.0.1:25 takes no mail (Connection" in output.out
    output = new.run_in_process("init", SMTP_URL=mail_server.url)
    assert f"Mail server: {mail_server.url} answers and lets us send" in output.out
    assert mail_server.mails == []


def run_at_terminal(workspace: Workspace, typed: str) -> str:
    """Run `init` with a terminal as its input, and return what it printed."""
    terminal, end = pty.openpty()
    os.write(terminal, typed.encode())
    try:
        done = subprocess.run(
            [*CLI, "init"],
            cwd=workspace.folder,
            env=plain_environment(workspace.environment()),
            stdin=end,
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
    finally:
        os.close(terminal)
        os.close(end)
    return done.stdout


def test_a_terminal_is_asked_for_the_help_desk_until_it_is_known(tmp_path: Path) -> None:
    new = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    asked = "Telephone of the help desk"
    assert asked in run_at_terminal(new, "\n\n")
    assert not (tmp_path / ".env").exists()
    shown = run_at_terminal(new, "by telephone\n020-5550-0100\nhelp@pmc.example\n")
    assert shown.count("write it as 020-5550-0100") == 1
    file = tmp_path / ".env"
    assert file.read_text().split() == [
        "NAGARVANI_HELP_PHONE=020-5550-0100",
        "NAGARVANI_HELP_MAIL=help@pmc.example",
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    assert asked not in run_at_terminal(new, "")


def test_answers_that_cannot_be_kept_are_printed_to_be_written(tmp_path: Path) -> None:
    new = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    (tmp_path / ".env").mkdir()  # so that even root cannot write there
    shown = run_at_terminal(new, "\nhelp@pmc.example\n")
    assert f"Write into {tmp_path / '.env'}:\nNAGARVANI_HELP_MAIL=help@pmc.example\n" in shown


def test_an_init_without_a_terminal_asks_nothing(tmp_path: Path) -> None:
    new = make_workspace(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
    assert "help desk" not in new.run("init").out


def test_a_database_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    away = make_workspace(tmp_path, "postgresql://city:hidden@127.0.0.1:9/city")
    output = away.run_in_process("init")
    assert output.code == 1
    assert "database: postgresql://city:***@127.0.0.1:9/city does not answer" in output.err
