"""Finds the tests that opened a database connection and did not close it.

Python 3.13 warns of such a connection when the garbage collector finds it, during any later test;
earlier versions do not warn about SQLite at all. This module finds it on every version.
"""

from __future__ import annotations

import gc
import os
import weakref

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, Pool


class Connections:
    """The connections that this process opened through SQLAlchemy and has not closed yet."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[DBAPIConnection, weakref.ref[ConnectionPoolEntry], str]] = {}
        self._unchecked: set[int] = set()

    def listen(self) -> None:
        """Listen to every pool from now on."""
        event.listen(Pool, "connect", self._add)
        event.listen(Pool, "close", self._remove)
        event.listen(Pool, "detach", self._remove)

    def close_leaked(self) -> list[str]:
        """Close each open connection whose pool is gone, and return the tests that opened them."""
        if not self._unchecked:
            return []  # collecting takes tenths of a second, and most modules need it not
        self._unchecked.clear()
        gc.collect()
        leaked = [
            (connection, test)
            for connection, pool_entry, test in self._open.values()
            if pool_entry() is None
        ]
        for connection, _test in leaked:
            connection.close()
            del self._open[id(connection)]
        return [test for _connection, test in leaked]

    def _add(self, connection: DBAPIConnection, pool_entry: ConnectionPoolEntry) -> None:
        # A reference to the connection keeps the collector from warning; its pool may be collected.
        test = os.environ.get("PYTEST_CURRENT_TEST", "an import")
        self._unchecked.add(id(connection))
        self._open[id(connection)] = connection, weakref.ref(pool_entry), test

    def _remove(self, connection: DBAPIConnection, _pool_entry: ConnectionPoolEntry) -> None:
        self._unchecked.discard(id(connection))
        self._open.pop(id(connection), None)
