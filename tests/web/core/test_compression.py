"""Styles, scripts and pages come compressed, but no page that another site asked for."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from werkzeug.test import TestResponse

from tests.web.site import BASE_URL, Browser, Site

STYLES = "/static/nagarvani.css"
PLAIN = Path("web" + STYLES).read_bytes()
PHONE = "gzip, deflate, br"


def get(browser: Browser, path: str, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.client.get(path, base_url=BASE_URL, headers=named, buffered=True)


@pytest.mark.parametrize(
    ("accepted", "encoding", "decode"),
    [(PHONE, "br", brotli.decompress), ("gzip, deflate", "gzip", gzip.decompress)],
)
def test_a_browser_gets_the_best_encoding_that_it_reads(
    site: Site, accepted: str, encoding: str, decode: Callable[[bytes], bytes]
) -> None:
    browser = site.browser("first")
    styles = get(browser, STYLES, Accept_Encoding=accepted)
    page = get(browser, "/", Accept_Encoding=accepted, Sec_Fetch_Site="none")
    for answer in (styles, page):
        assert answer.headers["Content-Encoding"] == encoding
        assert "Accept-Encoding" in answer.headers["Vary"]
        assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert decode(styles.data) == PLAIN
    assert len(styles.data) < len(PLAIN) / 4
    assert decode(page.data).decode().rstrip().endswith("</html>")


@pytest.mark.parametrize("accepted", ["", "identity", "zstd", "br;q=0, gzip;q=0"])
def test_who_reads_no_encoding_of_ours_gets_the_file_as_it_is(site: Site, accepted: str) -> None:
    answer = get(site.nobody(), STYLES, Accept_Encoding=accepted)
    assert "Content-Encoding" not in answer.headers
    assert answer.data == PLAIN


@pytest.mark.parametrize("asked_by", ["cross-site", "same-site", ""])
def test_a_page_that_another_site_may_have_asked_for_is_not_compressed(
    site: Site, asked_by: str
) -> None:
    headers = {"Sec_Fetch_Site": asked_by} if asked_by else {}
    for path in ("/", "/search?q=csrf_token", "/nowhere"):
        answer = get(site.browser("clerk"), path, Accept_Encoding=PHONE, **headers)
        assert "Content-Encoding" not in answer.headers, path


def test_a_compressed_file_is_asked_for_again_by_its_tag(site: Site) -> None:
    tag = get(site.nobody(), STYLES, Accept_Encoding=PHONE).headers["ETag"]
    assert tag.startswith("W/")
    again = get(site.nobody(), STYLES, Accept_Encoding=PHONE, If_None_Match=tag)
    assert (again.status_code, again.data) == (304, b"")


def test_pictures_and_lists_for_a_spreadsheet_are_sent_as_they_are(site: Site) -> None:
    browser = site.browser("clerk")
    font = "/static/fonts/noto-sans-devanagari.woff2"
    for path in (font, "/submissions.csv"):
        answer = get(browser, path, Accept_Encoding=PHONE, Sec_Fetch_Site="same-origin")
        assert answer.status_code == 200, path
        assert "Content-Encoding" not in answer.headers, path
