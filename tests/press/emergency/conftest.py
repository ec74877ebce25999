"""A city for each test of the lane: `town` on SQLite, `any_town` on both where SQL may differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.database import Database
from tests.support.city import City, city


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[City]:
    """A city on SQLite."""
    opened = Database(sqlite_url)
    yield city(opened, tmp_path)
    opened.dispose()


@pytest.fixture
def any_town(database: Database, tmp_path: Path) -> City:
    """A city once on SQLite and once on PostgreSQL."""
    return city(database, tmp_path)
