"""Statements that run for every single delivery: made once, and several sent at one go.

The way to PostgreSQL and back, and the toolkit's way of running a statement, cost more than a
short statement does. What is prepared here goes to the driver as it is; on PostgreSQL the BEGIN
before it, the COMMIT after it and other such statements travel with it.
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
Fields = Any
"""A row of what a statement gave: a tuple with the names and types of its columns."""

Rows = list[Fields]

BEGIN = "nagarvani_begin"
"""The option of an engine that says how its transactions begin."""

_WITH_NAMES = sqlite.dialect(paramstyle="pyformat")
"""SQLite's words, with the names of parameters in them as PostgreSQL's have."""

_KNOWN = "nagarvani_prepared"
"""Where a connection notes which statements PostgreSQL knows of it."""


class PreparedStatement:
    """A statement and the parameters that it takes, numbers and moments; all else in it is fixed.

    `name` is what PostgreSQL is to call it, so each has its own.
    """

    def __init__(
        self, name: str, statement: ClauseElement, takes: Sequence[BindParameter[Any]]
    ) -> None:
        self.name = name
        self._statement = statement
        self._takes = tuple(one.key for one in takes)
        self._forms: dict[str, _Compiled] = {}

    def __call__(self, values: Mapping[str, Value]) -> BoundStatement:
        """This statement with its own of these values."""
        return BoundStatement(self, {key: values[key] for key in self._takes})

    def form(self, dialect: Dialect) -> _Compiled:
        """This statement in the words of a database."""
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _Compiled(self._statement, self._takes, dialect)
        return form


@dataclass(frozen=True)
class BoundStatement:
    """A prepared statement and what it is run with."""

    prepared: PreparedStatement
    values: Mapping[str, Value]


def run(connection: Connection, *calls: BoundStatement, commit: bool = False) -> list[Rows]:
    """Run these one after the other; gives the rows of each. Raises `DBAPIError`.

    With `commit` PostgreSQL commits with them, and the session's own commit finds it done; what
    they give can change nothing any more. SQLite leaves it to the session.
    """
    with driver(connection) as cursor:
        if connection.dialect.name == "sqlite":
            return [_run_alone(cursor, one, connection.dialect) for one in calls]
        of_psycopg = cast("Cursor[Any]", cursor)
        return _run_together(connection, of_psycopg, calls, commit=commit)


@contextmanager
def driver(connection: Connection) -> Iterator[DBAPICursor]:
    """The driver's own cursor; what it raises is told as the toolkit tells it."""
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except connection.dialect.loaded_dbapi.Error as problem:
        is_gone = connection.dialect.is_disconnect(problem, connection.connection, cursor)
        if is_gone:
            connection.invalidate(problem)
        raise _told(problem, connection.dialect, is_gone=is_gone) from problem
    finally:
        cursor.close()


def _told(problem: Exception, dialect: Dialect, *, is_gone: bool) -> BaseException:
    return DBAPIError.instance(
        "a statement of ours",
        None,
        problem,
        dialect.loaded_dbapi.Error,
        connection_invalidated=is_gone,
        dialect=dialect,
    )


def _run_alone(cursor: DBAPICursor, call: BoundStatement, dialect: Dialect) -> Rows:
    form = call.prepared.form(dialect)
    cursor.execute(form.text, form.values(call.values))
    return form.rows(cursor)


def _run_together(
    connection: Connection, cursor: Cursor[Any], calls: Sequence[BoundStatement], *, commit: bool
) -> list[Rows]:
    forms = [one.prepared.form(connection.dialect) for one in calls]
    _make_known(connection, cursor, calls, forms)
    begins = cursor.connection.info.transaction_status is TransactionStatus.IDLE
    said = [
        *([connection.get_execution_options().get(BEGIN, "BEGIN")] if begins else []),
        *(form.call(one) for form, one in zip(forms, calls, strict=True)),
        *(["COMMIT"] if commit else []),
    ]
    _execute_raw(cursor, "; ".join(said))
    if begins:
        cursor.nextset()
    found = []
    for form in forms:
        found.append(form.rows(cursor))
        cursor.nextset()
    return found


def _make_known(
    connection: Connection,
    cursor: Cursor[Any],
    calls: Sequence[BoundStatement],
    forms: Sequence[_Compiled],
) -> None:
    known = connection.info.get(_KNOWN)
    if known is None:
        _execute_raw(cursor, "SELECT name FROM pg_prepared_statements WHERE from_sql")
        known = connection.info[_KNOWN] = {name for (name,) in cursor.fetchall()}
    for one, form in zip(calls, forms, strict=True):
        if one.prepared.name not in known:
            _execute_raw(cursor, f"PREPARE {one.prepared.name} AS {form.text}")
            known.add(one.prepared.name)


def _execute_raw(cursor: Cursor[Any], text: str) -> None:
    """Send it past psycopg's own preparing: a text never seen again would crowd out the others."""
    driver = cursor.connection
    threshold, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        cursor.execute(text)
    finally:
        driver.prepare_threshold = threshold


def watch(engine: Engine) -> None:
    """Notice when psycopg may make PostgreSQL forget what was prepared: at every ROLLBACK.

    Only may: it does so where it had prepared something itself. So PostgreSQL is asked anew.
    """
    event.listen(engine, "rollback", _forget)
    event.listen(engine, "rollback_savepoint", _forget)
    event.listen(engine, "reset", _forget_at_reset)


def _forget(connection: Connection, *_savepoint: object) -> None:
    if not connection.invalidated:  # one that is gone has nothing that it knew
        connection.info.pop(_KNOWN, None)


def _forget_at_reset(
    driver: psycopg.Connection[Any], record: ConnectionPoolEntry, _state: object
) -> None:
    """What comes back to the pool inside a transaction is about to be rolled back."""
    if driver.info.transaction_status is not TransactionStatus.IDLE:
        record.info.pop(_KNOWN, None)


class _Compiled:
    """A statement in the words of one database, and how its rows are read."""

    def __init__(self, statement: ClauseElement, takes: Sequence[str], dialect: Dialect) -> None:
        is_sqlite = dialect.name == "sqlite"
        compiled = statement.compile(dialect=_WITH_NAMES if is_sqlite else dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError(statement)
        self._processors = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in compiled.binds.items()
        }
        fixed = {
            name: self._bound(name, bind.value)
            for name, bind in compiled.binds.items()
            if name not in takes
        }
        self._used = [name for name in takes if name in compiled.binds]
        self.text = _numbered(compiled.string, "?" if is_sqlite else "$", self._used, fixed)
        columns = statement.exported_columns if isinstance(statement, ReturnsRows) else ()
        self._row = _row_type([str(one.key) for one in columns])
        self._readers = _readers(list(columns), dialect)

    def _bound(self, name: str, value: object) -> object:
        processor = self._processors[name]
        return value if processor is None else processor(value)

    def values(self, given: Mapping[str, Value]) -> tuple[object, ...]:
        """What SQLite is given, in the order of the parameters."""
        return tuple(self._bound(name, given[name]) for name in self._used)

    def call(self, call: BoundStatement) -> str:
        """What PostgreSQL is told to run it with these values."""
        said = ", ".join(_literal(call.values[name]) for name in self._used)
        return f"EXECUTE {call.prepared.name}({said})"

    def rows(self, cursor: DBAPICursor | Cursor[Any]) -> Rows:
        """What the cursor has to give."""
        if not self._row._fields:
            return []
        return [self._read(row) for row in cursor.fetchall()]

    def _read(self, row: Sequence[object]) -> Fields:
        values = list(row)
        for place, read in self._readers:
            values[place] = read(values[place])
        return self._row._make(values)


def _row_type(names: Sequence[str]) -> Fields:
    return namedtuple("Row", names, rename=True)  # noqa: PYI024  the names are known only now


def _readers(
    columns: Sequence[ColumnElement[Any]], dialect: Dialect
) -> list[tuple[int, Callable[[Any], Any]]]:
    """What makes of a driver's values those of the columns' types, where they differ."""
    found = [one.type.dialect_impl(dialect).result_processor(dialect, None) for one in columns]
    return [(place, read) for place, read in enumerate(found) if read is not None]


def _numbered(text: str, mark: str, takes: Sequence[str], fixed: Mapping[str, object]) -> str:
    """The statement with numbers where it takes something, and with all that is fixed in it.

    Were a fixed value a parameter too, SQLite would plan the statement for each run anew: it looks
    whether the value lets it take an index of some of the rows.
    """
    numbers = {name: f"{mark}{number}" for number, name in enumerate(takes, 1)}
    return text % (numbers | {name: sql.Literal(one).as_string() for name, one in fixed.items()})


def _literal(value: Value) -> str:
    """A number or moment as SQL; nothing else is ever put into a statement's text."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r}")
        return f"'{value.astimezone(UTC).isoformat()}'"
    return str(int(value))
