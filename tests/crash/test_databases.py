"""The database stops, is locked, cuts connections or runs out of disk while real clocks work."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

from tests.crash.clock_installation import TIMEOUT, ClockInstallation, open_installation
from tests.crash.connection_cuts import WRITES_RECEIPTS, WRITES_SENDING, cut_commits
from tests.crash.disks import Disk, small_disk
from tests.crash.fork_server import ForkingStarter
from tests.crash.servers import OwnServer, own_server
from tests.crash.timings import LEASE
from tests.crash.verdict import explain, judge
from tests.support.postgres import TEMPLATE
from tests.support.processes import RunningCommand, Starter
from tests.support.runs import Run

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

COMPLAINTS = ("waits for the database", "disk is full", "disk I/O error", "No space left")


@pytest.fixture(scope="module")
def server(run: Run) -> Iterator[OwnServer]:
    """Run a PostgreSQL that the tests of this file may stop."""
    with own_server(run) as server:
        yield server


@pytest.fixture
def on_server(
    server: OwnServer, forking_starter: ForkingStarter, tmp_path: Path
) -> Iterator[ClockInstallation]:
    """Open an installation on that server."""
    name = server.create()
    with open_installation(forking_starter, server.url(name), tmp_path) as opened:
        yield opened
    server.drop(name)


def _start_clock(installation: ClockInstallation) -> RunningCommand:
    clock = installation.start_clock()
    clock.wait_for("runs", within=TIMEOUT)
    return clock


def _wait_and_judge(installation: ClockInstallation, clock: RunningCommand) -> None:
    """Wait until the surviving clock has settled all deliveries, and judge them."""
    installation.wait_for(lambda: installation.waiting_count() == 0)
    assert clock.is_running(), clock.written_output()
    clock.stop(within=TIMEOUT)
    verdict = judge(installation)
    assert verdict.is_clean, verdict
    assert verdict.published + verdict.held == verdict.posts > 0


def test_postgresql_restarted_in_immediate_mode_loses_and_repeats_nothing(
    on_server: ClockInstallation, server: OwnServer
) -> None:
    chance = random.Random(5)
    on_server.slow_publications(0.1)
    clock = _start_clock(on_server)
    for _ in range(10):
        on_server.add_posts(6)
        time.sleep(chance.uniform(0, 0.3))
        server.stop()
        server.start_again()
        on_server.reconnect()
    _wait_and_judge(on_server, clock)


@pytest.mark.parametrize("seconds", [1, 2 * LEASE], ids=["a moment", "twice the lease"])
def test_postgresql_that_is_away_for_a_while_loses_and_repeats_nothing(
    on_server: ClockInstallation, server: OwnServer, seconds: float
) -> None:
    on_server.slow_publications(0.2)
    clock = _start_clock(on_server)
    on_server.add_posts(12)
    server.stop()
    time.sleep(seconds)
    server.start_again()
    on_server.reconnect()
    _wait_and_judge(on_server, clock)
    lines = clock.written_output().splitlines()
    waiting = [line.split()[3:] for line in lines if " waits for the database: " in line]
    loops = Counter(" ".join(words).partition(" waits ")[0] for words in waiting)
    assert "dispatch" in loops
    assert max(loops.values()) <= 1 + seconds // 60, loops
    assert sum("the database answers again, after" in line for line in lines) <= 1
    assert "Traceback" not in clock.written_output()


def test_connections_that_postgresql_cuts_lose_and_repeat_nothing(
    start: Starter, postgres_url: str, tmp_path: Path
) -> None:
    """Some of the connections are cut inside a COMMIT."""
    with open_installation(start, postgres_url, tmp_path) as installation:
        installation.slow_publications(0.1)
        clock = _start_clock(installation)
        plain = postgres_url.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(plain, autocommit=True) as killer:
            for _ in range(20):
                installation.add_posts(6)
                killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND application_name = 'clock' "
                    "AND random() < 0.5"
                )
                time.sleep(0.15)
        _wait_and_judge(installation, clock)


@pytest.mark.parametrize("lets_through", [True, False], ids=["committed", "not committed"])
@pytest.mark.parametrize("pattern", [WRITES_SENDING, WRITES_RECEIPTS], ids=["sending", "receipts"])
def test_a_connection_cut_during_a_commit_loses_and_repeats_nothing(
    start: Starter, postgres_url: str, tmp_path: Path, pattern: bytes, lets_through: bool
) -> None:
    """The clock does not know whether it was committed; three commits are cut."""
    folder = Path(mkdtemp(prefix="nagarvani-"))  # a socket's path must be short
    with (
        open_installation(start, postgres_url, tmp_path) as installation,
        cut_commits(postgres_url, folder, pattern, lets_through=lets_through, most=3) as cutter,
    ):
        installation.environment["NAGARVANI_DATABASE_URL"] = cutter.own_url
        clock = _start_clock(installation)
        for _ in range(3):  # the receipts of one round may share a commit
            installation.add_posts(8)
            installation.wait_for(lambda: installation.waiting_count() == 0)
        _wait_and_judge(installation, clock)
        assert cutter.cut_count == 3
        verdict = judge(installation)
        # Deliveries that are `sending` but were never sent are held for a person in the end.
        held_count = 3 if pattern == WRITES_SENDING and lets_through else 0
        assert (verdict.held, verdict.held_live) == (held_count, 0), explain(installation)
    shutil.rmtree(folder)


@pytest.mark.parametrize("seconds", [0.1, 1, 6, 12])
def test_sqlite_locked_by_another_writer_delays_and_loses_nothing(
    start: Starter, sqlite_url: str, tmp_path: Path, seconds: float
) -> None:
    """Twelve seconds are longer than a writer waits, so it fails as after thirty."""
    with open_installation(start, sqlite_url, tmp_path) as installation:
        installation.slow_publications(0.2)
        clock = _start_clock(installation)
        installation.add_posts(12)
        with closing(_connect(sqlite_url)) as locked:
            locked.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            locked.execute("ROLLBACK")
        _wait_and_judge(installation, clock)


def _connect(url: str) -> sqlite3.Connection:
    opened = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    opened.execute("PRAGMA busy_timeout=30000")
    return opened


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Mount a disk that can be filled."""
    with small_disk(64) as disk:
        yield disk


@pytest.fixture
def on_disk(
    disk: Disk, forking_starter: ForkingStarter, sqlite_url: str, tmp_path: Path
) -> Iterator[ClockInstallation]:
    """Open an installation with its SQLite file on that disk; media and sandbox lie elsewhere."""
    file = disk.folder / "nagarvani.db"
    Path(sqlite_url.removeprefix("sqlite:///")).rename(tmp_path / "moved.db")
    file.write_bytes((tmp_path / "moved.db").read_bytes())
    with open_installation(forking_starter, f"sqlite:///{file}", tmp_path) as opened:
        yield opened


def _truncate_log(installation: ClockInstallation) -> None:
    """Truncate the write-ahead log, so that every write needs new pages."""
    with closing(_connect(installation.database_url)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _has_complained(clock: RunningCommand) -> bool:
    return any(complaint in clock.written_output() for complaint in COMPLAINTS)


@pytest.mark.parametrize("pages", [0, 1, 2, 5, 13])
def test_a_disk_full_at_this_write_loses_and_repeats_nothing(
    on_disk: ClockInstallation, disk: Disk, pages: int
) -> None:
    """After this many pages, writing fails; the pages before are kept."""
    on_disk.slow_publications(0.1)
    clock = _start_clock(on_disk)
    on_disk.add_posts(12)
    _truncate_log(on_disk)
    disk.fill(but=pages)
    on_disk.wait_for(lambda: _has_complained(clock))
    time.sleep(1)
    disk.empty()
    _wait_and_judge(on_disk, clock)


def test_a_disk_that_fills_again_and_again_loses_and_repeats_nothing(
    on_disk: ClockInstallation, disk: Disk
) -> None:
    chance = random.Random(8)
    on_disk.slow_publications(0.1)
    clock = _start_clock(on_disk)
    for _ in range(5):
        on_disk.add_posts(12)
        time.sleep(chance.uniform(0, 0.3))
        _truncate_log(on_disk)
        disk.fill()
        time.sleep(1)
        disk.empty()
    assert _has_complained(clock), clock.written_output()
    _wait_and_judge(on_disk, clock)


def test_postgresql_whose_disk_fills_loses_and_repeats_nothing(
    disk: Disk, server: OwnServer, start: Starter, tmp_path: Path
) -> None:
    """Its tables lie on the disk that fills. A full disk for its log would end the server itself,
    like the restart in immediate mode.
    """
    with _database_on(disk, server) as url, open_installation(start, url, tmp_path) as installation:
        installation.slow_publications(0.1)
        clock = _start_clock(installation)
        for _ in range(5):
            installation.add_posts(12)
            disk.fill()
            time.sleep(2)
            disk.empty()
        installation.wait_for(lambda: installation.waiting_count() == 0)
        assert _has_complained(clock), clock.written_output()
        _wait_and_judge(installation, clock)


@contextmanager
def _database_on(disk: Disk, server: OwnServer) -> Iterator[str]:
    folder = disk.folder / "tables"
    folder.mkdir(mode=0o700)
    server.programs.hand_over(folder)
    with psycopg.connect(server.plain_url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
        connection.execute(f"CREATE DATABASE filling TEMPLATE {TEMPLATE} TABLESPACE small")
        try:
            yield server.url("filling")
        finally:
            server.drop("filling")
            connection.execute("DROP TABLESPACE small")
