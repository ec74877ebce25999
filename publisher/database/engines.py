"""Engines for SQLite and PostgreSQL: their connections, BEGIN, and dead connections."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any, cast

import psycopg
from psycopg.abc import Params, Query, QueryNoTemplate
from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
    PendingRollbackError,
)
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

BEGIN = "nagarvani_begin"
"""The execution option of an engine that holds the text of its BEGIN."""

BROKEN = "8s2b"
"""SQLAlchemy's code for a transaction that is still used after its connection broke."""

BUSY_TIMEOUT = 10
"""Seconds for which a writer waits for another one on SQLite."""

TRUSTED_IDLE_TIME = 1.0
"""Seconds after which an idle connection is tested before it is used again."""

CHECKPOINT_PAGES = 8_000
"""Pages of 4 KiB in the write-ahead log after which SQLite makes a checkpoint.

The same few pages are written again and again, so a larger log means fewer writes in total.
"""

POOL: dict[str, Any] = {"pool_size": 16, "max_overflow": 0, "pool_use_lifo": True}
"""The connections of a process. Transactions are short, so more threads than that take turns.

PostgreSQL plans each statement several times on each connection: 64 threads with 40 connections
cost it twice as much for each post. LIFO, since the connection that was used last has its
statements prepared.
"""

IDLE_TRANSACTION_TIMEOUT = "-c idle_in_transaction_session_timeout=30s"
"""PostgreSQL ends a session that is idle inside a transaction for half a minute.

Otherwise a process that is suspended, or whose machine is unreachable, would keep its row locks.
"""

log = logging.getLogger("nagarvani.database")


def execute_begin(connection: Connection) -> None:
    """Send BEGIN; on SQLite a writer locks the file from its first statement on."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(connection.get_execution_options().get(BEGIN, "BEGIN"))
    except connection.dialect.loaded_dbapi.Error as error:
        is_gone = connection.dialect.is_disconnect(error, connection.connection, cursor)
        if is_gone:
            connection.invalidate(error)
        raise _convert_to_dbapi_error(error, connection.dialect, is_gone=is_gone) from error
    finally:
        cursor.close()


def _convert_to_dbapi_error(error: Exception, dialect: Dialect, *, is_gone: bool) -> BaseException:
    # SQLAlchemy wraps the errors of its own statements, and this one is ours.
    return DBAPIError.instance(
        "BEGIN",
        None,
        error,
        dialect.loaded_dbapi.Error,
        connection_invalidated=is_gone,
        dialect=dialect,
    )


def reason_away(problem: BaseException) -> str | None:
    """Return, in one line, why the database fails now but may work later.

    It is unreachable, starting up, locked or full, or has no connection left. Returns None for any
    other error, which is the program's own.
    """
    if isinstance(problem, NoConnection):
        return "no connection became free in time"
    if isinstance(problem, PendingRollbackError) and problem.code == BROKEN:
        return "the connection broke earlier in this transaction"
    if not isinstance(problem, DBAPIError):
        return None
    if isinstance(problem, OperationalError | InterfaceError) or problem.connection_invalidated:
        lines = str(problem.orig).strip().splitlines()
        return lines[0] if lines else type(problem.orig).__name__
    return None


class _LoopingCursor(psycopg.Cursor[Any]):
    """A cursor whose `executemany` executes the statement once for each row.

    psycopg would send a pipeline. A process suspended in the middle of a pipeline is not idle to
    PostgreSQL, which then never ends the transaction: its locks would stay.
    """

    def executemany(
        self, query: Query, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        """Execute the statement for each row, and add up `rowcount`; `returning` is ignored."""
        row_count = 0
        for params in params_seq:
            self.execute(cast("QueryNoTemplate", query), params)
            row_count += max(self.rowcount, 0)
        self._rowcount = row_count


def make_engine(url: str) -> Engine:
    """Return an engine for this URL whose connections have our options."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _make_sqlite_engine(url, parsed.database)
    if parsed.drivername == "postgresql":
        url = parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    connect_args = {
        "options": _options(parsed),
        "cursor_factory": _LoopingCursor,
        "autocommit": True,
    }
    engine = create_engine(url, connect_args=connect_args, **POOL)
    event.listen(engine, "begin", execute_begin)
    _log_return(engine)
    event.listen(engine, "checkin", _note_checkin)
    event.listen(engine, "checkout", _test_idle_connection)
    return engine


def _log_return(engine: Engine) -> None:
    """Log, once the database can be reached again, for how long it could not be."""
    began: dict[str, float] = {}  # `setdefault` and `pop` are atomic among threads

    def begin(context: ExceptionContext) -> None:
        if context.connection is None:
            began.setdefault("at", time.monotonic())

    def end(_connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        began_at = began.pop("at", None)
        if began_at is not None:
            seconds = round(time.monotonic() - began_at)
            log.warning("the database answers again, after %d s", seconds)

    event.listen(engine, "handle_error", begin)
    event.listen(engine, "connect", end)


def _note_checkin(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = time.monotonic()


def _test_idle_connection(
    connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    # A connection used a moment ago is not tested: that costs as much as a short statement.
    rests_since = record.info.get("rests_since")
    if rests_since is None or time.monotonic() - rests_since < TRUSTED_IDLE_TIME:
        return
    try:
        connection.cursor().execute("")
        connection.rollback()
    except psycopg.Error as problem:
        raise DisconnectionError from problem


def _options(url: URL) -> str:
    # The options of the URL come last, and so win.
    url_options = url.query.get("options", ())
    return " ".join(
        [
            IDLE_TRANSACTION_TIMEOUT,
            *([url_options] if isinstance(url_options, str) else url_options),
        ]
    )


def _make_sqlite_engine(url: str, path: str | None) -> Engine:
    # A database in memory has one connection for each thread, and no pool.
    pool = POOL if path and path != ":memory:" else {}
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT}, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        "foreign_keys=ON",
        "recursive_triggers=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
