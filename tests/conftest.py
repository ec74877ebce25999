"""Fixtures for the tests of every package."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, BrowserContext, Page

from publisher.database.session import Database, migrate
from tests.support import axe_report, chromium, durations, runs, sqlite
from tests.support.accessibility import Findings, examine
from tests.support.database_pool import DatabasePool
from tests.support.dialects import share_compiled_statements
from tests.support.mail import MailServer, serving
from tests.support.open_connections import Connections
from tests.support.postgres import Server
from tests.support.processes import Starter, command_starter
from tests.support.processes import free_port as find_free_port
from tools.build_assets import make_all

# That examples come slowly says that the machine is busy, and nothing of the test.
settings.register_profile("busy", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
# --hypothesis-profile chooses it: see tests/delivery/test_people_and_faults.py.
settings.register_profile("long", parent=settings.get_profile("busy"))
_RUN = pytest.StashKey[runs.Run]()
_CONNECTIONS = pytest.StashKey[Connections]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--shots FOLDER`, which keeps the pictures that tests take of pages."""
    parser.addoption("--shots", type=Path, help="keep pictures of pages in this folder")


def pytest_configure(config: pytest.Config) -> None:
    """Begin a run, unless this is a worker of one, whose controller did.

    At its end the run lists what axe could not decide, and the slowest files: plug-ins do that,
    whichever packages are run.
    """
    share_compiled_statements()
    if not hasattr(config, "workerinput"):
        # For the workers: what a photo or a long file took is given back, and not kept for more.
        os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(128 * 1024))
        make_all()  # a translation that was edited since is compiled again
        config.pluginmanager.register(axe_report, axe_report.__name__)
        config.pluginmanager.register(durations, durations.__name__)
        config.stash[_RUN] = runs.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the run's PostgreSQL and all its other processes."""
    if run := config.stash.get(_RUN, None):
        run.end()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Search for no garbage while tests are imported: a sixth of the time of collecting them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let a test that is marked `both` or `twin` run on PostgreSQL too, all others on SQLite."""
    marks = [metafunc.definition.get_closest_marker(name) for name in ("both", "twin")]
    if "engine" in metafunc.fixturenames and any(marks):
        metafunc.parametrize("engine", ["sqlite", "postgres"], indirect=True, scope="module")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the fixtures they ask for; those in the browser come last.

    They are proofs, unless `make ci` has to run them.
    Playwright's loop keeps running in a worker once the browser has started; a test that calls
    `asyncio.run` must come before. Rules of the checkout come first: their syntax trees take half
    a gigabyte, while a worker is still small.
    """
    for item in items:
        names = getattr(item, "fixturenames", ())
        for mark in ("browser", "postgres"):
            if mark in names:
                item.add_marker(mark)
        if "browser" in names and item.get_closest_marker("ci") is None:
            item.add_marker("proof")
        if _is_twin(item):
            item.add_marker("postgres")
            if item.get_closest_marker("both") is None and item.get_closest_marker("proof") is None:
                item.add_marker("ci")
    items.sort(key=_place_in_run)


def _place_in_run(item: pytest.Item) -> tuple[bool, bool]:
    is_rule = item.nodeid.startswith("tests/house/")
    return item.get_closest_marker("browser") is not None, not is_rule


def _is_twin(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    return call is not None and call.params.get("engine") == "postgres"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Watch connections, and collect garbage less often, once everything is imported."""
    session.config.stash[_CONNECTIONS] = connections = Connections()
    connections.listen()
    # What was imported stays; a tenth of the tests' time went into searching it for garbage. The
    # oldest generation has to be searched too: nearly half of a worker's objects were dead.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 3)


@pytest.fixture(scope="session")
def run() -> runs.Run:
    """Return the run that this test is part of."""
    return runs.current()


@pytest.fixture(scope="session")
def database_connections(pytestconfig: pytest.Config) -> Connections:
    """Return the open database connections of this process."""
    return pytestconfig.stash[_CONNECTIONS]


@pytest.fixture(scope="module", autouse=True)
def _every_connection_is_closed(database_connections: Connections) -> Iterator[None]:
    """Fail at the end of a module if one of its tests left a connection open."""
    yield
    tests = database_connections.close_leaked()
    assert not tests, f"dispose of the Database opened in {', '.join(tests)}"


@pytest.fixture(scope="session")
def postgres(run: runs.Run) -> Server:
    """Start the run's PostgreSQL, with a migrated template."""
    server = Server(run)
    server.ensure(migrate)
    return server


@pytest.fixture(scope="session")
def database_pool(postgres: Server) -> Iterator[DatabasePool]:
    """Provide the databases on PostgreSQL for this worker's tests."""
    lender = DatabasePool(postgres)
    yield lender
    lender.close()


@pytest.fixture
def postgres_url(database_pool: DatabasePool) -> str:
    """Return a migrated, empty database on PostgreSQL, for this test alone."""
    return database_pool.acquire()


@pytest.fixture
def sqlite_url(run: runs.Run, tmp_path: Path) -> str:
    """Return a migrated, empty database on SQLite, for this test alone."""
    return sqlite.copy(sqlite.template(run, migrate), tmp_path / "nagarvani.db")


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> str:
    """Return `sqlite`, or in a twin `postgres`: see `pytest_generate_tests`."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def database_url(request: pytest.FixtureRequest, engine: str) -> str:
    """Return a migrated, empty database: the test runs on SQLite, and its twin on PostgreSQL."""
    return str(request.getfixturevalue(f"{engine}_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Open a migrated, empty database of either kind."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def on_sqlite(sqlite_url: str) -> Iterator[Database]:
    """Open a database on SQLite alone, for rules in which the databases cannot differ."""
    opened = Database(sqlite_url)
    sqlite.skip_fsync(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    """Start commands beside the test; they are stopped at its end, the last first."""
    yield from command_starter(tmp_path)


@pytest.fixture
def free_port() -> int:
    """Return a free loopback port; `tests.support.processes.free_port()` returns more."""
    return find_free_port()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Run a real mail server on loopback."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run a headless Chromium, one for each worker."""
    with chromium.running() as browser:
        yield browser


@pytest.fixture
def window(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Open windows (`width=390`, `locale="mr-IN"`, `javascript=True`), closed at the end."""
    opened: list[BrowserContext] = []

    def open_window(
        *, width: int = 390, locale: str = "mr-IN", javascript: bool = True
    ) -> BrowserContext:
        opened.append(
            chromium.open_window(browser, width=width, locale=locale, javascript=javascript)
        )
        return opened[-1]

    yield open_window
    for context in opened:
        context.close()


@pytest.fixture
def page(window: Callable[..., BrowserContext]) -> Page:
    """Open a page at 390 px in Marathi."""
    return window().new_page()


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], Findings]:
    """Return the function that runs axe on a page."""
    return examine


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Take a picture of a whole page, by name, if `--shots` says where to (`make shots`)."""
    folder: Path | None = request.config.getoption("shots")

    def take(page: Page, name: str) -> None:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.png", full_page=True)

    return take
