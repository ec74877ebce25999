"""Fixtures of the packages whose tests play in the city: their conftest.py imports them.

They are not in tests/conftest.py, because the city imports nearly the whole product, and a test
of plain rules must start at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.database.session import Database
from publisher.media.store import Store
from tests.support.city import City, city


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Opens an empty media store."""
    return Store(tmp_path / "media")


@pytest.fixture
def town(database: Database, tmp_path: Path) -> City:
    """Builds a city in a database of its own, on SQLite and on PostgreSQL."""
    return city(database, tmp_path)


@pytest.fixture
def other(request: pytest.FixtureRequest, town: City) -> Iterator[Database]:
    """Opens an empty, migrated database of the other kind: a backup belongs to no kind."""
    kind = "postgres_url" if town.database.is_sqlite else "sqlite_url"
    opened = Database(str(request.getfixturevalue(kind)))
    yield opened
    opened.dispose()
