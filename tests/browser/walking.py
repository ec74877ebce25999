"""People of a city at its counter, each in a window of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from publisher.database.session import Database, migrate
from tests.browser.counter import PASSWORD, Counter, founded, serving
from tests.support import chromium, sqlite
from tests.support.city import City
from tests.support.runs import Run

Shoot = Callable[[Page, str], Path]


@dataclass
class Walk:
    """A city that lives while people walk through its pages, at one width."""

    town: City
    counter: Counter
    browser: Browser
    width: int
    shoot: Shoot
    javascript: bool = True
    lang: str = "mr"
    phones: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.count = 0

    def person(self, name: str) -> Page:
        """Somebody's page, signed in; those in `phones` hold one, whatever the walk's width."""
        if name not in self.pages:
            self.counter.sign_in(name)
            width = 390 if name in self.phones else self.width
            window = chromium.open_window(self.browser, width=width, javascript=self.javascript)
            self.counter.enter(window, name, self.lang)
            self.pages[name] = window.new_page()
        return self.pages[name]

    def go(self, name: str, path: str) -> Page:
        """Lead somebody to a page."""
        page = self.person(name)
        page.goto(self.counter.address + path)
        return page

    def keep(self, page: Page, name: str) -> None:
        """Keep a picture of the whole page, numbered as the walk goes."""
        self.count += 1
        page.evaluate("document.fonts.ready")
        self.shoot(page, f"journey-{self.width}-{self.count:02}-{name}")

    def close(self) -> None:
        """Close every window, once nothing is under way to it: the server would drop a file."""
        for page in self.pages.values():
            page.wait_for_load_state("networkidle")
            page.context.close()


def path_of(page: Page) -> str:
    """The path that a page shows."""
    return urlsplit(page.url).path


@contextmanager
def walking(
    browser: Browser,
    run: Run,
    folder: Path,
    *,
    width: int,
    shoot: Shoot,
    javascript: bool = True,
    lang: str = "mr",
    phones: frozenset[str] = frozenset(),
) -> Iterator[Walk]:
    """A city of its own for one walk."""
    database = Database(sqlite.copy(sqlite.template(run, migrate), folder / "nagarvani.db"))
    town = founded(database, folder)
    with serving(town, folder) as counter:
        walk = Walk(town, counter, browser, width, shoot, javascript, lang, phones)
        yield walk
        walk.close()
    database.dispose()


def sign_in(page: Page, address: str, name: str) -> None:
    """Sign in as people do, by the form."""
    page.goto(f"{address}/sign-in")
    page.fill("#identifier", f"{name.replace('_', '-')}@pmc.example")
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.click(".submit-bar .btn-act")
