"""Fixtures for tests that need the city: the conftest.py of their package imports them.

They are not in tests/conftest.py, because the city imports nearly the whole product, and a test
of plain rules must start at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from approvals.policy import Role
from publisher.database.session import Database, migrate
from publisher.media.folder_store import FolderStore
from tests.support import kept_rows, runs, sqlite
from tests.support.city import City
from tests.support.city import city as build_city
from tests.support.city_people import CityPeople, city_people
from tests.support.postgres import Server


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Open an empty media store."""
    return FolderStore(tmp_path / "media")


@pytest.fixture
def town(database: Database, tmp_path: Path) -> City:
    """Build a city in a database of its own, in a twin on PostgreSQL."""
    sqlite.skip_fsync(database)
    return build_city(database, tmp_path)


@pytest.fixture
def changeable_rows(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the test change what triggers keep, to see what finds it."""
    if "session" in request.fixturenames:
        session: Session = request.getfixturevalue("session")
        kept_rows.let_change(session.connection())
        yield
        return
    town: City = request.getfixturevalue("town")
    with kept_rows.changeable(town.database):
        yield


@pytest.fixture(name="town")
def sqlite_town(on_sqlite: Database, tmp_path: Path) -> City:
    """Build a city on SQLite alone, for rules in which the databases cannot differ."""
    return build_city(on_sqlite, tmp_path)


@pytest.fixture
def other(request: pytest.FixtureRequest, town: City) -> Iterator[Database]:
    """Open an empty, migrated database of the other kind: a backup belongs to no kind."""
    kind = "postgres_url" if town.database.is_sqlite else "sqlite_url"
    opened = Database(str(request.getfixturevalue(kind)))
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def city(
    request: pytest.FixtureRequest, engine: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CityPeople]:
    """Share one city among the tests of a module, each of which writes in `session` alone."""
    if engine == "sqlite":
        file = tmp_path_factory.mktemp("city") / "city.db"
        with people_on(sqlite.copy(sqlite.template(runs.current(), migrate), file)) as shared:
            yield shared
        return
    server: Server = request.getfixturevalue("postgres")
    name = server.create()
    with people_on(server.url(name)) as shared:
        yield shared
    server.drop(name)


@pytest.fixture
def session(city: CityPeople) -> Iterator[Session]:
    """Open a session on the shared city; nothing that is written in it is kept."""
    with Session(city.database.engine, expire_on_commit=False) as opened:
        yield opened


@contextmanager
def people_on(url: str) -> Iterator[CityPeople]:
    """Put the city's people, and a head of the road department, into the database at `url`."""
    database = Database(url)
    sqlite.skip_fsync(database)
    shared = city_people(database)
    shared.appoint("road_head", Role.HEAD, "road", "सुरेश पवार")
    yield shared
    database.dispose()
