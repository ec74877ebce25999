"""The list of submissions: filters, saved views, CSV, exports, and the search."""

from __future__ import annotations

import csv
import io

import pytest

from publisher.models.people import Department
from publisher.models.submissions import Submission
from publisher.reports import export, search_window
from tests.support.city_people import DAY
from tests.support.crowd import copy_submissions
from tests.support.tables import each
from tests.web.html_page import Page
from tests.web.site import Site
from web.reports.csv_files import BOM, defuse
from web.reports.exports import HEADINGS


def test_a_view_is_saved_shown_as_a_link_and_removed(site: Site) -> None:
    site.city.hand_in()
    browser = site.browser("clerk")
    response = browser.post("/submissions/views", {"name": "माझे", "holder": "me", "view": "draft"})
    assert response.headers["Location"] == "/submissions?view=draft&holder=me"
    page = browser.get("/submissions").text
    assert 'href="/submissions?view=draft&amp;holder=me">माझे</a>' in page
    assert "माझे</a>" not in site.browser("lead").get("/submissions").text
    assert browser.post("/submissions/views/1/remove").status_code == 302
    assert "माझे</a>" not in browser.get("/submissions").text


def test_a_view_without_a_name_is_an_error_and_keeps_the_filters(site: Site) -> None:
    response = site.browser("clerk").post("/submissions/views", {"name": " ", "q": "पाणी"})
    assert response.status_code == 422
    assert 'id="name-error"' in response.text
    assert 'name="q" value="पाणी"' in response.text


def test_the_csv_holds_the_filtered_rows_in_sight(site: Site) -> None:
    site.city.hand_in("पाणी बंद")
    site.city.hand_in("रस्ता बंद", department="road")
    for who, path, titles in (
        ("clerk", "/submissions.csv?view=all", ["रस्ता बंद", "पाणी बंद"]),
        ("clerk", "/submissions.csv?q=रस्ता", ["रस्ता बंद"]),
        ("member", "/submissions.csv", ["पाणी बंद"]),
        ("clerk", "/submissions.csv?view=live", []),
    ):
        response = site.browser(who).get(path)
        assert response.text.startswith(BOM)
        assert response.mimetype == "text/csv"
        rows = list(csv.reader(io.StringIO(response.text.removeprefix(BOM))))
        assert [row[1] for row in rows[1:]] == titles
        assert {len(row) for row in rows} == {len(HEADINGS)}


@each(
    "cell, written",
    [
        ("=1+1", "'=1+1"),
        ("+९१", "'+९१"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tcmd", "'\tcmd"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("पाणी = जीवन", "पाणी = जीवन"),
        ("", ""),
    ],
)
def test_a_csv_cell_cannot_be_a_formula(cell: str, written: str) -> None:
    assert defuse(cell) == written


def test_a_title_that_looks_like_a_formula_is_exported_as_text(site: Site) -> None:
    submission_id = site.city.hand_in()
    with site.city.write() as session:
        session.get_one(Submission, submission_id).title = '=HYPERLINK("x")'
    response = site.browser("clerk").get("/submissions.csv")
    rows = list(csv.reader(io.StringIO(response.text.removeprefix(BOM))))
    assert rows[1][1] == '\'=HYPERLINK("x")'


def test_a_long_list_is_prepared_and_fetched_later(site: Site) -> None:
    site.city.hand_in()
    copy_submissions(site.city, export.AT_ONCE - 1)
    browser = site.browser("clerk")
    assert 'action="/exports"' in browser.get("/submissions?view=all").text
    led = browser.get("/submissions.csv?view=all")
    assert led.headers["Location"] == "/exports?list=view%3Dall"
    assert browser.post("/exports", {"list": "view=all"}).status_code == 302
    assert "<progress" in browser.get("/exports").text
    assert browser.get("/exports/1/file").status_code == 404
    while export.tick_exports(site.city.database, now=site.city.now):
        assert site.browser("lead").get("/exports/1/file").status_code == 404
    page = browser.get("/exports").text
    assert "<progress" not in page
    assert 'href="/exports/1/file"' in page
    rows = list(csv.reader(io.StringIO(browser.get("/exports/1/file").text.removeprefix(BOM))))
    assert len({row[0] for row in rows[1:]}) == len(rows) - 1 == export.AT_ONCE
    assert browser.post("/exports/1/remove").status_code == 302
    assert browser.get("/exports/1/file").status_code == 404


def test_the_search_groups_its_hits_and_leads_straight_to_a_number(site: Site) -> None:
    live = site.city.live()[0]
    site.city.comment("पाणी कधी येणार?", under=live)
    browser = site.browser("clerk")
    page = browser.get("/search?q=पाणी").text
    assert [kind for kind in ("submissions", "posts", "comments") if f"found-{kind}" in page] == [
        "submissions",
        "posts",
        "comments",
    ]
    assert "found-posts" not in browser.get("/search?q=पाणी&in=comments").text
    assert browser.get("/search?q=०००००१").headers["Location"] == "/submissions/1"
    assert 'role="search" action="/search"' in browser.get("/").text


@pytest.mark.parametrize("words", ["पाणीपुरवठा", "water", "Watar Suply", "पाणिपुरवठा"])
def test_the_search_finds_departments_by_every_name(site: Site, words: str) -> None:
    with site.city.write() as session:
        water = session.get_one(Department, site.city.departments["water"])
        water.name_mr_transcribed = "पाणिपुरवठा"
    lead = site.browser("lead")
    is_found = words != "Watar Suply"
    assert ('href="/departments/water"' in lead.get(f"/search?q={words}").text) is is_found
    assert "/departments/water" not in lead.get(f"/search?q={words}&in=posts").text
    assert "/departments/water" not in site.browser("member").get(f"/search?q={words}").text


def test_today_shows_the_most_urgent_and_says_how_many_there_are(site: Site) -> None:
    for _ in range(62):
        site.city.hand_in()
    page = site.browser("clerk").page("/")
    items = [tag for tag in page.all if "work-item" in (tag.attributes.get("class") or "")]
    assert len(items) == 60
    assert "६२" in page.text


def _add_many_newer(site: Site, title: str) -> None:
    """Add an old submission with this title, and as many newer ones as a search looks through."""
    site.city.hand_in()
    copy_submissions(site.city, search_window.SPAN)
    with site.city.write() as session:
        oldest = session.get_one(Submission, 1)
        oldest.title, oldest.text_mr = title, ""
        oldest.received_at -= 20_000 * DAY


NOT_AMONG_NEWEST = "सर्वांत नवीन ५००० नोंदींमध्ये काही सापडले नाही."
NOT_BEFORE_EITHER = "त्याआधीच्या ५००० नोंदींमध्येही काही सापडले नाही."


@pytest.mark.parametrize("page", ["/search?q={}", "/submissions?view=all&q={}"])
def test_a_search_without_hits_among_the_newest_rows_can_go_on(site: Site, page: str) -> None:
    _add_many_newer(site, "विहीर")
    browser = site.browser("clerk")
    newest = browser.page(page.format("विहीर"))
    assert NOT_AMONG_NEWEST in newest
    assert [link for link in newest.all if link.get("href") == "/submissions/1"] == []
    older = browser.page(_older(newest))
    assert NOT_AMONG_NEWEST not in older
    assert [link.text for link in older.all if link.get("href") == "/submissions/1"] == ["विहीर"]
    assert _links(older, "आधीचे") == []


@pytest.mark.parametrize(
    ("page", "nothing"),
    [
        ("/search?q=नसलेला", "काहीही सापडले नाही."),
        ("/submissions?view=all&q=नसलेला", "या निवडीशी जुळणारे काही नाही."),
    ],
)
def test_only_after_the_oldest_rows_a_search_says_that_nothing_was_found(
    site: Site, page: str, nothing: str
) -> None:
    site.city.hand_in()
    copy_submissions(site.city, 2 * search_window.SPAN)
    browser = site.browser("clerk")
    pages = [browser.page(page)]
    while _links(pages[-1], "आधीचे"):
        pages.append(browser.page(_older(pages[-1])))
    assert [NOT_AMONG_NEWEST in listing for listing in pages] == [True, False, False]
    assert [NOT_BEFORE_EITHER in listing for listing in pages] == [False, True, False]
    assert [nothing in listing for listing in pages] == [False, False, True]


def test_a_page_of_hits_says_how_many_of_the_newest_rows_were_searched(site: Site) -> None:
    _add_many_newer(site, "विहीर")
    browser = site.browser("clerk")
    newest = browser.page("/submissions?view=all&q=पाणीपुरवठा")
    assert "सर्वांत नवीन ५००० नोंदींमध्ये शोधले." in newest
    following = browser.page(_links(newest, "पुढील प्रस्ताव")[0])
    assert "सर्वांत नवीन ५००० नोंदींमध्ये शोधले." in following


def _links(page: Page, text: str) -> list[str]:
    return [link.get("href") for link in page.all if link.tag == "a" and link.text == text]


def _older(page: Page) -> str:
    (address,) = _links(page, "आधीचे")
    return address
