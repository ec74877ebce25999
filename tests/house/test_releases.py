"""Each release says which tables it has; its migrations leave the last release's web working.

Where one cannot, the notes of that release say "Stop first": then no web of the last release may
run while the tables change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine, Inspector, create_engine, inspect
from sqlalchemy.engine.interfaces import ReflectedColumn

from publisher.database.revisions import latest_revision
from publisher.database.session import migrate
from tests.house.complaints import expect_none
from tests.support import sqlite
from tools.source import read

STOP_FIRST = "Stop first"
_RELEASE = re.compile(
    r"^## \[(?P<name>[^\]]+)\](?P<notes>.*?)(?=^## \[|\Z)", re.MULTILINE | re.DOTALL
)
_TABLES = re.compile(r"^Tables: (?P<revision>\d{4})\.", re.MULTILINE)


@dataclass(frozen=True)
class Release:
    """A release of the changelog; `revision` is that of its tables, None if it names none."""

    name: str
    notes: str

    @property
    def revision(self) -> str | None:
        """The revision that its notes name."""
        match = _TABLES.search(self.notes)
        return match["revision"] if match else None


def releases(changelog: str) -> list[Release]:
    """Return the releases of a changelog, the newest first; before them what is not released."""
    return [Release(match["name"], match["notes"]) for match in _RELEASE.finditer(changelog)]


Open = Callable[[str], Engine]
"""Opens an address of a database, and closes it after the test."""


@pytest.fixture
def open_engine(request: pytest.FixtureRequest) -> Open:
    """Return a function that opens databases, which are closed after the test."""

    def make(address: str) -> Engine:
        engine = create_engine(address)
        request.addfinalizer(engine.dispose)
        return engine

    return make


def tables_at(file: Path, revision: str, open_engine: Open) -> Engine:
    """Return an SQLite database whose tables have this revision."""
    migrate(sqlite.address(file), revision)
    return open_engine(sqlite.address(file))


def obstacles(before: Engine, after: Engine) -> Iterator[str]:
    """Yield what a web that knows the tables of `before` cannot do with those of `after`."""
    old, new = inspect(before), inspect(after)
    for table in sorted(set(old.get_table_names()) - {"alembic_version"}):
        if not new.has_table(table):
            yield f"{table} is gone"
            continue
        yield from _obstacles_of_columns(table, columns_of(old, table), columns_of(new, table))
        old_columns = columns_of(old, table).keys()
        for constraint in sorted(constraints_of(new, table) - constraints_of(old, table)):
            # A rule of new columns alone concerns nobody who does not write them.
            if old_columns & set(re.findall(r"\w+", constraint)):
                yield f"{table} has a new rule: {constraint}"


def _obstacles_of_columns(
    table: str, old: dict[str, ReflectedColumn], new: dict[str, ReflectedColumn]
) -> Iterator[str]:
    for name, column in old.items():
        if name not in new:
            yield f"{table}.{name} is gone"
        elif str(column["type"]) != str(new[name]["type"]):
            yield f"{table}.{name} has another type"
    for name, column in new.items():
        must_be_set = not column["nullable"] and column["default"] is None
        could_be_empty = name not in old or old[name]["nullable"]
        if must_be_set and could_be_empty:
            yield f"{table}.{name} has to be set"


def columns_of(look: Inspector, table: str) -> dict[str, ReflectedColumn]:
    """Return the columns of a table by their names."""
    return {column["name"]: column for column in look.get_columns(table)}


def constraints_of(look: Inspector, table: str) -> set[str]:
    """Return what a row of a table has to fulfil: checks, and unique columns."""
    checks = {" ".join(row["sqltext"].split()) for row in look.get_check_constraints(table)}
    unique = {tuple(row["column_names"]) for row in look.get_unique_constraints(table)}
    unique |= {
        tuple(map(str, row["column_names"])) for row in look.get_indexes(table) if row["unique"]
    }
    return checks | {f"unique {', '.join(map(str, columns))}" for columns in unique}


def test_the_newest_release_names_the_tables_that_it_has() -> None:
    unreleased, newest, *_ = releases(read("CHANGELOG.md"))
    assert unreleased.name == "Unreleased"
    assert newest.revision is not None
    head = latest_revision()
    assert head is not None
    if newest.revision != head:
        assert unreleased.revision == head, "say `Tables: …` where the changes to come are listed"


def test_new_migrations_leave_the_last_web_working_or_say_stop_first(
    tmp_path: Path, open_engine: Open
) -> None:
    unreleased, newest, *_ = releases(read("CHANGELOG.md"))
    assert newest.revision is not None
    before = tables_at(tmp_path / "before.db", newest.revision, open_engine)
    after = tables_at(tmp_path / "after.db", "head", open_engine)
    if STOP_FIRST not in unreleased.notes:
        expect_none(obstacles(before, after))


def test_each_release_left_the_last_web_working_or_says_stop_first(
    tmp_path: Path, open_engine: Open
) -> None:
    released = [release for release in releases(read("CHANGELOG.md"))[1:] if release.revision]
    for later, earlier in pairwise(released):
        before = tables_at(tmp_path / f"{earlier.name}.db", str(earlier.revision), open_engine)
        after = tables_at(tmp_path / f"{later.name}.db", str(later.revision), open_engine)
        if STOP_FIRST not in later.notes:
            expect_none(f"{later.name}: {obstacle}" for obstacle in obstacles(before, after))


def test_what_would_break_a_running_web_is_noticed(open_engine: Open) -> None:
    before = engine_with("CREATE TABLE t (a INTEGER, b INTEGER, c INTEGER)", open_engine)
    columns = "a TEXT, c INTEGER, f INTEGER NOT NULL, d INTEGER NOT NULL DEFAULT 0, UNIQUE (c)"
    after = engine_with(f"CREATE TABLE t ({columns}, CHECK (d > 0))", open_engine)
    assert list(obstacles(before, after)) == [
        "t.a has another type",
        "t.b is gone",
        "t.f has to be set",
        "t has a new rule: unique c",
    ]


def engine_with(statement: str, open_engine: Open) -> Engine:
    """Return a database in memory with this table."""
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    return engine
