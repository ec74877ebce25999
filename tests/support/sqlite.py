"""SQLite for the tests: the schema is migrated once per run, and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection

from publisher.database.session import Database
from tests.support.locks import locked
from tests.support.runs import Run


def template(run: Run, migrate: Callable[[str], None]) -> Path:
    """Return the run's migrated, empty database file, which the first worker creates."""
    finished, unfinished = run.folder / "template.db", run.folder / "template-unfinished.db"
    with locked(run.folder / "template.lock"):
        if not finished.exists():
            unfinished.unlink(missing_ok=True)
            migrate(address(unfinished))
            unfinished.rename(finished)
    return finished


def copy(template_file: Path, to: Path) -> str:
    """Copy the template to a new file, and return the address for SQLAlchemy."""
    shutil.copyfile(template_file, to)
    return address(to)


def skip_fsync(database: Database) -> None:
    """Let the database's commits on SQLite return before they are on disk."""
    # No test cuts the power, and each commit of a test would wait for the disk.
    if database.is_sqlite:
        event.listen(database.engine, "connect", _skip_fsync)


def _skip_fsync(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


def file_sizes(database: Database) -> tuple[int, ...]:
    """Return sizes of a database's file and of its log, to which each commit appends."""
    file = str(database.engine.url.database)
    return tuple(path.stat().st_size for path in (Path(file), Path(f"{file}-wal")) if path.exists())


def address(file: Path) -> str:
    """Return the address of a database file for SQLAlchemy."""
    return f"sqlite:///{file}"
