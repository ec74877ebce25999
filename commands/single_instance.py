"""On SQLite one clock works at a time: it locks a file next to the database while it runs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
from sqlalchemy import make_url

from publisher.database.session import Database

SUFFIX = ".clock"


@contextmanager
def only_clock(database: Database) -> Iterator[None]:
    """Be the one clock of this database as long as the block lasts; on PostgreSQL one of many.

    The kernel frees the lock when its process ends, however it ends. Raises a `ClickException` if
    another clock has it.
    """
    path = _lock_file(database)
    if path is None:
        yield
        return
    # Opened for appending, so that a clock that is refused does not overwrite the other's number.
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            database.dispose()
            raise click.ClickException(_refusal(file)) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _lock_file(database: Database) -> Path | None:
    """Return the file next to the database, however that is named; None if it is not a file."""
    name = make_url(database.url).database
    if not database.is_sqlite or not name or name == ":memory:":
        return None
    path = Path(name).resolve()
    return path.with_name(path.name + SUFFIX)


def _refusal(file: IO[str]) -> str:
    file.seek(0)
    number = file.read().strip()
    whose = f" (process {number})" if number else ""
    return (
        f"Another clock{whose} works on this SQLite database already, and it takes only one: "
        "end that one first, or use PostgreSQL, where any number may run."
    )
