"""The city with its application: `site` on SQLite, `any_site` on both databases, `world` filled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from publisher.database.session import Database, migrate
from tests.support import runs, sqlite
from tests.web.site import Site, copy_site, open_site
from tests.web.world import World, add_one_of_each


def new_site(run: runs.Run, folder: Path) -> Site:
    """Return a new city on SQLite, in this folder."""
    database = Database(sqlite.copy(sqlite.template(run, migrate), folder / "nagarvani.db"))
    return open_site(database, folder)


@pytest.fixture(scope="session")
def site_template(run: runs.Run, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return the new city, to be copied for each test."""
    site = new_site(run, tmp_path_factory.mktemp("founded"))
    site.city.database.dispose()
    return site


@pytest.fixture(scope="session")
def world_template(run: runs.Run, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the city with one row of everything, to be copied for each test."""
    site = new_site(run, tmp_path_factory.mktemp("furnished"))
    world = World(site, add_one_of_each(site.city, "water"), add_one_of_each(site.city, "road"))
    for name in ("road_member", "garden_member"):
        site.browser(name)
    site.city.database.dispose()
    return world


@pytest.fixture(scope="session")
def shared_app(site_template: Site) -> Flask:
    """Return the application that serves one copy of the city after the other."""
    return site_template.app


def _copy(original: Site, folder: Path, app: Flask) -> Site:
    site = copy_site(original, _file_of(original), folder, app)
    sqlite.skip_fsync(site.city.database)
    return site


def _file_of(site: Site) -> Path:
    return Path(site.city.database.url.removeprefix("sqlite:///"))


@pytest.fixture
def site(site_template: Site, shared_app: Flask, tmp_path: Path) -> Iterator[Site]:
    """Yield the city on SQLite."""
    site = _copy(site_template, tmp_path, shared_app)
    yield site
    site.city.database.dispose()


@pytest.fixture
def world(world_template: World, shared_app: Flask, tmp_path: Path) -> Iterator[World]:
    """Yield the city with one row of everything for the water supply and for the roads."""
    site = _copy(world_template.site, tmp_path, shared_app)
    yield World(site, world_template.own, world_template.foreign)
    site.city.database.dispose()


@pytest.fixture
def any_site(database: Database, shared_app: Flask, tmp_path: Path) -> Site:
    """Return the city, once on SQLite and once on PostgreSQL."""
    sqlite.skip_fsync(database)
    return open_site(database, tmp_path, shared_app)
