"""Prepared statements return the same on both databases, and PostgreSQL gets several at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import bindparam, event, insert, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from publisher.database.prepared_statements import PreparedStatement, run
from publisher.database.session import Database, UtcDateTime, session_on, table_of
from publisher.models.deliveries import ClockBeat
from publisher.models.submissions import Counter

pytestmark = pytest.mark.both

NOW = datetime(2026, 11, 26, 9, 30, 0, 123456, tzinfo=UTC)
BEAT, COUNTER = table_of(ClockBeat), table_of(Counter)
AT = bindparam("at_moment", type_=UtcDateTime())
MOST = bindparam("at_most", type_=COUNTER.c.value.type)

SINCE = PreparedStatement(
    "beats_since", select(BEAT.c.name, BEAT.c.beat_at).where(BEAT.c.beat_at >= AT), [AT]
)
COUNTED = PreparedStatement(
    "counted",
    select(COUNTER.c.series, COUNTER.c.value)
    .where(COUNTER.c.value <= MOST, COUNTER.c.series.startswith("PMC/"))
    .order_by(COUNTER.c.series),
    [MOST],
)
COUNT_ON = PreparedStatement(
    "count_on",
    update(COUNTER)
    .where(COUNTER.c.value < MOST)
    .values(value=COUNTER.c.value + 1)
    .returning(COUNTER.c.value),
    [MOST],
)


@pytest.fixture
def filled_table(database: Database) -> Database:
    with database.transaction() as session:
        session.add(ClockBeat(name="घड्याळ 'एक'", started_at=NOW, beat_at=NOW))
        session.execute(insert(COUNTER), [{"series": f"PMC/{n}", "value": n} for n in (1, 5)])
    return database


def test_rows_have_the_names_and_types_of_their_columns(filled_table: Database) -> None:
    with filled_table.connection() as connection:
        ((beat,), counted) = run(
            connection, SINCE({"at_moment": NOW}), COUNTED({"at_most": 9, "at_moment": NOW})
        )
    assert (beat.name, beat.beat_at) == ("घड्याळ 'एक'", NOW)
    assert [tuple(counter) for counter in counted] == [("PMC/1", 1), ("PMC/5", 5)]


def test_a_moment_of_another_zone_is_the_same_moment(filled_table: Database) -> None:
    later = (NOW + timedelta(microseconds=1)).astimezone()
    with filled_table.connection() as connection:
        assert run(connection, SINCE({"at_moment": later})) == [[]]


def test_a_naive_moment_is_refused(filled_table: Database) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive"), filled_table.connection() as connection:
        run(connection, SINCE({"at_moment": naive}))


@pytest.mark.parametrize("commit", [False, True])
def test_what_it_changes_is_there_after_the_transaction(
    filled_table: Database, commit: bool
) -> None:
    with filled_table.connection() as connection:
        (changed,) = run(connection, COUNT_ON({"at_most": 3}), commit=commit)
        assert [counter.value for counter in changed] == [2]
    with filled_table.connection() as connection:
        (counted,) = run(connection, COUNTED({"at_most": 9}))
    assert [counter.value for counter in counted] == [2, 5]


def test_what_fails_later_undoes_it(filled_table: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        _count_on_and_fail(filled_table)
    with filled_table.connection() as connection:
        (counted,) = run(connection, COUNTED({"at_most": 9}))
    assert [counter.value for counter in counted] == [1, 5]


def _count_on_and_fail(filled: Database) -> None:
    with filled.connection() as connection:
        run(connection, COUNT_ON({"at_most": 3}))
        raise ZeroDivisionError


def test_a_session_on_it_shares_the_transaction(filled_table: Database) -> None:
    with filled_table.connection() as connection:
        run(connection, COUNT_ON({"at_most": 3}))
        with session_on(connection) as session:
            assert session.get_one(Counter, "PMC/1").value == 2
            session.get_one(Counter, "PMC/1").value = 40
        (counted,) = run(connection, COUNTED({"at_most": 99}))
        assert [counter.value for counter in counted] == [40, 5]
        connection.rollback()
    with filled_table.reading() as reader:
        assert reader.get_one(Counter, "PMC/1").value == 1


@pytest.fixture
def shared(postgres_url: str) -> Iterator[Database]:
    opened = Database(postgres_url)
    yield opened
    opened.dispose()


@pytest.mark.parametrize("times", [0, 12])
def test_it_runs_after_a_rollback(shared: Database, times: int) -> None:
    """psycopg deallocates all prepared statements, but only if some were its own."""
    for _ in range(3):
        with shared.connection() as connection:
            for _ in range(times):  # psycopg prepares a frequent statement
                connection.execute(select(1))
            run(connection, COUNTED({"at_most": 1}))
            connection.rollback()
        with shared.connection() as connection:
            assert run(connection, COUNTED({"at_most": 1})) == [[]]


@pytest.mark.parametrize("times", [0, 12])
def test_it_runs_after_a_rollback_to_a_savepoint(shared: Database, times: int) -> None:
    with shared.transaction() as session:
        for _ in range(times):
            session.execute(select(1))
        run(session.connection(), COUNTED({"at_most": 1}))
        with pytest.raises(ZeroDivisionError):
            _fail_inside_a_savepoint(session)
        assert run(session.connection(), COUNTED({"at_most": 1})) == [[]]


def _fail_inside_a_savepoint(session: Session) -> None:
    with session.begin_nested():
        session.execute(select(1))
        raise ZeroDivisionError


def test_it_runs_after_a_failure_that_came_when_all_was_committed(shared: Database) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            _commit_and_fail(shared)
        with shared.connection() as connection:
            assert run(connection, COUNTED({"at_most": 1})) == [[]]


def _commit_and_fail(shared: Database) -> None:
    with shared.connection() as connection:
        run(connection, COUNTED({"at_most": 1}), commit=True)
        raise ZeroDivisionError


def test_a_connection_that_broke_says_so_and_the_next_one_works(shared: Database) -> None:
    with pytest.raises(DBAPIError) as error:
        _break_in_the_middle(shared)
    assert error.value.connection_invalidated
    with shared.connection() as connection:
        assert run(connection, COUNTED({"at_most": 1})) == [[]]


def test_a_connection_that_broke_while_it_rested_says_so_too(shared: Database) -> None:
    """The explicit BEGIN notices it."""
    with shared.transaction() as session:
        session.execute(select(1))
    _end_connections(shared)
    with pytest.raises(OperationalError) as error, shared.transaction() as session:
        session.execute(select(1))
    assert error.value.connection_invalidated
    with shared.transaction() as session:
        assert session.scalar(select(1)) == 1


def test_a_file_that_another_writes_is_an_error_of_the_database(sqlite_url: str) -> None:
    opened, other = Database(sqlite_url), Database(sqlite_url)

    @event.listens_for(other.engine, "connect")
    def hurry(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 1")

    with opened.connection() as connection:
        run(connection, COUNT_ON({"at_most": 1}))
        with pytest.raises(OperationalError, match="locked"):
            _count_on_and_fail(other)
    for database in (opened, other):
        database.dispose()


def _break_in_the_middle(shared: Database) -> None:
    with shared.connection() as connection:
        run(connection, COUNTED({"at_most": 1}))
        _end_connections(shared)
        run(connection, COUNTED({"at_most": 1}))


def _end_connections(shared: Database) -> None:
    address = shared.engine.url.set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_what_reads_may_not_write(shared: Database) -> None:
    with shared.connection_for_reading() as connection:
        writing = COUNT_ON({"at_most": 3})
        with pytest.raises(DBAPIError, match="read-only"):
            run(connection, writing)


def test_its_texts_crowd_out_nothing_that_psycopg_has_prepared(shared: Database) -> None:
    with shared.connection() as connection:
        for number in range(150):
            run(connection, COUNTED({"at_most": number}))
            if number < 12:
                connection.execute(select(COUNTER.c.series)).all()
        names = connection.execute(text("SELECT statement FROM pg_prepared_statements"))
        assert any(
            "counters.series" in statement and "PREPARE" not in statement for (statement,) in names
        )


def test_a_server_that_is_away_is_an_error_of_the_database() -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(OperationalError), away.connection() as connection:
        run(connection, COUNTED({"at_most": 1}))
    away.dispose()
