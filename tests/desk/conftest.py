from __future__ import annotations

from pathlib import Path

import pytest

from publisher.database.session import Database
from publisher.media.store import Store
from tests.desk import small_house
from tests.desk.small_house import House


@pytest.fixture
def house(database: Database) -> House:
    """A small house in the test's own database."""
    return small_house.build(database)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty media store."""
    return Store(tmp_path / "media")
