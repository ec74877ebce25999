"""Servers shared by a worker's tests: a filled, an empty and a stopped city, never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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

from publisher.auth import totp
from publisher.database.session import Database, migrate
from publisher.delivery import dispatch
from publisher.delivery.accounts.credentials import Vault
from publisher.delivery.costs import ledger
from publisher.models.people import Person
from publisher.operations.backup import restore
from publisher.platforms.base.charges import Cause, Charge, ChargeKind
from publisher.platforms.base.protocol import CreditsUsedUp, OutcomeUnknown
from tests.browser.city_server import SECRET, CityServer, create_city, serve_city
from tests.browser.example_city import ExamplePaths, add_examples
from tests.support import axe_report, chromium, city_controls, sqlite
from tests.support.runs import Run
from tests.support.second_factors import set_up_app

PEOPLE = ("admin", "lead", "clerk", "oversight", "member", "first", "head")
VARIABLES: Mapping[str, Mapping[str, str]] = {
    "filled": {"NAGARVANI_X_MONTHLY_BUDGET": "20"},
    "empty": {},
    "stopped": {
        "NAGARVANI_X_MONTHLY_BUDGET": "1",
        "NAGARVANI_FACEBOOK_APP_ID": "555",
        "NAGARVANI_FACEBOOK_APP_SECRET": "0" * 32,
        "NAGARVANI_FACEBOOK_VERIFY_TOKEN": "0" * 32,
    },
}
"""The cities, each with more variables of its environment."""
OTHER_DEPARTMENTS = ("road_member", "health_member", "health_head")


def pytest_configure() -> None:
    """Let Playwright wait longer: a busy machine is no fault of the page."""
    expect.set_options(timeout=15_000)


@dataclass(frozen=True)
class CityServers:
    """The servers of a filled, an empty and a stopped city, and the paths of the filled one."""

    filled: CityServer
    empty: CityServer
    stopped: CityServer
    examples: ExamplePaths

    def server(self, name: str) -> CityServer:
        """Return the server of the `filled`, the `empty` or the `stopped` city."""
        return {"filled": self.filled, "empty": self.empty, "stopped": self.stopped}[name]


@pytest.fixture(scope="session")
def servers(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CityServers]:
    """Serve the cities half an hour after everybody has signed in: no sign-in is fresh."""
    with ExitStack() as stack:
        servers_by_name = {}
        for name in VARIABLES:
            folder = tmp_path_factory.mktemp(name)
            address = sqlite.copy(sqlite.template(run, migrate), folder / "nagarvani.db")
            database = Database(address)
            sqlite.skip_fsync(database)
            stack.callback(database.dispose)
            city = create_city(database, folder)
            examples = add_examples(city) if name == "filled" else ExamplePaths({})
            server = stack.enter_context(serve_city(city, folder, VARIABLES[name]))
            servers_by_name[name] = (server, examples)
        _sign_in(servers_by_name["filled"][0], PEOPLE + OTHER_DEPARTMENTS)
        _set_up_apps(servers_by_name["filled"][0])
        _record_heartbeat(servers_by_name["filled"][0])
        _spend(servers_by_name["filled"][0], {Cause.LOOKS: 3_100, Cause.REPLIES: 320})
        _sign_in(servers_by_name["empty"][0], ("member", "clerk", "first", "lead"))
        _stop_publishing(servers_by_name["stopped"][0])
        (filled, examples), (empty, _), (stopped, _) = servers_by_name.values()
        yield CityServers(filled, empty, stopped, examples)


def _set_up_apps(server: CityServer) -> None:
    """Let one member have an app for the codes of signing in, and another be setting it up."""
    sealer, town = Vault(SECRET, ()), server.town
    server.sign_in("garden_member")
    with town.write() as session:
        garden_member = session.get_one(Person, town.people["garden_member"])
        set_up_app(session, garden_member, sealer=sealer, now=town.now)
        member = session.get_one(Person, town.people["member"])
        totp.make(session, person=member, sealer=sealer, now=town.now)


def _record_heartbeat(server: CityServer) -> None:
    """Record a heartbeat now; the stopped city's last heartbeat is half an hour old."""
    with server.town.write() as session:
        dispatch.record_heartbeat(session, "clock-1", now=server.town.now)


def _spend(server: CityServer, reads: Mapping[Cause, int]) -> None:
    """Record so many reads on X for each cause, at half a cent each."""
    town = server.town
    with town.write() as session:
        for cause, number in reads.items():
            charges = [
                Charge(ChargeKind.POST_READ, f"{cause}/{number}") for number in range(number)
            ]
            ledger.add(
                session,
                "x",
                town.accounts["x"],
                cause,
                town.now.date(),
                charges,
                {"x_price_post_read": "0.005"},
            )


def _stop_publishing(server: CityServer) -> None:
    """Leave one post unconfirmed, and one due that waits for credits; stop, and restore a backup.

    Publishing is stopped twice, and more than the budget is spent.
    """
    town = server.town
    town.platform("x").fail_next(OutcomeUnknown("no answer"))
    town.live()
    town.due("road")
    town.platform("x").fail_next(CreditsUsedUp())
    town.tick_dispatch()
    _spend(server, {Cause.LOOKS: 150, Cause.REPLIES: 72, Cause.MENTIONS: 20})
    _sign_in(server, ("admin", "lead", "first"))
    city_controls.stop_all(town)
    city_controls.stop_all(town, by="admin", reason="खात्यावर दुसऱ्याचा ताबा असल्याची शंका आहे.")
    with town.write() as session:
        restore.stop_everything(
            session,
            now=town.now,
            reason="बॅकअपमधून पुनर्स्थापित केले आहे.",
            backup_at=town.now - timedelta(hours=1),
        )


def _sign_in(server: CityServer, names: tuple[str, ...]) -> None:
    for name in names:
        server.sign_in(name)
    server.town.clock.move(timedelta(minutes=30))


@dataclass
class SharedWindow:
    """A browser window that tests share, with the lines of its console and its status codes."""

    context: BrowserContext
    page: Page
    console_lines: list[str] = field(default_factory=list)
    status_codes: list[int] = field(default_factory=list)

    def add_console_line(self, message: ConsoleMessage) -> None:
        """Add a line of the console, with the address that it is about."""
        self.console_lines.append(
            f"{message.type}: {message.text} ({message.location.get('url', '')})"
        )

    def add_status_code(self, response: Response) -> None:
        """Add the status code of a page, but not of its scripts and pictures."""
        if response.request.is_navigation_request():
            self.status_codes.append(response.status)


@pytest.fixture(scope="session")
def shared_window(browser: Browser) -> Iterator[SharedWindow]:
    """Open one window for all cases of a worker."""
    context = chromium.open_window(browser)
    shared = SharedWindow(context, context.new_page())
    shared.page.on("console", shared.add_console_line)
    shared.page.on("pageerror", lambda problem: shared.console_lines.append(str(problem)))
    shared.page.on("response", shared.add_status_code)
    yield shared
    context.close()


ReportLine = Callable[[str], None]


@pytest.fixture
def report_line(request: pytest.FixtureRequest) -> ReportLine:
    """Return a function that adds a line to the report at the end of the run."""

    def add_line(line: str) -> None:
        request.node.user_properties.append((axe_report.UNDECIDED, line))

    return add_line


@pytest.fixture(scope="session")
def shots(request: pytest.FixtureRequest) -> Path | None:
    """The folder of `--shots` for pictures of every page, or None."""
    folder: Path | None = request.config.getoption("shots")
    return folder
