"""A city for each test of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.database.session import Database
from tests.support.city import City, city


@pytest.fixture
def town(database: Database, tmp_path: Path) -> City:
    """A city in a database of its own, on SQLite and on PostgreSQL."""
    return city(database, tmp_path)


@pytest.fixture
def on_sqlite(sqlite_url: str) -> Iterator[Database]:
    """An empty SQLite database of its own, for what does not differ on the other."""
    opened = Database(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture
def other(request: pytest.FixtureRequest, town: City) -> Iterator[Database]:
    """An empty, migrated database of the other kind: a backup belongs to no kind."""
    kind = "postgres_url" if town.database.is_sqlite else "sqlite_url"
    opened = Database(str(request.getfixturevalue(kind)))
    yield opened
    opened.dispose()
