"""People of a city at its pages, each in a browser window of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from publisher.database.session import Database, migrate
from tests.browser.city_server import PASSWORD, CityServer, create_city, serve_city
from tests.support import chromium, sqlite
from tests.support.city import City
from tests.support.runs import Run

TakePicture = Callable[[Page, str], None]


@dataclass
class Journey:
    """A city of its own with its server, and the windows of the people who use its pages."""

    town: City
    server: CityServer
    browser: Browser
    width: int
    shoot: TakePicture
    javascript: bool = True
    lang: str = "mr"
    phones: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.picture_count = 0

    def page_of(self, name: str) -> Page:
        """Return a person's page, signed in; people in `phones` have 390 px, others `width`."""
        if name not in self.pages:
            self.server.sign_in(name)
            width = 390 if name in self.phones else self.width
            window = chromium.open_window(self.browser, width=width, javascript=self.javascript)
            self.server.use_session(window, name, self.lang)
            self.pages[name] = window.new_page()
        return self.pages[name]

    def go(self, name: str, path: str) -> Page:
        """Open a path as this person, and return the page."""
        page = self.page_of(name)
        page.goto(self.server.address + path)
        return page

    def keep_picture(self, page: Page, name: str) -> None:
        """Take a picture of the whole page, numbered in the order of the journey."""
        self.picture_count += 1
        page.evaluate("document.fonts.ready")
        self.shoot(page, f"journey-{self.width}-{self.picture_count:02}-{name}")

    def close(self) -> None:
        """Close every window once its requests have ended: the server would drop a file."""
        for page in self.pages.values():
            page.wait_for_load_state("networkidle")
            page.context.close()


def unfold(page: Page, selector: str) -> None:
    """Open the part in which a field is folded, if it is."""
    if not page.locator(selector).is_visible():
        page.locator(selector).locator("xpath=ancestor::details/summary").click()


def path_of(page: Page) -> str:
    """Return the path of a page's address."""
    return urlsplit(page.url).path


def see_photos(page: Page) -> int:
    """Press a review's button that leads to its photos, until it approves; return how often."""
    look, presses = page.locator("[data-look]"), 0
    while look.is_visible():
        presses += 1
        words = look.inner_text()
        look.click()
        expect(look).not_to_have_text(words)
    return presses


@contextmanager
def open_journey(
    browser: Browser,
    run: Run,
    folder: Path,
    *,
    width: int,
    shoot: TakePicture,
    javascript: bool = True,
    lang: str = "mr",
    phones: frozenset[str] = frozenset(),
) -> Iterator[Journey]:
    """Serve a new city for one journey."""
    database = Database(sqlite.copy(sqlite.template(run, migrate), folder / "nagarvani.db"))
    town = create_city(database, folder)
    with serve_city(town, folder) as server:
        journey = Journey(town, server, browser, width, shoot, javascript, lang, phones)
        yield journey
        journey.close()
    database.dispose()


def sign_in(page: Page, address: str, name: str) -> None:
    """Sign in by the form."""
    page.goto(f"{address}/sign-in")
    page.fill("#identifier", f"{name.replace('_', '-')}@pmc.example")
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.click(".submit-bar .btn-act")
