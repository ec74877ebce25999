"""Durable commits, aware times, and an append-only history, on both databases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from psycopg import Connection
from psycopg.pq import PipelineStatus
from sqlalchemy import Engine, Executable, event, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import Session

from approvals.policy import ActorKind, Role
from publisher.database.bulk import bulk_insert
from publisher.database.engines import TRUSTED_IDLE_TIME
from publisher.database.session import Database, ReadOnly, UtcDateTime, migrate
from publisher.models.history import Event, Seal
from publisher.models.people import Appointment, Department, Person
from publisher.models.submissions import Counter
from tests.support.city_people import add_department
from tests.support.postgres import Server

pytestmark = pytest.mark.both

NOW = datetime(2026, 11, 25, 6, 0, 0, 123456, tzinfo=UTC)
KOLKATA = timezone(timedelta(hours=5, minutes=30))


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with Session(database.engine, expire_on_commit=False) as opened:
        yield opened


def count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Counter)) or 0


# Transactions


def write_and_fail(database: Database) -> None:
    with database.transaction() as session:
        session.add(Counter(series="PMC/2027", value=1))
        session.flush()
        raise ZeroDivisionError


def test_a_transaction_keeps_all_or_nothing(database: Database) -> None:
    with database.transaction() as session:
        session.add(Counter(series="PMC/2026", value=1))
    with pytest.raises(ZeroDivisionError):
        write_and_fail(database)
    assert count(database) == 1


def test_reading_keeps_nothing(database: Database) -> None:
    with database.reading() as session:
        session.add(Counter(series="PMC/2026", value=1))
        with pytest.raises(ReadOnly):
            session.flush()
    assert count(database) == 0


@pytest.mark.parametrize(
    "statement",
    [
        select(Counter).with_for_update(),
        update(Counter).values(value=2),
        insert(Counter).values(series="PMC/2028", value=1),
    ],
)
def test_reading_locks_and_changes_nothing(database: Database, statement: Executable) -> None:
    """SQLite has no row locks and PostgreSQL has, so locking is refused before either is used."""
    with database.reading() as session, pytest.raises(ReadOnly):
        session.execute(statement)


def test_reading_locks_no_row_by_its_key(database: Database) -> None:
    with database.reading() as session, pytest.raises(ReadOnly):
        session.get(Counter, "PMC/2026", with_for_update=True)


def test_reading_lets_postgresql_keep_what_is_prepared(postgres_url: str) -> None:
    """After a ROLLBACK psycopg would deallocate all prepared statements."""
    opened = Database(postgres_url)
    for _ in range(12):
        with opened.reading() as session:
            session.scalar(select(func.count()).select_from(Counter))
    with opened.reading() as session:
        statement_count = session.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    opened.dispose()
    assert statement_count


def test_a_writer_on_sqlite_holds_the_database_from_its_first_statement(sqlite_url: str) -> None:
    first, second = Database(sqlite_url), Database(sqlite_url)

    @event.listens_for(second.engine, "connect")
    def hurry(connection: object, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 1")  # type: ignore[attr-defined]  # SQLite's own

    with first.transaction() as session:
        session.execute(select(1))
        with pytest.raises(DBAPIError, match="locked"), second.transaction() as other:
            other.execute(select(1))
        with second.reading() as reader:
            assert reader.scalar(select(func.count()).select_from(Counter)) == 0
    first.dispose()
    second.dispose()


def test_threads_of_one_process_write_to_sqlite_in_turns(sqlite_url: str) -> None:
    """No thread meets another's lock, though SQLite would not wait."""
    opened = Database(sqlite_url)

    @event.listens_for(opened.engine, "connect")
    def hurry(connection: object, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 0")  # type: ignore[attr-defined]  # SQLite's own

    together = Barrier(4)

    def write(number: int) -> None:
        together.wait()
        for step in range(10):
            with opened.transaction() as session:
                session.add(Counter(series=f"{number}/{step}", value=1))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    assert count(opened) == 40
    opened.dispose()


def test_a_turn_is_given_on_whichever_way_a_transaction_ends(sqlite_url: str) -> None:
    opened = Database(sqlite_url)
    with pytest.raises(ZeroDivisionError):
        write_and_fail(opened)
    with ThreadPoolExecutor(1) as other:
        other.submit(write_one, opened).result(timeout=5)
    assert count(opened) == 1
    opened.dispose()


def write_one(database: Database) -> None:
    with database.transaction() as session:
        session.add(Counter(series="PMC/2028", value=1))


def test_who_waits_in_vain_for_the_turn_uses_no_connection_of_anothers(sqlite_url: str) -> None:
    """A thread writes within its own transaction; SQLite refuses, and it stays usable."""
    opened = Database(sqlite_url)

    @event.listens_for(opened.engine, "connect")
    def hurry(connection: object, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout = 1")  # type: ignore[attr-defined]  # SQLite's own

    with opened.transaction() as session:
        session.execute(insert(Counter).values(series="outer", value=1))
        with pytest.raises(DBAPIError, match="locked"):
            write_plainly(opened, 1)
    write_plainly(opened, 2)
    assert count(opened) == 2
    opened.dispose()


def write_plainly(database: Database, number: int, *, fails: bool = False) -> Any:  # noqa: ANN401  a driver's
    """Write a row, and return the driver's connection."""
    with database.transaction() as session:
        session.execute(insert(Counter).values(series=str(number), value=number))
        if fails:
            raise ZeroDivisionError
        return session.connection().connection.dbapi_connection


def test_a_connection_that_was_cut_while_it_rested_is_made_anew(postgres_url: str) -> None:
    opened, other = Database(postgres_url), Database(postgres_url)
    with opened.reading() as session:
        pid = session.scalar(select(func.pg_backend_pid()))
    with other.reading() as session:
        session.execute(select(func.pg_terminate_backend(pid)))
    time.sleep(TRUSTED_IDLE_TIME + 0.1)
    with opened.reading() as session:
        assert session.scalar(select(func.pg_backend_pid())) != pid
    opened.dispose()
    other.dispose()


def test_a_folder_for_a_new_sqlite_file_is_made_by_the_migrations_alone(tmp_path: Path) -> None:
    file = tmp_path / "var" / "deep" / "nagarvani.db"
    Database(f"sqlite:///{file}").dispose()
    assert list(tmp_path.iterdir()) == []
    migrate(f"sqlite:///{file}", "0001")
    assert file.exists()


# Durability


def test_commits_are_durable_as_the_product_opens_its_database(database: Database) -> None:
    assert database.check_durable() is None


def test_a_sqlite_that_does_not_wait_for_the_disk_is_found_out(sqlite_url: str) -> None:
    opened = Database(sqlite_url)
    for weaker in ("OFF", "NORMAL"):
        change_pragma(opened.engine, f"synchronous = {weaker}")
        assert "PRAGMA synchronous" in (opened.check_durable() or "")
    opened.dispose()


def change_pragma(engine: Engine, pragma: str) -> None:
    """Change a pragma on the only connection of the pool."""
    raw = engine.raw_connection()
    raw.cursor().execute(f"PRAGMA {pragma}")
    raw.close()


def test_a_postgres_that_does_not_wait_for_the_disk_is_found_out(postgres_url: str) -> None:
    for weaker in ("off", "local", "remote_write"):
        opened = Database(f"{postgres_url}&options=-c%20synchronous_commit%3D{weaker}")
        assert f"gives {weaker}" in (opened.check_durable() or "")
        opened.dispose()


def test_sqlite_runs_as_the_design_says(sqlite_url: str) -> None:
    opened = Database(sqlite_url)
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
    }
    with opened.engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected
        }
    opened.dispose()
    assert settings == expected


def test_a_plain_postgresql_address_takes_our_driver() -> None:
    opened = Database("postgresql://name:secret@127.0.0.1/house")
    assert opened.engine.url.drivername == "postgresql+psycopg"
    assert opened.engine.url.password == "secret"
    assert not opened.is_sqlite
    opened.dispose()


# Times


def person(created_at: datetime) -> Person:
    return Person(name_mr="मेधा", created_at=created_at)


@pytest.mark.parametrize("zone", [UTC, KOLKATA, timezone(-timedelta(hours=11))])
def test_a_moment_comes_back_aware_and_in_utc(session: Session, zone: timezone) -> None:
    first_person = person(NOW.astimezone(zone))
    session.add(first_person)
    session.flush()
    session.expire(first_person)
    assert first_person.created_at == NOW
    assert first_person.created_at.utcoffset() == timedelta(0)
    assert first_person.created_at.tzinfo is UTC
    assert first_person.disabled_at is None


def test_a_naive_moment_is_refused(session: Session) -> None:
    session.add(person(NOW.replace(tzinfo=None)))
    with pytest.raises(StatementError, match="naive time"):
        session.flush()


def test_a_naive_moment_is_refused_in_a_question_too(session: Session) -> None:
    with pytest.raises(StatementError, match="naive time"):
        session.scalars(select(Person).where(Person.created_at < NOW.replace(tzinfo=None))).all()


def test_moments_are_ordered_as_they_happened(session: Session) -> None:
    moments = [NOW + timedelta(microseconds=step) for step in (0, 1, 999_999, 10**6)]
    moments.append(NOW.replace(microsecond=0))
    for moment in reversed(moments):
        session.add(person(moment.astimezone(KOLKATA)))
    session.flush()
    created = session.scalars(select(Person.created_at).order_by(Person.created_at)).all()
    assert created == sorted(moments)
    late = select(Person.created_at).where(Person.created_at > NOW)
    assert sorted(session.scalars(late)) == sorted(moment for moment in moments if moment > NOW)


def test_what_the_server_calls_its_time_zone_changes_nothing(postgres_url: str) -> None:
    with_utc = Database(postgres_url)
    with with_utc.transaction() as session:
        session.add(person(NOW))
    with_utc.dispose()
    elsewhere = Database(f"{postgres_url}&options=-c%20timezone%3DAsia/Kolkata")
    with elsewhere.reading() as session:
        assert session.scalar(text("SHOW timezone")) == "Asia/Kolkata"
        assert session.scalars(select(Person.created_at)).one().tzinfo is UTC
        assert session.scalars(select(Person.created_at)).one() == NOW
    elsewhere.dispose()


def test_every_moment_in_the_tables_is_of_this_type() -> None:
    from publisher.database.session import Base

    stamps = [
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_at") or column.name in ("at", "not_before", "not_after")
    ]
    assert len(stamps) > 40
    assert [str(stamp) for stamp in stamps if not isinstance(stamp.type, UtcDateTime)] == []


# History

HISTORY = {
    "events": "UPDATE events SET verb = 'other'",
    "seals": "UPDATE seals SET digest = 'other'",
}


@pytest.fixture
def database_with_history(database: Database) -> Database:
    """A database with an event and its hash."""
    with database.transaction() as session:
        row = Event(
            at=NOW, subject="posts", subject_id=1, verb="approve", actor_kind=ActorKind.CLOCK
        )
        session.add(row)
        session.flush()
        session.add(Seal(event_id=row.id, sealed_at=NOW, digest="a" * 64))
    return database


def refuse(database: Database, statement: str) -> None:
    """Expect the statement to fail with the trigger's message, without any change."""
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
        session.connection().exec_driver_sql(statement)
    with database.reading() as session:
        assert session.scalars(select(Event.verb)).all() == ["approve"]
        assert session.scalars(select(Seal.digest)).all() == ["a" * 64]


@pytest.mark.parametrize("table", HISTORY)
def test_history_is_neither_changed_nor_deleted(
    database_with_history: Database, table: str
) -> None:
    refuse(database_with_history, HISTORY[table])
    refuse(
        database_with_history,
        "DELETE FROM seals" if table == "seals" else "DELETE FROM events WHERE id > 0",
    )


REPLACED = [
    (
        "INSERT OR REPLACE INTO seals (event_id, sealed_at, digest) SELECT event_id, sealed_at, 'b'"
        " FROM seals"
    ),
    (
        "REPLACE INTO events (id, at, subject, subject_id, verb, actor_kind, details)"
        " SELECT id, at, subject, subject_id, 'other', actor_kind, '{}' FROM events"
    ),
    (
        "INSERT INTO seals (event_id, sealed_at, digest) SELECT event_id, sealed_at, 'b' FROM seals"
        " WHERE true ON CONFLICT (event_id) DO UPDATE SET digest = 'b'"
    ),
    "UPDATE OR REPLACE events SET verb = 'other'",
]


@pytest.mark.parametrize("statement", REPLACED)
def test_history_on_sqlite_is_not_replaced_by_the_back_door(
    sqlite_url: str, statement: str
) -> None:
    opened = Database(sqlite_url)
    with opened.transaction() as session:
        row = Event(
            at=NOW, subject="posts", subject_id=1, verb="approve", actor_kind=ActorKind.CLOCK
        )
        session.add(row)
        session.flush()
        session.add(Seal(event_id=row.id, sealed_at=NOW, digest="a" * 64))
    refuse(opened, statement)
    opened.dispose()


TRUNCATED = [
    "TRUNCATE seals",
    "TRUNCATE events CASCADE",
    "TRUNCATE events, seals",
    "TRUNCATE people CASCADE",
    "DELETE FROM events WHERE false",
    (
        "INSERT INTO seals (event_id, sealed_at, digest) SELECT event_id, sealed_at, 'b' FROM seals"
        " ON CONFLICT (event_id) DO UPDATE SET digest = 'b'"
    ),
]


@pytest.mark.parametrize("statement", TRUNCATED)
def test_history_on_postgres_is_not_emptied_by_the_back_door(
    postgres_url: str, statement: str
) -> None:
    opened = Database(postgres_url)
    with opened.transaction() as session:
        row = Event(
            at=NOW, subject="posts", subject_id=1, verb="approve", actor_kind=ActorKind.CLOCK
        )
        session.add(row)
        session.flush()
        session.add(Seal(event_id=row.id, sealed_at=NOW, digest="a" * 64))
    refuse(opened, statement)
    opened.dispose()


def test_history_goes_on_being_written(database_with_history: Database) -> None:
    with database_with_history.transaction() as session:
        session.add(
            Event(at=NOW, subject="posts", subject_id=1, verb="return", actor_kind=ActorKind.CLOCK)
        )
    with database_with_history.reading() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 2


# Checks of the people's tables


def test_an_appointment_does_not_end_before_it_begins(session: Session) -> None:
    appointed(session, role=Role.MEMBER, until_at=NOW)
    with pytest.raises(IntegrityError):
        appointed(session, role=Role.MEMBER, until_at=NOW - timedelta(microseconds=1))


@pytest.mark.parametrize(("role", "rank"), [("officer", 3), ("officer", 0), ("head", 1)])
def test_only_officers_have_a_rank_and_there_are_two(
    session: Session, role: str, rank: int
) -> None:
    appointed(session, role=Role.OFFICER, rank=2)
    with pytest.raises(IntegrityError):
        appointed(session, role=Role(role), rank=rank)


def appointed(session: Session, *, role: Role, **values: object) -> None:
    water = session.scalar(select(Department).where(Department.code == "water"))
    department = water or add_department(session, "water", from_on=date(2021, 7, 14))
    somebody = person(NOW)
    session.add(somebody)
    session.flush()
    session.add(
        Appointment(
            person_id=somebody.id,
            role=role,
            department_id=department.id,
            from_at=NOW,
            state_at=NOW,
            **values,
        )
    )
    session.flush()


# Migrations


def test_a_migration_that_has_run_runs_no_second_time(database_url: str) -> None:
    migrate(database_url)
    opened = Database(database_url)
    with opened.reading() as session:
        assert session.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    opened.dispose()


def test_an_empty_postgres_is_filled_from_nothing(postgres: Server) -> None:
    name = postgres.create_empty()
    migrate(postgres.url(name))
    opened = Database(postgres.url(name))
    assert count(opened) == 0
    opened.dispose()
    postgres.drop(name)


def test_that_postgresql_answers_again_is_logged_once(
    postgres: Server, postgres_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While it is away, the folder of its socket is missing."""
    folder = tmp_path / "socket"
    with Database(postgres_url.replace(str(postgres.folder), str(folder))) as opened:
        for _ in range(2):
            with pytest.raises(OperationalError):
                count(opened)
        assert caplog.messages == []
        folder.symlink_to(postgres.folder)
        assert [count(opened), count(opened)] == [0, 0]
    assert caplog.messages == ["the database answers again, after 0 s"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [("", "30s"), ("&options=-c%20idle_in_transaction_session_timeout%3D2s", "2s")],
)
def test_who_stands_still_in_a_transaction_on_postgresql_is_cut_off(
    postgres_url: str, more: str, expected: str
) -> None:
    opened = Database(postgres_url + more)
    with opened.reading() as session:
        setting = session.execute(text("SHOW idle_in_transaction_session_timeout")).scalar()
    opened.dispose()
    assert setting == expected


def test_many_rows_are_inserted_by_one_statement_that_leaves_at_once(database: Database) -> None:
    executed: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        executed.append(statement)

    rows = [
        {"code": f"d{n}", "name_mr": "विभाग", "name_en": "Department", "kind": "department"}
        for n in range(7)
    ]
    event.listen(database.engine, "before_cursor_execute", note)
    with database.transaction() as session:
        bulk_insert(session, Department, rows)
    (inserting,) = [sql for sql in executed if sql.startswith("INSERT INTO departments")]
    assert inserting.count("VALUES") == 0 or database.is_sqlite
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Department)) == 7


def test_rows_of_one_statement_are_never_a_pipeline_to_postgresql(postgres_url: str) -> None:
    """A connection in a pipeline would not be ended by the idle timeout."""
    opened, numbers = Database(postgres_url), list[int]()

    def rows(driver: Connection) -> Iterator[tuple[str]]:
        for name in ("first", "second", "third"):
            numbers.append(driver.pgconn.pipeline_status)
            yield (name,)

    with opened.transaction() as session:
        driver = session.connection().connection.driver_connection
        assert isinstance(driver, Connection)
        with driver.cursor() as cursor:
            cursor.executemany("INSERT INTO counters (series, value) VALUES (%s, 0)", rows(driver))
            assert cursor.rowcount == 3
    opened.dispose()
    assert numbers == [PipelineStatus.OFF] * 3
