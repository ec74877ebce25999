"""Prepared statements for what runs once for every delivery: compiled once, sent together.

A round trip to PostgreSQL, and SQLAlchemy's execution of a statement, cost more than a short
statement does. Prepared statements go straight to the driver; on PostgreSQL the BEGIN before them
and the COMMIT after them are sent in the same round trip.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import psycopg
from psycopg import Cursor, sql
from psycopg.pq import TransactionStatus
from sqlalchemy import BindParameter, ClauseElement, Connection, Dialect, Engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import ReturnsRows

Value = int | datetime
NamedRow = Any
"""A row of a result: a named tuple with the names and types of the columns."""

Rows = list[NamedRow]

BEGIN = "nagarvani_begin"
"""The execution option of an engine that holds the text of its BEGIN."""

_NAMED_SQLITE = sqlite.dialect(paramstyle="pyformat")
"""SQLite's dialect with named parameters, as PostgreSQL's has."""

_PREPARED_NAMES = "nagarvani_prepared"
"""The key in `connection.info` of the names that are prepared on the connection."""


class PreparedStatement:
    """A statement with its parameters, which are integers and moments; all else is constant.

    `name` is its name in PostgreSQL, so it has to be unique.
    """

    def __init__(
        self, name: str, statement: ClauseElement, parameters: Sequence[BindParameter[Any]]
    ) -> None:
        self.name = name
        self.statement = statement
        self._parameter_names = tuple(parameter.key for parameter in parameters)
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, values: Mapping[str, Value]) -> BoundStatement:
        """Bind the statement; `values` may hold more than its parameters."""
        return BoundStatement(self, {key: values[key] for key in self._parameter_names})

    def compiled_for(self, dialect: Dialect) -> _Compiled:
        """Return the statement compiled for a dialect."""
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(
                self.statement, self._parameter_names, dialect
            )
        return compiled


@dataclass(frozen=True)
class BoundStatement:
    """A prepared statement with the values of its parameters."""

    prepared: PreparedStatement
    values: Mapping[str, Value]


def run(connection: Connection, *statements: BoundStatement, commit: bool = False) -> list[Rows]:
    """Execute the statements in order; returns the rows of each. Raises `DBAPIError`.

    With `commit` PostgreSQL commits in the same round trip, and the session's own commit has
    nothing left to do. On SQLite the session commits.
    """
    with driver_cursor(connection) as cursor:
        if connection.dialect.name == "sqlite":
            return [
                _run_on_sqlite(cursor, statement, connection.dialect) for statement in statements
            ]
        psycopg_cursor = cast("Cursor[Any]", cursor)
        return _run_on_postgresql(connection, psycopg_cursor, statements, commit=commit)


@contextmanager
def driver_cursor(connection: Connection) -> Iterator[DBAPICursor]:
    """Yield the driver's own cursor; its errors are raised as SQLAlchemy's `DBAPIError`."""
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except connection.dialect.loaded_dbapi.Error as error:
        is_gone = connection.dialect.is_disconnect(error, connection.connection, cursor)
        if is_gone:
            connection.invalidate(error)
        raise _as_dbapi_error(error, connection.dialect, is_gone=is_gone) from error
    finally:
        cursor.close()


def _as_dbapi_error(error: Exception, dialect: Dialect, *, is_gone: bool) -> BaseException:
    return DBAPIError.instance(
        "a statement of ours",
        None,
        error,
        dialect.loaded_dbapi.Error,
        connection_invalidated=is_gone,
        dialect=dialect,
    )


def _run_on_sqlite(cursor: DBAPICursor, statement: BoundStatement, dialect: Dialect) -> Rows:
    compiled = statement.prepared.compiled_for(dialect)
    cursor.execute(compiled.text, compiled.positional(statement.values))
    return compiled.rows(cursor)


def _run_on_postgresql(
    connection: Connection,
    cursor: Cursor[Any],
    statements: Sequence[BoundStatement],
    *,
    commit: bool,
) -> list[Rows]:
    all_compiled = [statement.prepared.compiled_for(connection.dialect) for statement in statements]
    _prepare_missing(connection, cursor, statements, all_compiled)
    begins = cursor.connection.info.transaction_status is TransactionStatus.IDLE
    texts = [
        *([connection.get_execution_options().get(BEGIN, "BEGIN")] if begins else []),
        *(
            compiled.execute_text(statement)
            for compiled, statement in zip(all_compiled, statements, strict=True)
        ),
        *(["COMMIT"] if commit else []),
    ]
    _execute_raw(cursor, "; ".join(texts))
    if begins:
        cursor.nextset()
    all_rows = []
    for compiled in all_compiled:
        all_rows.append(compiled.rows(cursor))
        cursor.nextset()
    return all_rows


def _prepare_missing(
    connection: Connection,
    cursor: Cursor[Any],
    statements: Sequence[BoundStatement],
    all_compiled: Sequence[_Compiled],
) -> None:
    prepared_names = connection.info.get(_PREPARED_NAMES)
    if prepared_names is None:
        _execute_raw(cursor, "SELECT name FROM pg_prepared_statements WHERE from_sql")
        prepared_names = connection.info[_PREPARED_NAMES] = {name for (name,) in cursor.fetchall()}
    for statement, compiled in zip(statements, all_compiled, strict=True):
        if statement.prepared.name not in prepared_names:
            _execute_raw(cursor, f"PREPARE {statement.prepared.name} AS {compiled.text}")
            prepared_names.add(statement.prepared.name)


def _execute_raw(cursor: Cursor[Any], text: str) -> None:
    """Execute without psycopg's own preparing."""
    # Its cache is bounded, and a text that never comes again would evict the others.
    connection = cursor.connection
    threshold, connection.prepare_threshold = connection.prepare_threshold, None
    try:
        cursor.execute(text)
    finally:
        connection.prepare_threshold = threshold


def forget_on_rollback(engine: Engine) -> None:
    """Forget which statements are prepared on a connection after each rollback."""
    # psycopg may issue DEALLOCATE ALL after a rollback; `pg_prepared_statements` is read again.
    event.listen(engine, "rollback", _forget)
    event.listen(engine, "rollback_savepoint", _forget)
    event.listen(engine, "reset", _forget_on_reset)


def _forget(connection: Connection, *_savepoint: object) -> None:
    if not connection.invalidated:  # else `info` is gone with the connection
        connection.info.pop(_PREPARED_NAMES, None)


def _forget_on_reset(
    connection: psycopg.Connection[Any], record: ConnectionPoolEntry, _state: object
) -> None:
    # A connection returned to the pool inside a transaction is about to be rolled back.
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        record.info.pop(_PREPARED_NAMES, None)


class _Compiled:
    """A statement compiled for one dialect, and the converters for the rows it returns."""

    def __init__(
        self, statement: ClauseElement, parameter_names: Sequence[str], dialect: Dialect
    ) -> None:
        is_sqlite = dialect.name == "sqlite"
        compiled = statement.compile(dialect=_NAMED_SQLITE if is_sqlite else dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(statement)
        self._processors = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in compiled.binds.items()
        }
        constants = {
            name: self._driver_value(name, bind.value)
            for name, bind in compiled.binds.items()
            if name not in parameter_names
        }
        self._parameter_names = [name for name in parameter_names if name in compiled.binds]
        self.text = _with_numbers(
            compiled.string, "?" if is_sqlite else "$", self._parameter_names, constants
        )
        columns = statement.exported_columns if isinstance(statement, ReturnsRows) else ()
        self._row_type = _row_type([str(column.key) for column in columns])
        self._readers = _column_readers(list(columns), dialect)

    def _driver_value(self, name: str, value: object) -> object:
        processor = self._processors[name]
        return value if processor is None else processor(value)

    def positional(self, values: Mapping[str, Value]) -> tuple[object, ...]:
        """Return the parameters for SQLite, in their order."""
        return tuple(self._driver_value(name, values[name]) for name in self._parameter_names)

    def execute_text(self, statement: BoundStatement) -> str:
        """Return the EXECUTE statement for PostgreSQL."""
        arguments = ", ".join(_literal(statement.values[name]) for name in self._parameter_names)
        return f"EXECUTE {statement.prepared.name}({arguments})"

    def rows(self, cursor: DBAPICursor | Cursor[Any]) -> Rows:
        """Fetch all rows of the cursor, converted to the columns' types."""
        if not self._row_type._fields:
            return []
        return [self._read(row) for row in cursor.fetchall()]

    def _read(self, row: Sequence[object]) -> NamedRow:
        values = list(row)
        for position, read in self._readers:
            values[position] = read(values[position])
        return self._row_type._make(values)


def _row_type(names: Sequence[str]) -> NamedRow:
    return namedtuple("Row", names, rename=True)  # noqa: PYI024  the names are known only now


def _column_readers(
    columns: Sequence[ColumnElement[Any]], dialect: Dialect
) -> list[tuple[int, Callable[[Any], Any]]]:
    """Return the position and converter of each column whose values the driver returns raw."""
    processors = [
        column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns
    ]
    return [(position, read) for position, read in enumerate(processors) if read is not None]


def _with_numbers(
    text: str, prefix: str, parameter_names: Sequence[str], constants: Mapping[str, object]
) -> str:
    """Return the statement with numbered parameters, and with its constants written in."""
    # If a constant were a parameter, SQLite would plan the statement again for each run, to see
    # whether its value allows a partial index.
    numbers = {name: f"{prefix}{number}" for number, name in enumerate(parameter_names, 1)}
    return text % (
        numbers | {name: sql.Literal(constant).as_string() for name, constant in constants.items()}
    )


def _literal(value: Value) -> str:
    """Return an integer or moment as SQL; raises `ValueError` for a naive moment."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r}")
        return f"'{value.astimezone(UTC).isoformat()}'"
    return str(int(value))
