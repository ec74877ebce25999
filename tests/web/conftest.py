"""The city with its application: `site` on SQLite, `any_site` on both databases, `world` filled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from publisher.database.session import Database, migrate
from tests.support import runs, sqlite
from tests.web.site import Site, copy_site, open_site
from tests.web.world import World, furnish


def new_site(run: runs.Run, folder: Path) -> Site:
    """Return a new city on SQLite, in this folder."""
    database = Database(sqlite.copy(sqlite.template(run, migrate), folder / "nagarvani.db"))
    return open_site(database, folder)


@pytest.fixture(scope="session")
def founded(run: runs.Run, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return the new city, to be copied for each test."""
    site = new_site(run, tmp_path_factory.mktemp("founded"))
    site.city.database.dispose()
    return site


@pytest.fixture(scope="session")
def furnished(run: runs.Run, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the city with one row of everything, to be copied for each test."""
    site = new_site(run, tmp_path_factory.mktemp("furnished"))
    world = World(site, furnish(site.city, "water"), furnish(site.city, "road"))
    site.browser("road_member")
    site.city.database.dispose()
    return world


@pytest.fixture(scope="session")
def shared_app(founded: Site) -> Flask:
    """Return the application that serves one copy of the city after the other."""
    return founded.app


def _copy(original: Site, folder: Path, app: Flask) -> Site:
    site = copy_site(original, _file_of(original), folder, app)
    sqlite.skip_fsync(site.city.database)
    return site


def _file_of(site: Site) -> Path:
    return Path(site.city.database.url.removeprefix("sqlite:///"))


@pytest.fixture
def site(founded: Site, shared_app: Flask, tmp_path: Path) -> Iterator[Site]:
    """Yield the city on SQLite."""
    site = _copy(founded, tmp_path, shared_app)
    yield site
    site.city.database.dispose()


@pytest.fixture
def world(furnished: World, shared_app: Flask, tmp_path: Path) -> Iterator[World]:
    """Yield the city with one row of everything for the water supply and for the roads."""
    site = _copy(furnished.site, tmp_path, shared_app)
    yield World(site, furnished.own, furnished.foreign)
    site.city.database.dispose()


@pytest.fixture
def any_site(database: Database, shared_app: Flask, tmp_path: Path) -> Site:
    """Return the city, once on SQLite and once on PostgreSQL."""
    sqlite.skip_fsync(database)
    return open_site(database, tmp_path, shared_app)
