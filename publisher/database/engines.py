"""The engines for SQLite and PostgreSQL: how they connect, begin, and find out who is gone."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg.abc import Params, Query, QueryNoTemplate
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from publisher.database import prepared_statements
from publisher.database.prepared_statements import BEGIN

PATIENCE = 10
"""Seconds for which a writer waits for another one on SQLite."""

BELIEVED = 1.0
"""Seconds after which a connection that rested is asked before it is used again."""

CHECKPOINT = 8_000
"""Pages of 4 KiB after which SQLite moves what was written into its main file.

The same few pages are written again and again, so each way there serves for more of them.
"""

POOL: dict[str, Any] = {"pool_size": 20, "max_overflow": 20, "pool_use_lifo": True}
"""As many connections as one press uses at the same time are kept, and more opened for a moment.

The one used last has its statements prepared, so it is taken first.
"""

STANDSTILL = "-c idle_in_transaction_session_timeout=30s"
"""PostgreSQL's option: whoever stands still inside a transaction is cut off after half a minute.

A process that was stopped, or whose machine went silent, would else keep the rows it has locked
from every other clock for as long as it stands.
"""


PLANNED_ONCE = "-c plan_cache_mode=force_generic_plan"
"""PostgreSQL's option: plan a statement once on each connection.

Left to itself it plans anew for the first five runs on each, and a clock has many connections: that
cost more than the statements do. What is run so may rest on an index of some of the rows only where
the condition of that index stands in the statement itself, since no plan knows its parameters.
"""


def say_begin(connection: Connection) -> None:
    """Say BEGIN ourselves; on SQLite, a writer has the file from its first statement on."""
    with prepared_statements.driver(connection) as cursor:
        cursor.execute(connection.get_execution_options().get(BEGIN, "BEGIN"))


class _OneByOne(psycopg.Cursor[Any]):
    """Runs a statement with many rows once for each.

    psycopg would send them as a pipeline. In the middle of one a process that stands still is not
    idle to PostgreSQL, which then never cuts it off: what it has locked stays locked.
    """

    def executemany(
        self, query: Query, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        """As psycopg's own; the rows of all are counted. Nobody here reads what they return."""
        counted = 0
        for params in params_seq:
            self.execute(cast("QueryNoTemplate", query), params)
            counted += max(self.rowcount, 0)
        self._rowcount = counted


def make_engine(url: str, *, plans_once: bool = False) -> Engine:
    """The engine behind this address, with everything that each connection is told.

    With `plans_once` PostgreSQL prepares a statement at its first run, by a plan for any values.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _make_sqlite_engine(url, parsed.database)
    if parsed.drivername == "postgresql":
        url = parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    connecting = {
        "options": _options(parsed, *([PLANNED_ONCE] if plans_once else [])),
        "cursor_factory": _OneByOne,
        "autocommit": True,
        **({"prepare_threshold": 0} if plans_once else {}),
    }
    engine = create_engine(url, connect_args=connecting, **POOL)
    event.listen(engine, "before_cursor_execute", _begin)
    prepared_statements.watch(engine)
    event.listen(engine, "checkin", _rest)
    event.listen(engine, "checkout", _wake)
    return engine


def _begin(connection: Connection, cursor: Any, *_rest: object) -> None:  # noqa: ANN401  a driver's
    """Say BEGIN ourselves, before the first statement of a transaction."""
    if cursor.connection.info.transaction_status is TransactionStatus.IDLE:
        say_begin(connection)


def _rest(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = time.monotonic()


def _wake(
    connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """Ask a connection that has rested whether it lives; one used a moment ago is believed.

    Asking each time would cost as much as the shorter statements do.
    """
    rests_since = record.info.get("rests_since")
    if rests_since is None or time.monotonic() - rests_since < BELIEVED:
        return
    try:
        connection.cursor().execute("")
        connection.rollback()
    except psycopg.Error as problem:
        raise DisconnectionError from problem


def _options(url: URL, *more: str) -> str:
    """Ours for each connection, and after them those of the address, which win."""
    given = url.query.get("options", ())
    return " ".join([STANDSTILL, *more, *([given] if isinstance(given, str) else given)])


def _make_sqlite_engine(url: str, path: str | None) -> Engine:
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    # What lives in memory alone has one connection for each thread, and no pool.
    pool = POOL if path and path != ":memory:" else {}
    engine = create_engine(url, connect_args={"timeout": PATIENCE}, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"wal_autocheckpoint={CHECKPOINT}",
        "foreign_keys=ON",
        "recursive_triggers=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
