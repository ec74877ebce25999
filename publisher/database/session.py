"""The database: engines for SQLite and PostgreSQL, the column types, and the only commit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Integer,
    MetaData,
    Table,
    TypeDecorator,
    event,
    text,
)
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session

from publisher.database.engines import PATIENCE, make_engine, say_begin
from publisher.database.prepared_statements import BEGIN

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
Key = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMING)


def table_of(model: type[Base]) -> Table:
    """The plain table of a model, for statements that are made once and run very often."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(model)
    return table


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored in UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r}")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def enum_type(enum: type[StrEnum], name: str) -> Enum:
    """A column type that stores the member's value and CHECKs it in the database."""
    return Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )


class _Reading(Session):
    """A session that only reads, on SQLite as on PostgreSQL."""


class ReadOnly(RuntimeError):
    """Something was to be written or locked by a session that only reads."""


@event.listens_for(_Reading, "before_flush")
def _refuse_changes(session: Session, *_rest: object) -> None:
    if session.new or session.deleted or any(map(session.is_modified, session.dirty)):
        raise ReadOnly("a change in a session that only reads")


@event.listens_for(_Reading, "do_orm_execute")
def _refuse_locks(state: ORMExecuteState) -> None:
    changes = state.is_insert or state.is_update or state.is_delete
    if changes or getattr(state.statement, "_for_update_arg", None) is not None:
        raise ReadOnly("a lock or a change in a session that only reads")


class Database:
    """One database, and the transactions on it.

    A `with` block closes every connection at its end.
    """

    def __init__(self, url: str, *, plans_once: bool = False) -> None:
        self.url = url
        self.engine = make_engine(url, plans_once=plans_once)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writing, self._reading = self._both()
        self._turn = _Turn(is_needed=self.is_sqlite)
        self._kept: Connection | None = None
        if self.is_sqlite:
            event.listen(self.engine, "begin", say_begin)

    def _both(self) -> tuple[Engine, Engine]:
        """The engine as it writes, and as it reads."""
        if self.is_sqlite:
            return self.engine.execution_options(**{BEGIN: "BEGIN IMMEDIATE"}), self.engine
        return self.engine, self.engine.execution_options(**{BEGIN: "BEGIN READ ONLY"})

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose changes are committed at the end, or all undone by an exception."""
        try:
            self._turn.take()
            with Session(self._writing, expire_on_commit=False) as session:
                yield session
                session.commit()
        finally:
            self._turn.leave()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A transaction without a session, for plain statements that run very often."""
        try:
            self._turn.take()
            with self._writer() as connection, connection.begin():
                yield connection
        finally:
            self._turn.leave()

    @contextmanager
    def _writer(self) -> Iterator[Connection]:
        """A connection; on SQLite that of whoever has the turn, kept as long as all goes well."""
        if not self._turn.is_mine():
            with self._writing.connect() as connection:
                yield connection
            return
        kept, self._kept = self._kept or self._writing.connect(), None
        with ExitStack() as otherwise:
            otherwise.callback(kept.close)
            yield kept
            otherwise.pop_all()
        self._kept = kept

    @contextmanager
    def connection_for_reading(self) -> Iterator[Connection]:
        """The same for plain statements that only read."""
        with self._reading.connect() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads; what it read stays readable.

        Raises `ReadOnly` for a change or a lock. On PostgreSQL it ends by a COMMIT, since after a
        ROLLBACK psycopg forgets every statement it had prepared.
        """
        with _Reading(self._reading, expire_on_commit=False) as session:
            yield session
            session.expunge_all()
            if not self.is_sqlite:
                session.commit()

    def apart(self) -> Database:
        """The same database for a few statements that run very often; `dispose` of it at the end.

        On PostgreSQL it has connections of its own, and each of these plans a statement once.
        SQLite is used by all in turn as before: there it is this very one.
        """
        return self if self.is_sqlite else Database(self.url, plans_once=True)

    def check_durable(self) -> str | None:
        """What is wrong with the durability of commits, or None: a power cut must lose nothing."""
        query = "PRAGMA synchronous" if self.is_sqlite else "SHOW synchronous_commit"
        wanted = "2" if self.is_sqlite else "on"
        with self.engine.connect() as connection:
            found = str(connection.execute(text(query)).scalar())
        return None if found == wanted else f"{query} gives {found}, not {wanted}"

    def head(self) -> str | None:
        """Of which revision this version's tables are."""
        return ScriptDirectory.from_config(alembic_config(self.url)).get_current_head()

    def revision(self) -> str | None:
        """Of which revision the tables are; None where there are none."""
        with self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.dispose()

    def dispose(self) -> None:
        """Close every connection."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()
        self.engine.dispose()


@contextmanager
def session_on(connection: Connection) -> Iterator[Session]:
    """A session for what is unusual in a transaction that is the connection's."""
    with Session(connection, expire_on_commit=False) as session:
        yield session
        session.commit()  # writes what was changed; the connection's transaction goes on


class _Turn:
    """Lets the threads of one process write to SQLite one after the other.

    SQLite itself lets a writer that has to wait sleep for longer and longer, though the file has
    been free for long. Other processes are still met there, and only there. Whoever has the turn
    gets the connection that wrote last, which needs not read again what it has just written.
    """

    def __init__(self, *, is_needed: bool) -> None:
        self._is_needed = is_needed
        self._lock = threading.Lock()
        self._mine = threading.local()

    def take(self) -> None:
        """Wait for the turn as long as SQLite would; without it SQLite is asked all the same."""
        if self._is_needed and not self.is_mine():
            self._mine.taken = self._lock.acquire(timeout=PATIENCE)

    def leave(self) -> None:
        """Give the turn on, if it is this thread's."""
        if self.is_mine():
            self._mine.taken = False
            self._lock.release()

    def is_mine(self) -> bool:
        """Whether this thread has the turn."""
        return bool(getattr(self._mine, "taken", False))


def alembic_config(url: str) -> Config:
    """Alembic's configuration for this database, without a file."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


class NewerTables(Exception):
    """The tables are of a revision that this version does not know: nothing was changed."""


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database to this revision of its schema; raises `NewerTables`."""
    try:
        command.upgrade(alembic_config(url), revision)
    except CommandError as problem:
        if isinstance(problem.__cause__, ResolutionError):
            raise NewerTables from problem
        raise
