"""A city for each test of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.database.session import Database
from tests.support.city import City, city


@pytest.fixture
def town(database: Database, tmp_path: Path) -> City:
    """A city in a database of its own, on SQLite and on PostgreSQL."""
    return city(database, tmp_path)
