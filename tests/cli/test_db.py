"""`nagarvani db` compares the tables with those that this version needs, and migrates them."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from publisher.database.revisions import latest_revision, pending_migrations
from publisher.database.session import Database, alembic_config
from tests.cli.command_line import Workspace, make_workspace

OLDER, NEWER = "0044", "9999"


@pytest.fixture
def workspace(tmp_path: Path, sqlite_url: str) -> Workspace:
    """Create a workspace whose tables are those of this version."""
    return make_workspace(tmp_path, sqlite_url)


def set_revision(workspace: Workspace, revision: str) -> None:
    with (
        Database(workspace.settings["DATABASE_URL"]) as database,
        database.transaction() as session,
    ):
        session.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})


def test_pending_migrations_are_named_and_made(workspace: Workspace) -> None:
    command.downgrade(alembic_config(workspace.settings["DATABASE_URL"]), OLDER)
    pending = [
        f"  {migration.revision}  {migration.title}" for migration in pending_migrations(OLDER)
    ]
    assert pending[0] == (
        "  0045  A decision says how its person was known: in a session, or by a personal link."
    )
    status = workspace.run_in_process("db", "status")
    assert status.lines[1:] == [
        f"Its tables: {OLDER}",
        f"This version's: {latest_revision()}",
        f"Pending: {len(pending)}",
        *pending,
    ]
    upgrade = workspace.run_in_process("db", "upgrade")
    says = f"The tables are those of this version ({latest_revision()})."
    assert (status.code, upgrade.code, upgrade.lines) == (1, 0, [*pending, says])
    status = workspace.run_in_process("db", "status")
    assert (status.code, status.lines[-1]) == (0, "Pending: 0")
    assert workspace.run_in_process("db", "upgrade").lines == [says]


@pytest.mark.postgres
def test_the_address_is_written_as_in_the_settings(tmp_path: Path, postgres_url: str) -> None:
    workspace = make_workspace(tmp_path, postgres_url)
    assert workspace.run_in_process("db", "status").lines[0].startswith("Database: postgresql://")


def test_tables_of_a_newer_version_are_left_as_they_are(workspace: Workspace) -> None:
    set_revision(workspace, NEWER)
    output = workspace.run_in_process("db", "upgrade")
    assert output.code == 1
    (line,) = output.err.splitlines()
    assert "newer version" in line
    status = workspace.run_in_process("db", "status")
    assert (status.code, status.lines[1]) == (1, f"Its tables: {NEWER}")
    assert "install that version" in status.lines[-1]


@pytest.mark.parametrize("name", ["status", "upgrade"])
def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, name: str) -> None:
    workspace = Workspace(tmp_path, {"DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"})
    output = workspace.run_in_process("db", name)
    assert output.code == 1
    assert "run nagarvani init" in output.err
    assert list(tmp_path.iterdir()) == []


def test_the_status_of_a_database_without_tables_names_what_is_pending(tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()
    workspace = Workspace(tmp_path, {"DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"})
    status = workspace.run_in_process("db", "status")
    assert (status.code, status.lines[1]) == (1, "Its tables: none")
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("name", ["status", "upgrade"])
def test_a_database_that_is_away_is_one_sentence_without_its_password(
    tmp_path: Path, name: str
) -> None:
    workspace = make_workspace(tmp_path, "postgresql://city:hidden@127.0.0.1:9/city")
    output = workspace.run_in_process("db", name)
    assert output.code == 1
    assert "does not answer" in output.err
    assert "hidden" not in output.out + output.err
