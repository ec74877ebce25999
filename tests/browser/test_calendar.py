"""The calendar in the browser: dragged to another day, without a script, and on paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from publisher.database.session import Database
from tests.browser.counter import Counter, founded, serving
from tests.support.city_people import DAY, HOUR

pytestmark = pytest.mark.proof

TODAY, TOMORROW = "2026-11-25", "2026-11-26"
A4_LANDSCAPE = (842, 595)
"""Its width and height in points."""

Open = Callable[..., BrowserContext]


@pytest.fixture
def counter(sqlite_url: str, tmp_path: Path) -> Iterator[Counter]:
    """A small city whose clerk is signed in."""
    database = Database(sqlite_url)
    with serving(founded(database, tmp_path), tmp_path) as opened:
        opened.sign_in("clerk")
        yield opened
    database.dispose()


def look(counter: Counter, window: Open, path: str, *, javascript: bool = True) -> Page:
    """Open a page as the clerk, at the desk."""
    context = window(width=1280, javascript=javascript)
    counter.enter(context, "clerk", "mr")
    page = context.new_page()
    page.goto(counter.address + path)
    return page


def drop(page: Page, item: str, target: str) -> None:
    """Drag an item to a cell; what is sent leads to another page."""
    with page.expect_navigation():
        page.locator(item).drag_to(page.locator(target))


def test_a_post_is_dragged_to_another_day_with_all_its_texts(
    counter: Counter, window: Open
) -> None:
    town = counter.town
    both = town.schedule(town.approved(on=["x", "facebook"]), HOUR)
    page = look(counter, window, "/calendar")
    drop(page, "[data-move]", f"td[data-day='{TOMORROW}']")
    assert page.url == f"{counter.address}/calendar"
    assert page.locator(f"td[data-day='{TOMORROW}'] [data-move]").count() == 1
    assert {town.delivery(delivery_id).due_at for delivery_id in both} == {town.now + DAY + HOUR}


def test_in_a_week_it_is_dragged_to_an_hour(counter: Counter, window: Open) -> None:
    town = counter.town
    (delivery_id,) = town.schedule(town.approved(), HOUR)
    page = look(counter, window, "/calendar?view=week")
    drop(page, "[data-move]", f"td[data-day='{TOMORROW}'][data-clock='16:00']")
    assert town.delivery(delivery_id).due_at == town.now + DAY + 4 * HOUR


def test_what_cannot_be_dropped_there_stays_and_says_why(counter: Counter, window: Open) -> None:
    town = counter.town
    (delivery_id,) = town.schedule(town.approved(), HOUR)
    town.schedule(town.approved("road"), DAY + HOUR)
    page = look(counter, window, "/calendar")
    drop(page, f"td[data-day='{TODAY}'] [data-move]", f"td[data-day='{TOMORROW}']")
    assert page.locator("[data-error-summary]").inner_text().count("वेळ बदलली नाही.") == 1
    assert "या खात्यावर" in page.locator("table").inner_text()
    assert town.delivery(delivery_id).due_at == town.now + HOUR


def test_without_a_script_it_leads_to_other_months_and_to_the_form(
    counter: Counter, window: Open
) -> None:
    town = counter.town
    post_id = town.approved()
    town.schedule(post_id, HOUR)
    page = look(counter, window, "/calendar", javascript=False)
    assert page.locator("[data-print]").is_hidden()
    page.locator(".ways a[rel=next]").click()
    assert "डिसेंबर २०२६" in page.locator("h1").inner_text()
    page.locator(".ways a").nth(1).click()
    page.locator(f"td[data-day='{TODAY}'] a.month-item").click()
    assert page.url.endswith(f"/posts/{post_id}")


@pytest.mark.parametrize(("path", "pages"), [("/calendar", 1), ("/calendar?view=week", 1)])
def test_a_table_is_printed_across_a_sheet_of_paper(
    counter: Counter, window: Open, path: str, pages: int
) -> None:
    counter.town.schedule(counter.town.approved(), HOUR)
    page = look(counter, window, path)
    sizes = sheets(page)
    assert sizes == [A4_LANDSCAPE] * pages
    page.emulate_media(media="print")
    assert page.locator(".month").is_visible()
    assert page.locator(".filters").is_hidden()
    assert page.locator(".unscheduled").is_hidden()


def test_a_list_is_printed_upright(counter: Counter, window: Open) -> None:
    counter.town.schedule(counter.town.approved(), HOUR)
    page = look(counter, window, "/calendar?view=list")
    assert {width < height for width, height in sheets(page)} == {True}


def sheets(page: Page) -> list[tuple[int, int]]:
    """The sizes of the pages on which it is printed, in points."""
    sizes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed(page))
    return [(round(float(width)), round(float(height))) for width, height in sizes]


def printed(page: Page) -> bytes:
    return page.pdf(prefer_css_page_size=True)
