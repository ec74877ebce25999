"""The database: its transactions, the column types, and the migrations."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import (
    BigInteger,
    CursorResult,
    DateTime,
    Dialect,
    Enum,
    Integer,
    MetaData,
    Row,
    Table,
    TypeDecorator,
    UpdateBase,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session

from publisher.database.engines import BEGIN, BUSY_TIMEOUT, execute_begin, make_engine

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""How PostgreSQL begins a read-only transaction: all its statements see the same rows."""
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
Key = BigInteger().with_variant(Integer(), "sqlite")

AnyRow = Row[*tuple[Any, ...]]
"""A row of a result, whose columns are read by their names."""


class Base(DeclarativeBase):
    """The base class of every model."""

    metadata = MetaData(naming_convention=NAMING)


def core_table(model: type[Base]) -> Table:
    """Return the Core table of a model, for statements that are compiled once."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(model)
    return table


class UtcDateTime(TypeDecorator[datetime]):
    """A column type for aware moments, stored in UTC; raises `ValueError` for a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert an aware moment to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r}")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def execute_and_count(session: Session, statement: UpdateBase) -> int:
    """Execute an UPDATE or DELETE; return how many rows it has changed."""
    result = session.execute(statement)
    return result.rowcount if isinstance(result, CursorResult) else 0


def enum_type(enum: type[StrEnum], name: str) -> Enum:
    """Return a column type that stores a member's value, with a CHECK constraint."""
    return Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )


class ReadingSession(Session):
    """A read-only session, on both SQLite and PostgreSQL."""

    def end(self) -> None:
        """End the transaction and return the connection; loaded rows stay readable.

        The contents of `info` belong to the snapshot, and are cleared.
        """
        self.expunge_all()
        self.info.clear()
        try:
            # After a ROLLBACK psycopg would forget the statements it has prepared.
            self.commit()
        except SQLAlchemyError:
            self.rollback()  # the connection broke, and nothing was written


class ReadOnly(RuntimeError):
    """A read-only session was asked to write or to lock."""


@event.listens_for(ReadingSession, "before_flush")
def _refuse_changes(session: Session, *_rest: object) -> None:
    if session.new or session.deleted or any(map(session.is_modified, session.dirty)):
        raise ReadOnly("a change in a session that only reads")


@event.listens_for(ReadingSession, "do_orm_execute")
def _refuse_locks(state: ORMExecuteState) -> None:
    changes = state.is_insert or state.is_update or state.is_delete
    if changes or getattr(state.statement, "_for_update_arg", None) is not None:
        raise ReadOnly("a lock or a change in a session that only reads")


class Database:
    """A database and its transactions. Used in `with`, it closes every connection at the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writing = self._reading = self.engine
        self._before_commit: list[Callable[[Session], None]] = []
        self._write_lock = _WriteLock(is_needed=self.is_sqlite)
        if self.is_sqlite:
            self._writing = self.engine.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})
            event.listen(self.engine, "begin", execute_begin)
        else:
            self._reading = self.engine.execution_options(**{BEGIN: SNAPSHOT})

    def register_before_commit(self, step: Callable[[Session], None]) -> None:
        """Make each transaction run this step right before it commits."""
        if step not in self._before_commit:
            self._before_commit.append(step)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session that commits at the end of the block, or rolls back on an exception.

        The steps registered by `register_before_commit` run right before the commit.
        """
        try:
            self._write_lock.acquire()
            with Session(self._writing, expire_on_commit=False) as session:
                yield session
                for step in self._before_commit:
                    step(session)
                session.commit()
        finally:
            self._write_lock.release()

    def session_for_reading(self) -> ReadingSession:
        """Return a read-only session, whose transaction begins at its first statement."""
        return ReadingSession(self._reading, expire_on_commit=False)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a read-only session; loaded rows stay readable after the block.

        Raises `ReadOnly` for a change or a lock.
        """
        with self.session_for_reading() as session:
            yield session
            session.end()

    def check_durable(self) -> str | None:
        """Return what makes commits less than durable, or None if a power cut loses nothing."""
        query = "PRAGMA synchronous" if self.is_sqlite else "SHOW synchronous_commit"
        durable_setting = "2" if self.is_sqlite else "on"
        with self.engine.connect() as connection:
            setting = str(connection.execute(text(query)).scalar())
        is_durable = setting == durable_setting
        return None if is_durable else f"{query} gives {setting}, not {durable_setting}"

    def ends_idle_transactions(self) -> bool:
        """Return whether the database ends a transaction whose process no longer does anything."""
        if self.is_sqlite:
            return True  # it has no such timeout: its locks end with the process
        with self.engine.connect() as connection:
            timeout = connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar()
        return timeout != "0"

    def revision(self) -> str | None:
        """Return the Alembic revision of the tables; None if there are no tables."""
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
        self.engine.dispose()


class _WriteLock:
    """A lock that makes the threads of one process write to SQLite one after another.

    SQLite's own busy handler sleeps longer and longer, even after the file is free; it is left for
    other processes.
    """

    def __init__(self, *, is_needed: bool) -> None:
        self._is_needed = is_needed
        self._lock = threading.Lock()
        self._mine = threading.local()

    def acquire(self) -> None:
        """Wait for the lock as long as SQLite would; after that its own busy handler decides."""
        if self._is_needed and not self.is_mine():
            self._mine.acquired = self._lock.acquire(timeout=BUSY_TIMEOUT)

    def release(self) -> None:
        """Release the lock if this thread holds it."""
        if self.is_mine():
            self._mine.acquired = False
            self._lock.release()

    def is_mine(self) -> bool:
        """Return True if this thread holds the lock."""
        return bool(getattr(self._mine, "acquired", False))


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration for this database; no file is needed."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


class NewerTables(Exception):
    """The tables have a revision that this version does not know; nothing was changed."""


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade the tables to this revision; an SQLite file is created if it is missing.

    Raises `NewerTables`.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        command.upgrade(alembic_config(url), revision)
    except CommandError as error:
        if isinstance(error.__cause__, ResolutionError):
            raise NewerTables from error
        raise
