"""Warnings are listed above drafts, at their fields and for officers, and block nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from publisher.models.comments import Comment
from publisher.models.history import Event
from publisher.models.posts import Post
from publisher.settings.environment import Reach
from tests.support.webserver import Reply, WebServer, serving
from tests.web.html_page import Element, Page
from tests.web.site import Browser, Site

WRONG = "शिबीर रविवार दि. २८ नोव्हेंबर रोजी. चौकशी: ९८२२० १२३४५"
RIGHT = "शिबीर शनिवार दि. २८ नोव्हेंबर रोजी. चौकशी: ०२०-५५५०-०१४५"


@pytest.fixture
def web_server() -> Iterator[WebServer]:
    """Run a web server on loopback, as the target of links."""
    with serving() as opened:
        yield opened


@pytest.fixture
def local_site(site: Site) -> Site:
    """The same site in a rehearsal, which checks links to this machine."""
    house = site.app.extensions["house"]
    settings = replace(house.settings, link_reach=Reach.LOOPBACK)
    site.app.extensions["house"] = replace(house, settings=settings)
    return site


def draft(site: Site) -> tuple[Browser, int, str]:
    """Return a clerk's browser, a draft's post and its path."""
    post_id = site.city.draft(site.city.hand_in())
    return site.browser("clerk"), post_id, f"/posts/{post_id}/draft"


def form_of(site: Site, then: str, changed: str, **more: str) -> list[tuple[str, str]]:
    """Return a draft's form with this Marathi text on X, and an English text."""
    x = site.city.accounts["x"]
    fields = {"seen": "1", "title": "शिबीर", f"text_{x}_mr": changed, f"text_{x}_en": "Camp."}
    return [*({**fields, **more}).items(), ("then", then)]


def warning_lines(page: Page) -> list[Element]:
    """Return the lines of the list of warnings."""
    return [
        list_item
        for list_item in page.all
        if list_item.tag == "li"
        and (frame := list_item.within("section") or list_item.within("details")) is not None
        and "warnings" in frame.get("class").split()
    ]


def test_a_warning_stands_on_top_with_a_link_to_its_field_and_at_the_field(site: Site) -> None:
    browser, _post_id, path = draft(site)
    browser.post(path, form_of(site, "save", WRONG))
    page = browser.page(path)
    field = f"text_{site.city.accounts['x']}_mr"
    lines = [list_item.text for list_item in warning_lines(page)]
    assert any("या तारखेला शनिवार आहे" in line for line in lines)
    links = [link.get("href") for link in page.all if link.within("li") in warning_lines(page)]
    assert f"#{page.named(field)[0].get('id')}" in links
    warning = page.by_id(f"{field}-warning").text
    assert "९८२२० १२३४५" in warning
    assert "या तारखेला शनिवार आहे" in warning
    assert f"{field}-warning" in page.named(field)[0].get("aria-describedby").split()


def test_a_warning_says_what_to_do(site: Site) -> None:
    browser, _post_id, path = draft(site)
    browser.post(path, form_of(site, "save", WRONG))
    lines = [list_item.text for list_item in warning_lines(browser.page(path))]
    assert any("तारीख किंवा वार दुरुस्त करावा." in line for line in lines)


def test_the_same_words_at_several_places_are_one_line_with_several_links(site: Site) -> None:
    browser, _post_id, path = draft(site)
    facebook = f"text_{site.city.accounts['facebook']}_mr"
    english = f"text_{site.city.accounts['facebook']}_en"
    browser.post(path, form_of(site, "save", WRONG, **{facebook: WRONG, english: "Camp."}))
    lines = [
        list_item.text
        for list_item in warning_lines(browser.page(path))
        if "शनिवार" in list_item.text
    ]
    assert len(lines) == 1
    assert lines[0].startswith("एक्स (X) – मराठी मजकूर, फेसबुक – मराठी मजकूर:")


def test_a_sound_draft_shows_no_list(site: Site) -> None:
    browser, _post_id, path = draft(site)
    browser.post(path, form_of(site, "save", RIGHT))
    page = browser.page(path)
    assert warning_lines(page) == []
    assert "warnings" not in page.html.split("<main")[1]


def test_a_draft_with_warnings_is_sent_and_they_stay_in_the_record(site: Site) -> None:
    browser, post_id, path = draft(site)
    page = browser.page(path)
    sends = [
        button for button in page.all if button.tag == "button" and button.get("value") == "send"
    ]
    assert len(sends) == 1
    assert "disabled" not in sends[0].attributes
    assert browser.post(path, form_of(site, "send", WRONG)).status_code == 302
    with site.city.read() as session:
        query = select(Event.details).where(
            Event.subject == "posts", Event.subject_id == post_id, Event.verb == "send_for_review"
        )
        warnings = session.scalars(query).one()["warnings"]
    assert [warning["code"] for warning in warnings] == ["wrong_weekday", "mobile_number"]


def test_on_the_review_the_clerk_sees_what_remains_and_the_officer_none(site: Site) -> None:
    browser, post_id, path = draft(site)
    browser.post(path, form_of(site, "send", WRONG))
    assert warning_lines(site.browser("first").page(f"/posts/{post_id}/review")) == []
    page = browser.page(f"/posts/{post_id}/review")
    lines = [list_item.text for list_item in warning_lines(page)]
    assert any("या तारखेला शनिवार आहे" in line for line in lines)
    anchors = [
        link.get("href").removeprefix("#")
        for link in page.all
        if link.tag == "a" and link.within("li") in warning_lines(page)
    ]
    assert {page.by_id(anchor).tag for anchor in anchors} == {"figure"}


def test_a_date_that_the_department_does_not_name_is_told_with_theirs(site: Site) -> None:
    browser, post_id, path = draft(site)
    with site.city.write() as session:
        session.get_one(Post, post_id).submissions[0].event_on = date(2026, 11, 29)
    browser.post(path, form_of(site, "save", RIGHT))
    lines = [list_item.text for list_item in warning_lines(browser.page(path))]
    assert any("विभागाच्या माहितीत रविवार, दि. २९ नोव्हेंबर २०२६ आहे" in line for line in lines)


def test_a_like_text_leads_to_the_other_post(site: Site) -> None:
    browser, post_id, path = draft(site)
    browser.post(path, form_of(site, "save", RIGHT))
    _browser, _other, other_path = draft(site)
    browser.post(other_path, form_of(site, "save", RIGHT))
    page = browser.page(other_path)
    links = [link.get("href") for link in page.all if link.within("li") in warning_lines(page)]
    assert f"/posts/{post_id}" in links


def test_checking_the_links_keeps_what_was_typed_and_saves_nothing(
    local_site: Site, web_server: WebServer
) -> None:
    browser, post_id, path = draft(local_site)
    gone = web_server.url("/gone")
    response = browser.post(path, form_of(local_site, "links", f"{RIGHT} नवे", link=gone))
    page = Page(response.text)
    assert response.status_code == 200
    assert f"{RIGHT} नवे" in page.named(f"text_{local_site.city.accounts['x']}_mr")[0].raw
    assert any("असे पान नाही (उत्तर ४०४)" in list_item.text for list_item in warning_lines(page))
    assert "असे पान नाही" in page.by_id("link-warning").text
    assert web_server.paths == ["HEAD /gone", "GET /gone"]
    with local_site.city.read() as session:
        assert session.get_one(Post, post_id).newest == 1


def test_links_that_nobody_has_looked_at_yet_are_counted(local_site: Site) -> None:
    browser, _post_id, path = draft(local_site)
    browser.post(path, form_of(local_site, "save", RIGHT, link="http://127.0.0.1:9/a"))
    page = browser.page(path)
    assert "१ लिंक अद्याप तपासलेली नाही." in page
    assert [
        button for button in page.all if button.tag == "button" and button.get("value") == "links"
    ]


def test_in_a_rehearsal_links_to_elsewhere_are_not_spoken_of(local_site: Site) -> None:
    browser, _post_id, path = draft(local_site)
    fields = form_of(local_site, "links", RIGHT, link="https://pmc.example/a")
    page = Page(browser.post(path, fields).text)
    assert warning_lines(page) == []
    assert not [tag for tag in page.all if tag.get("value") == "links"]


def test_a_link_that_was_looked_at_has_its_card_with_title_and_picture(
    local_site: Site, web_server: WebServer
) -> None:
    file = BytesIO()
    Image.new("RGB", (600, 315), "teal").save(file, "PNG")
    web_server.replies["/p.png"] = Reply(file.getvalue(), kind="image/png")
    head = "<title>मोफत शिबीर</title><meta property='og:image' content='/p.png'>"
    url = web_server.page("/camp", head)
    browser, post_id, path = draft(local_site)
    browser.post(path, form_of(local_site, "links", RIGHT, link=url))
    browser.post(path, form_of(local_site, "save", RIGHT, link=url))
    page = browser.page(f"/posts/{post_id}")
    cards = [tag for tag in page.all if "preview-card" in tag.get("class").split()]
    assert [card.text for card in cards if "मोफत शिबीर" in card.text]
    assert any("127.0.0.1" in card.text for card in cards)
    pictures = [image.get("src") for image in page.all if "/link-pictures/" in image.get("src")]
    response = browser.get(pictures[0])
    assert response.status_code == 200
    with Image.open(BytesIO(response.data)) as picture:
        assert f"image/{str(picture.format).lower()}" == response.mimetype
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_a_picture_of_no_link_is_nowhere(site: Site) -> None:
    assert site.browser("clerk").get(f"/link-pictures/{'a' * 64}").status_code == 404


@pytest.mark.parametrize("page", ["/posts/{}/draft", "/posts/{}"])
def test_previews_are_seen_in_light_and_dark_without_a_form(site: Site, page: str) -> None:
    browser, post_id, _path = draft(site)
    switch = browser.page(page.format(post_id)).by_id("look-dark")
    assert switch.get("type") == "checkbox"
    assert switch.get("form") == ""
    assert "checked" not in switch.attributes


@pytest.mark.parametrize(("handle", "is_told"), [("@another", True), ("@city", False)])
def test_before_an_answer_on_x_it_is_told_where_x_would_refuse_it(
    site: Site, handle: str, is_told: bool
) -> None:
    """The comment is a mention of @city under no post of the city."""
    comment_id = site.city.comment("खड्डा बुजवा")
    with site.city.write() as session:
        session.get_one(Comment, comment_id).account.handle = handle
    department = str(site.city.departments["water"])
    site.browser("lead").post(f"/comments/{comment_id}/assign", {"department": department})
    page = site.browser("first").page(f"/comments/{comment_id}")
    texts = [tag.text for tag in page.all if tag.get("id") == "text-warning"]
    begins = "नागरिकाने महापालिकेच्या सोशल मिडिया खात्याचा उल्लेख"
    assert [text.startswith(begins) for text in texts] == [True] * is_told
