"""SQLite for the tests: the schema is laid once per run, and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.support.locks import locked
from tests.support.runs import Run


def template(run: Run, migrate: Callable[[str], None]) -> Path:
    """The run's migrated, empty database file; made by whichever worker comes first."""
    finished, unfinished = run.folder / "template.db", run.folder / "template-unfinished.db"
    with locked(run.folder / "template.lock"):
        if not finished.exists():
            unfinished.unlink(missing_ok=True)
            migrate(address(unfinished))
            unfinished.rename(finished)
    return finished


def copy(template_file: Path, to: Path) -> str:
    """Copy the template to a new file; gives its address as the product's settings take it."""
    shutil.copyfile(template_file, to)
    return address(to)


def address(file: Path) -> str:
    """The address of a database file."""
    return f"sqlite:///{file}"
