"""A second clock on an SQLite database is refused, by a lock between real processes."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from sqlalchemy import select

from commands.app_setup import clock_name
from commands.single_instance import only_clock
from publisher.database.session import Database
from publisher.models.deliveries import ClockBeat
from tests.cli.command_line import CLI, Workspace, make_workspace
from tests.support.processes import RunningCommand, Starter
from tests.support.runs import wait_until

pytestmark = pytest.mark.proof

REFUSED = "works on this SQLite database already"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Create a workspace on SQLite, with a path relative to its folder."""
    new_house = make_workspace(tmp_path, "sqlite:///own.db")
    assert new_house.run_in_process("init").code == 0
    return new_house


def clock_names(workspace: Workspace) -> list[str]:
    database = Database(f"sqlite:///{workspace.folder / 'own.db'}")
    with database.reading() as session:
        names = list(session.scalars(select(ClockBeat.name)))
    database.dispose()
    return names


def start_clock(workspace: Workspace, start: Starter) -> RunningCommand:
    """Start a clock, and wait for its first heartbeat."""
    before = len(clock_names(workspace))
    started = start([*CLI, "clock"], environment=workspace.environment(), cwd=workspace.folder)
    assert wait_until(lambda: len(clock_names(workspace)) > before, within=30), (
        started.output.read_text()
    )
    return started


def test_a_second_clock_is_refused_until_the_first_has_ended(
    workspace: Workspace, start: Starter
) -> None:
    first = start_clock(workspace, start)
    whole = f"sqlite:///{workspace.folder / 'own.db'}"
    for arguments, url in ((("clock",), "sqlite:///own.db"), (("clock", "--once"), whole)):
        output = workspace.run(*arguments, DATABASE_URL=url)
        assert output.code == 1
        (line,) = output.err.splitlines()
        assert REFUSED in line
        assert f"(process {first.pid})" in line
    assert len(clock_names(workspace)) == 1
    first.stop(within=30)
    assert workspace.run("clock", "--once").code == 0


def test_a_clock_that_was_killed_leaves_no_lock(workspace: Workspace, start: Starter) -> None:
    start_clock(workspace, start).kill()
    start_clock(workspace, start)
    assert len(set(clock_names(workspace))) == 2


def test_another_database_has_a_lock_of_its_own(
    workspace: Workspace, start: Starter, tmp_path: Path
) -> None:
    start_clock(workspace, start)
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    with only_clock(other):
        assert (tmp_path / "other.db.clock").exists()
    other.dispose()


def test_any_number_may_run_on_postgresql(tmp_path: Path) -> None:
    away = Database("postgresql://nobody@127.0.0.1:9/city")
    with only_clock(away), only_clock(away):
        assert list(tmp_path.iterdir()) == []
    away.dispose()


def test_two_clocks_of_one_host_and_process_number_have_names_of_their_own() -> None:
    assert clock_name("") != clock_name("")
    assert clock_name("").startswith(socket.gethostname()[:50])
    assert clock_name("clock@1").startswith("clock@1/")
    assert max(len(clock_name("")), len(clock_name("a" * 50))) <= 80
