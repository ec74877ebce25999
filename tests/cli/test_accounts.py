"""`nagarvani accounts` lists accounts, seals credentials with a new key, and deletes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from publisher.auth import totp
from publisher.database.session import Database
from publisher.delivery.accounts.credentials import Unsealable, Vault
from publisher.models.deliveries import Account
from publisher.models.history import Event
from publisher.models.people import Department
from publisher.settings.reader import WrongSetting
from publisher.states import AccountState
from tests.cli.command_line import SECRET, Workspace, make_workspace
from tests.cli.test_init import FACEBOOK, X
from tests.support.city_people import NOON, appoint
from tests.support.second_factors import set_up_app

FIRST, SECOND = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def workspace(tmp_path: Path, sqlite_url: str) -> Workspace:
    """Create a workspace with an account on each platform."""
    new_house = make_workspace(tmp_path, sqlite_url)
    assert new_house.run_in_process("init", **X, **FACEBOOK).code == 0
    return new_house


def stored_accounts(workspace: Workspace) -> list[Account]:
    database = Database(workspace.environment()["NAGARVANI_DATABASE_URL"])
    with database.reading() as session:
        rows = list(session.scalars(select(Account).order_by(Account.id)))
    database.dispose()
    return rows


def test_the_list_says_whose_they_are_and_in_which_state(workspace: Workspace) -> None:
    output = workspace.run_in_process("accounts", "list")
    assert output.lines == [
        "x city: connected; पुणे महानगरपालिका; owner information-technology; used by all",
        "facebook 1234: connected; पुणे महानगरपालिका; owner information-technology; used by all",
    ]


def test_everything_is_resealed_under_the_newest_key_and_old_keys_can_go(
    workspace: Workspace,
) -> None:
    assert workspace.run_in_process("accounts", "rotate-keys", TOKEN_KEYS=FIRST).code == 0
    output = workspace.run_in_process("accounts", "rotate-keys", TOKEN_KEYS=f"{SECOND},{FIRST}")
    assert (output.code, "NAGARVANI_TOKEN_KEYS" in output.out) == (0, True)
    only_newest = Vault("another-secret-that-is-long-enough-for-it", (SECOND,))
    opened = [only_newest.open(account.credentials) for account in stored_accounts(workspace)]
    assert opened[0]["access_token"] == "1-token"
    assert opened[1]["page_token"] == "page-token"


def test_second_factors_are_resealed_too(workspace: Workspace) -> None:
    database = Database(workspace.environment()["NAGARVANI_DATABASE_URL"])
    with database.transaction() as session:
        garden = session.scalars(select(Department).where(Department.code == "garden")).one()
        person = appoint(session, garden).person
        app = set_up_app(session, person, sealer=Vault(SECRET, (FIRST,)), now=NOON)
        person_id = person.id
    workspace.run_in_process("accounts", "rotate-keys", TOKEN_KEYS=f"{SECOND},{FIRST}")
    only_newest = Vault("another-secret-that-is-long-enough-for-it", (SECOND,))
    with database.reading() as session:
        factor = totp.find_factor(session, person_id=person_id)
        assert factor is not None
        assert totp.open_secret(factor, only_newest) == app.secret
    database.dispose()


def test_what_no_key_opens_is_named_and_stays_as_it_is(workspace: Workspace) -> None:
    workspace.run_in_process("accounts", "rotate-keys", TOKEN_KEYS=FIRST)
    before = [account.credentials for account in stored_accounts(workspace)]
    output = workspace.run_in_process("accounts", "rotate-keys", TOKEN_KEYS=SECOND)
    assert output.code == 1
    assert output.err.count("none of the keys opens it") == 2
    assert [account.credentials for account in stored_accounts(workspace)] == before


def test_forgetting_all_asks_and_does_nothing_without_a_yes(workspace: Workspace) -> None:
    output = workspace.run_in_process("accounts", "forget-all")
    assert output.code == 1
    assert "Type yes to do it" in output.out
    assert all(account.credentials for account in stored_accounts(workspace))


def test_one_command_forgets_all_access(workspace: Workspace) -> None:
    output = workspace.run_in_process("accounts", "forget-all", "--yes", **X)
    assert (output.code, "2 disconnected" in output.out) == (0, True)
    assert "Take them out there." in output.out  # else `init` connects them again
    rows = stored_accounts(workspace)
    assert {(row.credentials, row.state) for row in rows} == {("", AccountState.DISCONNECTED)}
    with pytest.raises(Unsealable):
        Vault(SECRET, ()).open(rows[0].credentials)
    database = Database(workspace.environment()["NAGARVANI_DATABASE_URL"])
    with database.reading() as session:
        verbs = session.scalars(select(Event.verb).where(Event.subject == "accounts"))
        assert sorted(verbs) == ["connect", "connect", "disconnect", "disconnect"]
    database.dispose()
    assert "disconnected" in workspace.run_in_process("accounts", "list").lines[0]
    assert workspace.run_in_process("init", **X, **FACEBOOK).code == 0
    assert stored_accounts(workspace)[0].state is AccountState.CONNECTED


def test_the_apps_own_keys_may_be_set_without_an_account(workspace: Workspace) -> None:
    keys = {name: X[name] for name in ("X_CONSUMER_KEY", "X_CONSUMER_SECRET")}
    assert (
        workspace.run_in_process("init", **keys, FACEBOOK_APP_ID="1", FACEBOOK_APP_SECRET="s").code
        == 0
    )
    with pytest.raises(WrongSetting, match="NAGARVANI_X_CONSUMER_SECRET: is missing"):
        workspace.run_in_process("init", X_CONSUMER_KEY="key")
