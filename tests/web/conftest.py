"""A counter to attack: `site` on SQLite, `any_site` on both databases, `world` with one of all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection

from publisher.database.session import Database, migrate
from tests.support import runs, sqlite
from tests.web.counter import Site, move_in, open_site
from tests.web.world import World, furnish


def _wait_for_no_disk(connection: DBAPIConnection, _record: object) -> None:
    """Nothing here cuts the power, and a thousand commits would each wait for the disk."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


def found_site(run: runs.Run, folder: Path) -> Site:
    """A city on SQLite, in this folder."""
    database = Database(sqlite.copy(sqlite.template(run, migrate), folder / "nagarvani.db"))
    return open_site(database, folder)


@pytest.fixture(scope="session")
def founded(run: runs.Run, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The city as it was founded, to be copied for each test."""
    site = found_site(run, tmp_path_factory.mktemp("founded"))
    site.city.database.dispose()
    return site


@pytest.fixture(scope="session")
def furnished(run: runs.Run, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The city with one of everything, to be copied for each test."""
    site = found_site(run, tmp_path_factory.mktemp("furnished"))
    world = World(site, furnish(site.city, "water"), furnish(site.city, "road"))
    site.browser("road_member")
    site.city.database.dispose()
    return world


@pytest.fixture(scope="session")
def counter(founded: Site) -> Flask:
    """The application, which serves one copy of the city after the other."""
    return founded.app


def _copy(of: Site, folder: Path, counter: Flask) -> Site:
    site = move_in(of, _file_of(of), folder, counter)
    event.listen(site.city.database.engine, "connect", _wait_for_no_disk)
    return site


def _file_of(site: Site) -> Path:
    return Path(site.city.database.url.removeprefix("sqlite:///"))


@pytest.fixture
def site(founded: Site, counter: Flask, tmp_path: Path) -> Iterator[Site]:
    """The counter of the city, on SQLite."""
    site = _copy(founded, tmp_path, counter)
    yield site
    site.city.database.dispose()


@pytest.fixture
def world(furnished: World, counter: Flask, tmp_path: Path) -> Iterator[World]:
    """The counter with one of everything for the water supply and for the roads."""
    site = _copy(furnished.site, tmp_path, counter)
    yield World(site, furnished.own, furnished.foreign)
    site.city.database.dispose()


@pytest.fixture
def any_site(database: Database, counter: Flask, tmp_path: Path) -> Site:
    """The counter of the city, once on SQLite and once on PostgreSQL."""
    if database.is_sqlite:
        event.listen(database.engine, "connect", _wait_for_no_disk)
    return open_site(database, tmp_path, counter)
