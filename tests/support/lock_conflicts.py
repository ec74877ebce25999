"""Runs two functions that need the same locks: the first keeps them until the second waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import event

from publisher.database.session import Database
from tests.support.city import City

PATIENCE = 20

StatementCallback = Callable[[str], None]


@contextmanager
def after_each_statement(database: Database, callback: StatementCallback) -> Iterator[None]:
    """Call this after each statement, in the thread that executed it."""

    def call(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        callback(statement)

    event.listen(database.engine, "after_cursor_execute", call)
    try:
        yield
    finally:
        event.remove(database.engine, "after_cursor_execute", call)


def run_into_locks(
    town: City,
    first: Callable[[], object],
    second: Callable[[], object],
    *,
    pauses_at: Callable[[str], bool],
) -> None:
    """Start `second` once `first` executed a statement that `pauses_at` picks; neither may fail."""
    holds_locks, thread = threading.Event(), threading.local()

    def pause(statement: str) -> None:
        if getattr(thread, "is_first", False) and pauses_at(statement):
            holds_locks.set()
            time.sleep(0.2)  # time for the other thread to run into the lock

    def run_first() -> None:
        thread.is_first = True
        first()

    def run_second() -> None:
        assert holds_locks.wait(PATIENCE)
        second()

    with after_each_statement(town.database, pause), ThreadPoolExecutor(2) as threads:
        for future in [threads.submit(run_first), threads.submit(run_second)]:
            future.result(timeout=PATIENCE)
