"""Two that need the same rows: the first holds its locks until the second has run into them."""

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

After = Callable[[str], None]


@contextmanager
def after_each(database: Database, do: After) -> Iterator[None]:
    """Do this after each statement, in the thread that made it."""

    def after(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        do(statement)

    event.listen(database.engine, "after_cursor_execute", after)
    try:
        yield
    finally:
        event.remove(database.engine, "after_cursor_execute", after)


def meet(
    town: City,
    first: Callable[[], object],
    second: Callable[[], object],
    *,
    until: Callable[[str], bool],
) -> None:
    """Begin the second where the first has said this and holds its locks; none may fail."""
    holds, names = threading.Event(), threading.local()

    def pause(statement: str) -> None:
        if getattr(names, "is_first", False) and until(statement):
            holds.set()
            time.sleep(0.2)  # time for the other to run into the lock

    def run_first() -> None:
        names.is_first = True
        first()

    def run_second() -> None:
        assert holds.wait(PATIENCE)
        second()

    with after_each(town.database, pause), ThreadPoolExecutor(2) as clocks:
        for future in [clocks.submit(run_first), clocks.submit(run_second)]:
            future.result(timeout=PATIENCE)
