"""A counter to attack: `site` on SQLite, `any_site` on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection

from publisher.database import Database
from tests.web.counter import Site, open_site
from tests.web.world import World, furnish


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """The counter of the city, on SQLite."""
    database = Database(sqlite_url)
    event.listen(database.engine, "connect", _wait_for_no_disk)
    yield open_site(database, tmp_path)
    database.dispose()


def _wait_for_no_disk(connection: DBAPIConnection, _record: object) -> None:
    """Nothing here cuts the power, and a thousand commits would each wait for the disk."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


@pytest.fixture
def any_site(database: Database, tmp_path: Path) -> Site:
    """The counter of the city, once on SQLite and once on PostgreSQL."""
    return open_site(database, tmp_path)


@pytest.fixture
def world(site: Site) -> World:
    """The counter with one of everything for the water supply and for the roads."""
    site.browser("road_member")
    return World(site, furnish(site.city, "water"), furnish(site.city, "road"))
