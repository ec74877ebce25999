"""Styles, scripts and icons are asked for once: their addresses change with their content."""

from __future__ import annotations

import re

import pytest

from tests.web.site import BASE_URL, Browser, Site

IMMUTABLE = "public, max-age=31536000, immutable"


def static_addresses(html: str) -> set[str]:
    return set(re.findall(r'(?:href|src)="(/static/[^"#]*)', html))


def kept(browser: Browser, address: str) -> str:
    with browser.client.get(address, base_url=BASE_URL, buffered=True) as answer:
        assert answer.status_code == 200, address
        return answer.headers["Cache-Control"]


def test_every_static_file_of_a_page_may_be_kept_for_ever(site: Site) -> None:
    browser = site.browser("first")
    addresses = static_addresses(browser.get("/").get_data(as_text=True))
    assert len(addresses) >= 4
    assert {kept(browser, address) for address in addresses} == {IMMUTABLE}


@pytest.mark.parametrize("query", ["", "?v=000000000000"])
def test_an_address_of_other_content_is_asked_for_again(site: Site, query: str) -> None:
    assert kept(site.nobody(), f"/static/nagarvani.css{query}") == "no-cache"


def test_the_font_that_the_style_sheet_names_is_kept_for_a_week(site: Site) -> None:
    font = "/static/fonts/noto-sans-devanagari.woff2"
    assert kept(site.nobody(), font) == "public, max-age=604800"
