"""The calendar in the browser: dragged to another day, without a script, and on paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from publisher.database.session import Database
from tests.browser.city_server import CityServer, create_city, serve_city
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE

pytestmark = pytest.mark.ci

TODAY, TOMORROW = "2026-11-25", "2026-11-26"
WEEK_CELL = f"td[data-day='{TOMORROW}'][data-clock='16:00']"
A4_LANDSCAPE = (842, 595)
"""Its width and height in points."""

OpenWindow = Callable[..., BrowserContext]


@pytest.fixture
def server(sqlite_url: str, tmp_path: Path) -> Iterator[CityServer]:
    """Serve a city whose clerk is signed in."""
    database = Database(sqlite_url)
    with serve_city(create_city(database, tmp_path), tmp_path) as opened:
        opened.sign_in("clerk")
        yield opened
    database.dispose()


def open_as_clerk(
    server: CityServer, window: OpenWindow, path: str, *, javascript: bool = True
) -> Page:
    """Open a page as the clerk, on a wide screen."""
    context = window(width=1280, javascript=javascript)
    server.use_session(context, "clerk", "mr")
    page = context.new_page()
    page.goto(server.address + path)
    return page


def drop(page: Page, source: str, target: str) -> None:
    """Drag an element to a cell, and wait for the page that follows."""
    with page.expect_navigation():
        page.locator(source).drag_to(page.locator(target))


def test_a_post_is_dragged_to_another_day_with_all_its_texts(
    server: CityServer, window: OpenWindow
) -> None:
    town = server.town
    both = town.schedule(town.approved(on=["x", "facebook"]), HOUR)
    page = open_as_clerk(server, window, "/calendar")
    drop(page, "[data-move]", f"td[data-day='{TOMORROW}']")
    assert page.url == f"{server.address}/calendar"
    assert page.locator(f"td[data-day='{TOMORROW}'] [data-move]").count() == 1
    assert {town.delivery(delivery_id).due_at for delivery_id in both} == {town.now + DAY + HOUR}


def test_in_a_week_it_is_dragged_to_an_hour(server: CityServer, window: OpenWindow) -> None:
    town = server.town
    (delivery_id,) = town.schedule(town.approved(), HOUR)
    page = open_as_clerk(server, window, "/calendar?view=week")
    drop(page, "[data-move]", f"td[data-day='{TOMORROW}'][data-clock='16:00']")
    assert town.delivery(delivery_id).due_at == town.now + DAY + 4 * HOUR


@pytest.mark.parametrize(
    ("view", "target", "later"),
    [("month", f"td[data-day='{TOMORROW}']", DAY + HOUR), ("week", WEEK_CELL, DAY + 4 * HOUR)],
)
def test_texts_of_a_post_are_dragged_as_one_and_keep_their_distance(
    server: CityServer, window: OpenWindow, view: str, target: str, later: timedelta
) -> None:
    town = server.town
    delivery_ids = staggered(town)
    page = open_as_clerk(server, window, f"/calendar?view={view}")
    assert page.locator("[data-move]").count() == 1
    drop(page, "[data-move]", target)
    assert page.locator("[data-move]").count() == 1
    times = [town.delivery(delivery_id).due_at - town.now for delivery_id in delivery_ids]
    assert times == [later, later + 20 * MINUTE]


def test_without_a_script_the_entry_is_moved_by_its_form(
    server: CityServer, window: OpenWindow
) -> None:
    town = server.town
    delivery_ids = staggered(town)
    page = open_as_clerk(server, window, "/calendar?view=list", javascript=False)
    page.locator(".day-entry a[href*='/calendar/move']").click()
    page.locator("input[name=way][value=at]").check()
    page.locator("input[name=due_at]").fill("26/11/2026 16:00")
    page.locator("#move button[type=submit]").click()
    page.locator("#plan button[value=do]").click()
    expect(page).to_have_url(re.compile(r"/calendar\?view=list"))
    times = [town.delivery(delivery_id).due_at - town.now for delivery_id in delivery_ids]
    first = DAY + 4 * HOUR
    assert times == [first, first + 20 * MINUTE]


def staggered(town: City) -> list[int]:
    """Schedule a post on X in an hour, and on Facebook 20 minutes later."""
    post_id = town.approved(on=["x", "facebook"])
    return [
        town.schedule(post_id, HOUR + later, only=at)[0]
        for at, later in enumerate((timedelta(), 20 * MINUTE))
    ]


def test_what_cannot_be_dropped_there_stays_and_says_why(
    server: CityServer, window: OpenWindow
) -> None:
    town = server.town
    (delivery_id,) = town.schedule(town.approved(), HOUR)
    town.schedule(town.approved("road"), DAY + HOUR)
    page = open_as_clerk(server, window, "/calendar")
    drop(page, f"td[data-day='{TODAY}'] [data-move]", f"td[data-day='{TOMORROW}']")
    assert page.locator("[data-error-summary]").inner_text().count("वेळ बदलली नाही.") == 1
    assert "या खात्यावर" in page.locator("table").inner_text()
    assert town.delivery(delivery_id).due_at == town.now + HOUR


def test_without_a_script_it_leads_to_other_months_and_to_the_form(
    server: CityServer, window: OpenWindow
) -> None:
    town = server.town
    post_id = town.approved()
    town.schedule(post_id, HOUR)
    page = open_as_clerk(server, window, "/calendar", javascript=False)
    assert page.locator("[data-print]").is_hidden()
    page.locator(".ways a[rel=next]").click()
    expect(page.locator("h1")).to_contain_text("डिसेंबर २०२६")
    page.locator(".ways a").nth(1).click()
    page.locator(f"td[data-day='{TODAY}'] a.month-item").click()
    expect(page).to_have_url(re.compile(rf"/posts/{post_id}$"))


@pytest.mark.parametrize(("path", "pages"), [("/calendar", 1), ("/calendar?view=week", 1)])
def test_a_table_is_printed_across_a_sheet_of_paper(
    server: CityServer, window: OpenWindow, path: str, pages: int
) -> None:
    server.town.schedule(server.town.approved(), HOUR)
    page = open_as_clerk(server, window, path)
    sizes = sheet_sizes(page)
    assert sizes == [A4_LANDSCAPE] * pages
    page.emulate_media(media="print")
    assert page.locator(".month").is_visible()
    assert page.locator(".filters").is_hidden()
    assert page.locator(".unscheduled").is_hidden()


def test_a_list_is_printed_upright(server: CityServer, window: OpenWindow) -> None:
    server.town.schedule(server.town.approved(), HOUR)
    page = open_as_clerk(server, window, "/calendar?view=list")
    assert {width < height for width, height in sheet_sizes(page)} == {True}


def sheet_sizes(page: Page) -> list[tuple[int, int]]:
    """Return the sizes of the printed sheets, in points."""
    sizes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", print_to_pdf(page))
    return [(round(float(width)), round(float(height))) for width, height in sizes]


def print_to_pdf(page: Page) -> bytes:
    return page.pdf(prefer_css_page_size=True)
