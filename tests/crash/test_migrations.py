"""Migrations that die midway, and clocks of another version than the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text, update

from publisher.database.session import Base, alembic_config
from publisher.models.deliveries import Delivery
from publisher.now import now
from publisher.states import DeliveryState
from tests.crash import crash_at_statement
from tests.crash.clock_installation import TIMEOUT, ClockInstallation, open_installation
from tests.crash.fork_server import ForkingStarter
from tests.crash.verdict import judge
from tests.support.postgres import Server
from tests.support.processes import RunningCommand

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

OLD, PREVIOUS, NEWER = "0010", "0018", "9999"
HEAD = str(ScriptDirectory.from_config(alembic_config("sqlite://")).get_current_head())
CURRENT_TABLES = "the tables are those of this version"
OTHER_TABLES = "the tables are those of another version"
STEPS = {
    "0010": ("INDEX uq_receipts_created", "version_num='0011'"),
    "0011": ("UPDATE accounts SET platform_id", "version_num='0012'"),
    "0015": ("version_num='0016'",),
    "0017": ("INDEX ix_deliveries_urgent",),
    "0018": ("version_num='0019'",),
}
"""The statements before which a migration dies, by the revision that the tables keep: inside a
migration, after it has rebuilt tables, and at its end, before the commit.
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def installation(
    request: pytest.FixtureRequest, forking_starter: ForkingStarter, tmp_path: Path
) -> Iterator[ClockInstallation]:
    """Open an installation on a database of its own, whose tables the tests may change."""
    if request.param == "sqlite":
        with open_installation(
            forking_starter, request.getfixturevalue("sqlite_url"), tmp_path
        ) as opened:
            yield opened
        return
    server: Server = request.getfixturevalue("postgres")
    name = server.create()
    with open_installation(forking_starter, server.url(name), tmp_path) as opened:
        yield opened
    server.drop(name)


Rows = dict[tuple[str, str], Counter[str]]
"""The values in each column of each table."""


def test_migrations_killed_midway_go_on_at_the_next_start_and_keep_rows(
    installation: ClockInstallation,
) -> None:
    installation.add_posts(6)
    installation.drain()
    installation.add_posts(6, due=now() + timedelta(hours=1))
    engine = installation.database.engine
    command.downgrade(alembic_config(installation.database_url), OLD)
    # In those days neither side had an identity.
    (installation.folder / "media" / "identity").unlink()
    before = _read_rows(engine)
    for revision, steps in STEPS.items():
        for step in steps:
            _kill_migration_at(installation, step)
            assert installation.database.revision() == revision
    refused = installation.start_clock()
    assert _wait_for_end(refused)
    assert OTHER_TABLES in refused.written_output()
    again = installation.start.nagarvani("init", environment=installation.environment)
    again.wait_for(CURRENT_TABLES, within=TIMEOUT)
    again.kill()
    _assert_kept(before, _read_rows(engine))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert list(compare_metadata(context, Base.metadata)) == []
    with installation.database.transaction() as session:
        session.execute(update(Delivery).values(due_at=now()))
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == verdict.posts == 12


def _kill_migration_at(installation: ClockInstallation, statement: str) -> None:
    """Start the migrations, and let them die before a statement that contains this."""
    log = installation.folder / "at-statement"
    armed = {crash_at_statement.STATEMENT: statement, crash_at_statement.LOG: str(log)}
    started = installation.start.nagarvani("init", environment=installation.environment | armed)
    assert _wait_for_end(started)
    assert statement in log.read_text(), started.written_output()
    log.unlink()


def _wait_for_end(started: RunningCommand) -> bool:
    started.popen.wait(TIMEOUT)
    return not started.is_running()


def _read_rows(engine: Engine) -> Rows:
    counts: Rows = {}
    inspector = inspect(engine)
    with engine.connect() as connection:
        for table in set(inspector.get_table_names()) - {"alembic_version"}:
            names = [str(column["name"]) for column in inspector.get_columns(table)]
            rows = connection.execute(text(f"SELECT {', '.join(names)} FROM {table}")).all()
            for column, name in enumerate(names):
                counts[table, name] = Counter(str(row[column]) for row in rows)
    return counts


def _assert_kept(before: Rows, after: Rows) -> None:
    """Expect the values of every column that still exists."""
    assert sum(sum(counts.values()) for counts in before.values()) > 1_000
    lost = {key: counts - after[key] for key, counts in before.items() if key in after}
    assert {key: lost_rows for key, lost_rows in lost.items() if lost_rows} == {}


@pytest.mark.parametrize("other", [PREVIOUS, NEWER])
def test_neither_clock_nor_pages_begin_on_tables_of_another_version(
    installation: ClockInstallation, other: str
) -> None:
    installation.add_posts(6)
    if other == PREVIOUS:
        command.downgrade(alembic_config(installation.database_url), PREVIOUS)
    else:
        _set_revision(installation, NEWER)
    for call in (("clock",), ("clock", "--once"), ("web", "--port", "65000")):
        refused = installation.start.nagarvani(*call, environment=installation.environment)
        assert _wait_for_end(refused)
        assert f"{OTHER_TABLES} ({other}, not " in refused.written_output()
        assert "run nagarvani init, or install the version" in refused.written_output()
    if other == NEWER:
        output = installation.start.nagarvani("init", environment=installation.environment)
        assert _wait_for_end(output)
        assert "those of a newer version, and were left as they are" in output.written_output()
    assert installation.ledger("x") == installation.ledger("facebook") == []
    if other == NEWER:
        _set_revision(installation, HEAD)
    upgrade = installation.start.nagarvani("db", "upgrade", environment=installation.environment)
    assert _wait_for_end(upgrade), upgrade.written_output()
    installation.drain()
    assert judge(installation).published == 6


def test_a_clock_ends_once_the_tables_become_those_of_another_version(
    installation: ClockInstallation,
) -> None:
    """It works for a moment at most, by its own rules; the rest waits for the other version."""
    installation.slow_publications(0.2)
    clock = installation.start_clock()
    clock.wait_for("runs", within=TIMEOUT)
    installation.add_posts(12)
    _set_revision(installation, NEWER, also="ALTER TABLE deliveries ADD COLUMN colour VARCHAR(9)")
    installation.wait_for(lambda: not clock.is_running())
    assert f"{OTHER_TABLES} ({NEWER}, not {HEAD}) now" in clock.written_output()
    installation.clocks.clear()
    installation.add_posts(6)
    assert installation.delivery_count(DeliveryState.SCHEDULED) >= 6
    _set_revision(installation, HEAD)
    installation.drain()
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published == verdict.posts == 18


def _set_revision(installation: ClockInstallation, revision: str, *, also: str = "") -> None:
    """Set the tables' revision in one transaction."""
    with installation.database.transaction() as session:
        if also:
            session.execute(text(also))
        session.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
