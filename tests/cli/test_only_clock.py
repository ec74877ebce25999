"""A second clock on one SQLite database is refused; real processes, and the kernel's lock."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from sqlalchemy import select

from commands.app_setup import clock_name
from commands.single_instance import only_clock
from publisher.database.session import Database
from publisher.models.deliveries import ClockBeat
from tests.cli.doing import DOOR, House, house
from tests.support.processes import RunningCommand, Starter
from tests.support.runs import wait_until

pytestmark = pytest.mark.proof

REFUSED = "works on this SQLite database already"


@pytest.fixture
def own(tmp_path: Path) -> House:
    """A house on SQLite, named by a path from its own folder."""
    new_house = house(tmp_path, "sqlite:///own.db")
    assert new_house.call("init").code == 0
    return new_house


def beats(own: House) -> list[str]:
    database = Database(f"sqlite:///{own.folder / 'own.db'}")
    with database.reading() as session:
        names = list(session.scalars(select(ClockBeat.name)))
    database.dispose()
    return names


def begin(own: House, start: Starter) -> RunningCommand:
    """A clock that beats."""
    before = len(beats(own))
    started = start([*DOOR, "clock"], environment=own.environment(), cwd=own.folder)
    assert wait_until(lambda: len(beats(own)) > before, within=30), started.output.read_text()
    return started


def test_a_second_clock_is_refused_until_the_first_has_ended(own: House, start: Starter) -> None:
    first = begin(own, start)
    whole = f"sqlite:///{own.folder / 'own.db'}"
    for arguments, url in ((("clock",), "sqlite:///own.db"), (("clock", "--once"), whole)):
        output = own.do(*arguments, DATABASE_URL=url)
        assert output.code == 1
        (line,) = output.err.splitlines()
        assert REFUSED in line
        assert f"(process {first.pid})" in line
    assert len(beats(own)) == 1
    first.stop(within=30)
    assert own.do("clock", "--once").code == 0


def test_a_clock_that_was_killed_leaves_no_lock(own: House, start: Starter) -> None:
    begin(own, start).kill()
    begin(own, start)
    assert len(set(beats(own))) == 2


def test_another_database_has_a_lock_of_its_own(own: House, start: Starter, tmp_path: Path) -> None:
    begin(own, start)
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
    assert clock_name() != clock_name()
    assert clock_name().startswith(socket.gethostname()[:50])
    assert len(clock_name()) <= 80
