"""Error pages keep the tabs and the search of those who are signed in."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.database.session import Database
from tests.support.processes import free_port
from tests.web.html_page import Page
from tests.web.site import BASE_URL, Browser, Site, make_app

NO_SUCH_PAGE = "असे पान नाही"


def tabs(page: Page) -> list[str]:
    """Return where the tabs of the page lead."""
    return [
        link.get("href")
        for link in page.all
        if link.tag == "a" and (nav := link.within("nav")) and "tabs" in nav.get("class")
    ]


def searches(page: Page) -> list[str]:
    """Return where the search fields of the bar lead."""
    return [form.get("action") for form in page.all if form.get("role") == "search"]


@pytest.mark.parametrize("path", ["/no/such/page", "/posts/999999", "/sign-out"])
def test_a_page_that_is_not_there_keeps_tabs_and_search(site: Site, path: str) -> None:
    """One address nobody has, one of a row, and one that takes a POST alone."""
    response = site.browser("first").get(path)
    page = Page(response.text)
    assert response.status_code in (404, 405)
    assert tabs(page) == tabs(site.browser("first").page("/"))
    assert searches(page) == ["/search"]
    assert site.nobody().get(path).status_code in (401, 404, 405)


def test_a_page_of_others_keeps_tabs_and_search(site: Site) -> None:
    response = site.browser("member").get("/people")
    page = Page(response.text)
    assert response.status_code == 403
    assert "/submissions" in tabs(page)
    assert searches(page) == ["/search"]


def test_a_stranger_sees_no_tabs_on_a_page_that_is_not_there(site: Site) -> None:
    page = Page(site.nobody().get("/no/such/page").text)
    assert NO_SUCH_PAGE in page
    assert (tabs(page), searches(page)) == ([], [])


def test_an_unknown_address_is_a_404_without_a_database_too(site: Site, tmp_path: Path) -> None:
    database = Database(f"postgresql://nagarvani@127.0.0.1:{free_port()}/nagarvani")
    app = make_app(site.city, tmp_path, database=database)
    client = app.test_client()
    with client.session_transaction(base_url=BASE_URL) as cookies:
        cookies["sign_in"] = site.browser("member").cookie()
    response = Browser(app, client).get("/no/such/page")
    assert response.status_code == 404
    assert tabs(Page(response.text)) == []
    database.dispose()
