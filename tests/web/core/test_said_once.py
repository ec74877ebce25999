"""Pages say a thing once, light the right tab, and tell of a link that leaves the product."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.models.comments import Comment
from publisher.settings.help import HelpDesk
from tests.web.html_page import Page
from tests.web.site import Browser, Site, app_context, cache_templates
from web.app import create_app


def lit_tabs(page: Page) -> set[str]:
    """Return where the lit tab leads."""
    return {
        link.get("href")
        for link in page.all
        if link.get("aria-current") == "page" and (nav := link.within("nav")) is not None
        if "tabs" in nav.get("class").split()
    }


def test_after_an_error_the_tab_of_the_form_is_lit(site: Site) -> None:
    response = site.browser("member").post("/submissions/new", {"title": ""})
    assert response.status_code == 422
    assert lit_tabs(Page(response.text)) == {"/submissions/new"}


@pytest.mark.parametrize("name", ["lead", "clerk"])
def test_the_menu_of_a_phone_has_every_tab_below_the_stop(site: Site, name: str) -> None:
    page = site.browser(name).page("/")
    links = [(link, link.within("nav"), link.within("details")) for link in page.all]
    tabs = [link.get("href") for link, nav, _menu in links if link.tag == "a" and nav]
    menu = [link.get("href") for link, _nav, menu in links if link.tag == "a" and menu]
    stop = ["/stop"] if name == "lead" else []
    assert "/decisions" in tabs
    assert menu[: len(tabs)] == stop + [path for path in tabs if path != "/stop"]


def test_the_sign_in_page_gives_the_contact_of_help_once(site: Site, tmp_path: Path) -> None:
    context = app_context(site.city, tmp_path)
    settings = replace(context.settings, help_desk=HelpDesk("", "help@pmc.example", None))
    app = create_app(replace(context, settings=settings))
    cache_templates(app)
    page = Browser(app, app.test_client()).page("/sign-in")
    contacts = [link.get("href") for link in page.all if link.get("href").startswith("mailto:")]
    assert contacts == ["mailto:help@pmc.example"]


def test_a_link_to_a_platform_opens_a_new_tab_and_says_so(site: Site) -> None:
    comment_id = site.city.comment(under=site.city.live()[0])
    with site.city.write() as session:
        session.get_one(Comment, comment_id).url = "https://platform.example/1"
    page = site.browser("first").page(f"/comments/{comment_id}")
    links = [link for link in page.all if "external" in link.get("rel").split()]
    assert "https://platform.example/1" in {link.get("href") for link in links}
    assert {(link.get("target"), "noopener" in link.get("rel")) for link in links} == {
        ("_blank", True)
    }
    assert "नवीन टॅबमध्ये उघडेल" in page.html


def test_a_long_post_is_quoted_in_part_above_its_comment(site: Site) -> None:
    city, text = site.city, "पाणीपुरवठा बंद राहील.\n" * 10
    post_id = city.start(city.hand_in())
    city.save(post_id, text=text, on=["x"])
    city.send(post_id)
    city.approve(post_id)
    (delivery_id,) = city.schedule(post_id, timedelta(0))
    city.tick_dispatch()
    comment_id = city.comment(under=delivery_id)
    page = site.browser("first").page(f"/comments/{comment_id}")
    quoted = [tag for tag in page.all if tag.tag == "p" and tag.text.startswith("पाणीपुरवठा बंद")]
    assert [len(tag.text) <= 161 for tag in quoted] == [True, False]
    assert [tag.within("details") is not None for tag in quoted] == [False, True]


def test_a_single_link_to_hide_a_comment_has_no_heading(site: Site) -> None:
    comment_id = site.city.comment(under=site.city.live()[0])
    site.city.clock.move(timedelta(minutes=1))
    page = site.browser("first").page(f"/comments/{comment_id}")
    links = [link.get("href") for link in page.all if link.tag == "a"]
    assert f"/comments/{comment_id}/hide" in links
    headings = [part for part in page.all if part.tag in ("h2", "h3")]
    assert not [
        heading for heading in headings if heading.within("section") is page.by_id("hiding")
    ]
