"""Names the test that opened a database connection which nothing closed.

Python 3.13 warns of such a connection when the garbage collector meets it, in whichever test runs
by then; earlier versions say nothing about SQLite. Here it is found on every version.
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

    def watch(self) -> None:
        """Follow every pool from now on."""
        event.listen(Pool, "connect", self._add)
        event.listen(Pool, "close", self._remove)
        event.listen(Pool, "detach", self._remove)

    def close_forgotten(self) -> list[str]:
        """Close each connection that is still open though its pool is gone; return the tests."""
        if not self._unchecked:
            return []  # a collection takes tenths of a second: most modules need none
        self._unchecked.clear()
        gc.collect()
        forgotten = [
            (connection, test)
            for connection, pool_entry, test in self._open.values()
            if pool_entry() is None
        ]
        for connection, _test in forgotten:
            connection.close()
            del self._open[id(connection)]
        return [test for _connection, test in forgotten]

    def _add(self, connection: DBAPIConnection, pool_entry: ConnectionPoolEntry) -> None:
        # The connection is held, so that the collector does not warn of it; its pool is not.
        test = os.environ.get("PYTEST_CURRENT_TEST", "an import")
        self._unchecked.add(id(connection))
        self._open[id(connection)] = connection, weakref.ref(pool_entry), test

    def _remove(self, connection: DBAPIConnection, _pool_entry: ConnectionPoolEntry) -> None:
        self._unchecked.discard(id(connection))
        self._open.pop(id(connection), None)
