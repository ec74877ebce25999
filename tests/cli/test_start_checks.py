"""A start is refused without written settings by https, and with a key that opens nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from alembic.command import downgrade
from cryptography.fernet import Fernet
from sqlalchemy import select

from cli import nagarvani
from commands.app_setup import open_app_context
from publisher.database.revisions import latest_revision
from publisher.database.session import Database, alembic_config
from publisher.delivery.accounts.credentials import Vault
from publisher.models.deliveries import Account
from publisher.models.people import Department
from publisher.models.second_factors import SecondFactor
from publisher.settings.environment import load
from publisher.settings.reader import WrongSetting
from tests.cli.command_line import SECRET, Workspace, make_workspace
from tests.cli.test_init import FACEBOOK, X
from tests.support.city_people import NOON, appoint
from tests.support.second_factors import set_up_app

OTHER = "another-invented-secret-of-forty-characters"
HTTPS = "https://nagarvani.pmc.example"
OPENING = (("web",), ("clock", "--once"), ("init",), ("doctor",), ("queue",), ("db", "status"))


@pytest.fixture
def workspace(tmp_path: Path, sqlite_url: str) -> Workspace:
    """Create a workspace whose database has tables and nothing sealed."""
    return make_workspace(tmp_path, sqlite_url)


@pytest.fixture
def database(workspace: Workspace) -> Iterator[Database]:
    """Open its database."""
    with Database(workspace.settings["DATABASE_URL"]) as database:
        yield database


def seal_factor(database: Database, key: str) -> str:
    """Let an officer set up an app under this key; return the login."""
    with database.transaction() as session:
        garden = session.scalars(select(Department).where(Department.code == "garden")).one()
        person = appoint(session, garden).person
        set_up_app(session, person, sealer=Vault(key, ()), now=NOON)
        return person.mail or ""


def refusal(workspace: Workspace, *arguments: str, **settings: str) -> str:
    """Return the sentence with which a command is refused."""
    with pytest.raises(WrongSetting) as refused:
        workspace.run_in_process(*arguments, **settings)
    return str(refused.value)


@pytest.mark.parametrize("arguments", OPENING, ids=" ".join)
def test_with_https_nothing_is_guessed_and_nothing_is_laid(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    lines = refusal(Workspace(tmp_path, {"BASE_URL": HTTPS}), *arguments).splitlines()
    named = ["DATABASE_URL", "SECRET_KEY", "MEDIA_DIR"]
    assert [line.partition(":")[0] for line in lines] == [f"NAGARVANI_{name}" for name in named]
    assert list(tmp_path.iterdir()) == []


def test_what_a_start_by_http_has_laid_is_named_and_can_be_copied(tmp_path: Path) -> None:
    """The way from 0.1.0, where the key was made below the folder."""
    assert Workspace(tmp_path, {}).run_in_process("init", **X).code == 0
    var = tmp_path / "var"
    by_https = Workspace(tmp_path, {"BASE_URL": HTTPS})
    why = "has to be set where people reach the pages by https"
    assert refusal(by_https, "init").splitlines() == [
        f"NAGARVANI_DATABASE_URL: {why}: write sqlite:///{var}/nagarvani.db, which was used so far",
        f"NAGARVANI_SECRET_KEY: {why}: the present key is in {var}/secret-key, copy it from there",
        f"NAGARVANI_MEDIA_DIR: {why}: write {var}/media, which was used so far",
    ]
    written = {
        "DATABASE_URL": f"sqlite:///{var / 'nagarvani.db'}",
        "MEDIA_DIR": str(var / "media"),
    }
    # A new key in place of the copy is refused, and the sentence names the file again.
    new_key = refusal(by_https, "clock", "--once", SECRET_KEY=OTHER, **written)
    assert f"copy the key in {var / 'secret-key'}, which opens them" in new_key
    key = (var / "secret-key").read_text()
    assert by_https.run_in_process("init", SECRET_KEY=key, **written).code == 0


@pytest.mark.parametrize(
    ("setting", "text"), [("DATABASE_URL", "sqlite:///city.db"), ("MEDIA_DIR", "media")]
)
def test_with_https_a_path_begins_at_the_root(
    workspace: Workspace, setting: str, text: str
) -> None:
    assert "has to begin with /" in refusal(
        workspace, "queue", **{"BASE_URL": HTTPS, setting: text}
    )


def test_rehearsals_by_https_have_a_folder_that_is_written(workspace: Workspace) -> None:
    sentence = refusal(workspace, "rehearse", "list", BASE_URL=HTTPS, REHEARSALS="1")
    assert sentence.startswith("NAGARVANI_REHEARSALS_DIR: ")


def test_a_new_key_opens_nothing_and_is_refused_by_pages_clock_and_init(
    workspace: Workspace,
) -> None:
    workspace.run_in_process("init", **X, **FACEBOOK)
    for arguments in (("clock", "--once"), ("init",)):
        sentence = refusal(workspace, *arguments, SECRET_KEY=OTHER)
        assert sentence.startswith("NAGARVANI_SECRET_KEY: this key opens nothing of what is sealed")
        assert "(2 accounts and 0 second factors): write the key that they were sealed" in sentence
    with pytest.raises(WrongSetting, match="opens nothing"):
        open_app_context(load(workspace.environment(SECRET_KEY=OTHER)))
    # Publishing can be stopped all the same.
    assert workspace.run_in_process("stop-all", "--reason", "x", SECRET_KEY=OTHER).code == 0


@pytest.mark.ci
@pytest.mark.parametrize("older", ["0019", "0044"])
def test_a_new_key_is_refused_before_older_tables_are_changed(
    workspace: Workspace, database: Database, older: str
) -> None:
    """Those of 0.1.0 have accounts, and no second factors."""
    workspace.run_in_process("init", **X)
    downgrade(alembic_config(database.url), older)
    (Path(workspace.settings["MEDIA_DIR"]) / "identity").unlink()  # older versions laid none
    assert "(1 accounts and 0 second factors)" in refusal(workspace, "init", SECRET_KEY=OTHER)
    assert database.revision() == older
    assert workspace.run_in_process("init").code == 0
    assert database.revision() == latest_revision()


def test_a_key_that_opens_no_second_factor_is_refused_too(
    workspace: Workspace, database: Database
) -> None:
    workspace.run_in_process("init")
    seal_factor(database, SECRET)
    assert "(0 accounts and 1 second factors)" in refusal(
        workspace, "clock", "--once", SECRET_KEY=OTHER
    )


def test_ended_factors_and_forgotten_accounts_refuse_nothing(
    workspace: Workspace, database: Database
) -> None:
    workspace.run_in_process("init", **X)
    seal_factor(database, SECRET)
    with database.transaction() as session:
        session.scalars(select(Account)).one().credentials = ""
        session.scalars(select(SecondFactor)).one().ended_at = NOON
    assert workspace.run_in_process("init", SECRET_KEY=OTHER).code == 0


def test_new_keys_beside_the_old_one_are_taken(workspace: Workspace) -> None:
    first, second = (Fernet.generate_key().decode() for _ in range(2))
    workspace.run_in_process("init", **X, TOKEN_KEYS=first)
    assert workspace.run_in_process("init", TOKEN_KEYS=f"{second} {first}").code == 0
    assert workspace.run_in_process("init", TOKEN_KEYS=first, SECRET_KEY=OTHER).code == 0
    assert "opens nothing" in refusal(workspace, "init", TOKEN_KEYS=second)


def test_where_a_key_opens_a_part_the_doctor_names_the_rest(
    workspace: Workspace, database: Database
) -> None:
    workspace.run_in_process("init", **X, X_API_URL="http://127.0.0.1:9")
    login = seal_factor(database, OTHER)
    assert workspace.run_in_process("init").code == 0  # the account opens
    doctor = workspace.run_in_process("doctor", X_API_URL="http://127.0.0.1:9")
    (line,) = [line for line in doctor.lines if "sealed with another key" in line]
    assert f"the second factors of 1 people ({login}) were sealed" in line


def test_of_a_lost_key_everything_sealed_is_forgotten_and_a_new_one_taken(
    workspace: Workspace, database: Database
) -> None:
    workspace.run_in_process("init", **X, **FACEBOOK)
    seal_factor(database, SECRET)
    forgotten = workspace.run_in_process(
        "accounts", "forget-all", "--yes", "--lost-key", SECRET_KEY=OTHER
    )
    assert forgotten.lines[0].startswith("2 disconnected.")
    assert "1 second factors ended" in forgotten.lines[1]
    assert workspace.run_in_process("init", SECRET_KEY=OTHER, **X).code == 0


def every_command(group: click.Group = nagarvani, *before: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from every_command(command, *before, name)
        else:
            yield (*before, name)


LAYING = {
    *(("init",), ("restore",), ("demo",), ("seed",), ("sandbox",)),
    *(("rehearse", "start"), ("rehearse", "run")),
}
"""The commands that lay something in their folder, as docs/settings.md says."""

WITHOUT_DATABASE = {
    *(("config", "show"), ("config", "sms"), ("mail", "test")),
    *(("rehearse", "list"), ("rehearse", "drop")),
}

ARGUMENTS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("accounts", "forget-all"): ("--yes",),
    ("backup",): ("city.backup",),
    ("mail", "read"): (__file__,),
    ("mail", "test"): ("a@b.example",),
    ("media", "copy"): ("file:///nowhere",),
    ("people", "add"): (
        *("--name", "अ", "--mail", "a@b.example", "--role", "admin"),
        *("--department", "water"),
    ),
    ("people", "confirm"): ("1",),
    ("people", "correct"): ("a@b.example", "--mail", "b@b.example"),
    ("people", "rename"): ("a@b.example", "--name-en", "A"),
    ("register", "import"): (__file__,),
    ("release",): ("--reason", "x"),
    ("rehearse", "drop"): ("noon",),
    ("stop-all",): ("--reason", "x"),
    **{("people", name): ("a@b.example",) for name in ("disable", "invite", "reset", "end-factor")},
}


@pytest.mark.parametrize("words", sorted({*every_command()} - LAYING), ids=" ".join)
def test_in_an_empty_folder_no_command_leaves_anything(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    output = Workspace(tmp_path, {}).run_in_process(*words, *ARGUMENTS.get(words, ()))
    assert "Usage:" not in output.err
    assert list(tmp_path.iterdir()) == []
    if words not in WITHOUT_DATABASE:
        assert output.code == 1
        assert "run nagarvani init" in output.out + output.err


def test_a_kept_key_that_was_cut_off_is_named(tmp_path: Path) -> None:
    assert Workspace(tmp_path, {}).run_in_process("init").code == 0
    key = tmp_path / "var" / "secret-key"
    key.write_text("short")
    assert str(key) in refusal(Workspace(tmp_path, {}), "web")
    shutil.rmtree(tmp_path / "var")
