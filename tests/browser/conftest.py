"""Counters for the worker's tests: a filled and an empty city, looked at and never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    expect,
)

from publisher.database.session import Database, migrate
from publisher.delivery import dispatch
from publisher.operations.backup import restore
from publisher.platforms.base.protocol import OutcomeUnknown
from tests.browser.counter import Counter, founded, serving
from tests.browser.filled import Ids, fill
from tests.support import chromium, planned, sqlite, told
from tests.support.runs import Run

LOOKING = ("admin", "lead", "clerk", "oversight", "member", "first", "head")
ELSEWHERE = ("road_member", "health_member", "health_head")


def pytest_configure() -> None:
    """Be patient: a busy machine is no fault of the page."""
    expect.set_options(timeout=15_000)


@dataclass(frozen=True)
class Places:
    """The cities' counters, and where to find what in the filled one; one is stopped."""

    filled: Counter
    empty: Counter
    stopped: Counter
    ids: Ids

    def counter(self, name: str) -> Counter:
        """The counter of the filled, the empty or the stopped city."""
        return {"filled": self.filled, "empty": self.empty, "stopped": self.stopped}[name]


@pytest.fixture(scope="session")
def places(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """The cities, half an hour after everybody has signed in: no sign-in is fresh."""
    with ExitStack() as stack:
        counters = {}
        for name in ("filled", "empty", "stopped"):
            folder = tmp_path_factory.mktemp(name)
            address = sqlite.copy(sqlite.template(run, migrate), folder / "nagarvani.db")
            database = Database(address)
            stack.callback(database.dispose)
            town = founded(database, folder)
            ids = fill(town) if name == "filled" else ids_of_nothing()
            counters[name] = (stack.enter_context(serving(town, folder)), ids)
        _sign_in(counters["filled"][0], LOOKING + ELSEWHERE)
        _beat(counters["filled"][0])
        _sign_in(counters["empty"][0], ("member", "clerk", "first", "lead"))
        _stop(counters["stopped"][0])
        (filled, ids), (empty, _), (stopped, _) = counters.values()
        yield Places(filled, empty, stopped, ids)


def _beat(counter: Counter) -> None:
    """A clock is alive in the filled city; the one of the stopped city died half an hour ago."""
    with counter.town.write() as session:
        dispatch.record_heartbeat(session, "clock-1", now=counter.town.now)


def ids_of_nothing() -> Ids:
    """There is nothing in the empty city."""
    return Ids({})


def _stop(counter: Counter) -> None:
    """One thing is on its way, one waits, then all is stopped twice, and a backup restored."""
    town = counter.town
    town.platform("x").fail_next(OutcomeUnknown("no answer"))
    town.live()
    town.due("road")
    _sign_in(counter, ("lead", "first"))
    planned.stop_all(town)
    planned.stop_all(town, by="admin", reason="खात्यावर दुसऱ्याचा ताबा असल्याची शंका आहे.")
    with town.write() as session:
        restore.stop_everything(
            session,
            now=town.now,
            reason="बॅकअपमधून पुनर्स्थापित केले आहे.",
            backup_at=town.now - timedelta(hours=1),
        )


def _sign_in(counter: Counter, names: tuple[str, ...]) -> None:
    for name in names:
        counter.sign_in(name)
    counter.town.clock.move(timedelta(minutes=30))


@dataclass
class Looking:
    """One window for all of a worker's looking: what its console said, how pages answered."""

    window: BrowserContext
    page: Page
    said: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Keep a line of the console, with the address it speaks of."""
        self.said.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def note(self, response: Response) -> None:
        """Keep the code of a page, not of what belongs to it."""
        if response.request.is_navigation_request():
            self.codes.append(response.status)


@pytest.fixture(scope="session")
def looking(browser: Browser) -> Iterator[Looking]:
    """A page that is led from case to case."""
    window = chromium.open_window(browser)
    eyes = Looking(window, window.new_page())
    eyes.page.on("console", eyes.hear)
    eyes.page.on("pageerror", lambda problem: eyes.said.append(str(problem)))
    eyes.page.on("response", eyes.note)
    yield eyes
    window.close()


Tell = Callable[[str], None]


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Have a line listed at the end of the run."""

    def note(line: str) -> None:
        request.node.user_properties.append((told.KEY, line))

    return note


@pytest.fixture(scope="session")
def shots(request: pytest.FixtureRequest) -> Path | None:
    """The folder in which pictures of every page are kept, where one is given."""
    folder: Path | None = request.config.getoption("shots")
    return folder
