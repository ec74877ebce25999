"""The page of decisions: one line a post, everything counted once, the text as it leaves."""

from __future__ import annotations

import re

import pytest

from publisher.i18n.languages import latin_digits
from publisher.platforms.base.protocol import OutcomeUnknown, RefusalCode, Refused
from publisher.reports.decision_board import MOST_LINES
from publisher.states import DeliveryState
from tests.support import scenes
from tests.support.city import City
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.web.html_page import Element, Page
from tests.web.site import Site
from tests.web.world import World

PASSED = "उलटून गेली आहे"
LONG = "शनिवारी पाणी बंद. " * 14 + "#पाणी"


def number_in(page: Page) -> int:
    return next(
        int(latin_digits(tag.text.split()[0]))
        for tag in page.all
        if tag.tag == "p" and "निर्णयाशिवाय" in tag.text
    )


def tally(page: Page) -> list[int]:
    rows = [
        tag.text
        for tag in page.all
        if tag.tag == "li" and (parent := tag.within("ul")) and parent.get("class") == "tally"
    ]
    return [int(number) for row in rows for number in re.findall(r"\d+$", latin_digits(row))]


def lines(page: Page) -> list[Element]:
    return [tag for tag in page.all if tag.tag == "section" and tag.get("id").startswith("post-")]


def hold_both(town: City, text: str = LONG) -> None:
    """Leave a post held on X and on Facebook."""
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x", "facebook"], text=text)
    town.send(post_id)
    town.approve(post_id)
    town.schedule(post_id, HOUR)
    for platform in ("x", "facebook"):
        town.platform(platform).fail_next(OutcomeUnknown("no answer"))
    town.tick_dispatch(HOUR)
    for _ in range(6):
        town.tick_reconcile(15 * MINUTE)


def test_a_held_post_is_one_line_and_each_text_is_decided_alone(site: Site) -> None:
    hold_both(site.city)
    page = site.browser("lead").page("/decisions")
    (line,) = lines(page)
    titles = [tag for tag in page.all if tag.tag == "h2" and tag.within("section") is line]
    assert [title.text for title in titles] == ["शनिवारी पाणीपुरवठा बंद"]
    actions = [tag.get("action") for tag in page.all if tag.tag == "form"]
    for delivery_id in (1, 2):
        assert f"/deliveries/{delivery_id}/live" in actions
        assert f"/deliveries/{delivery_id}/send-again" in actions
    assert number_in(page) == sum(tally(page)) == 1


def test_a_post_of_which_a_text_is_live_is_not_withdrawn_here_either(site: Site) -> None:
    """Its page offers the deletion instead; without a live text both offer to withdraw it."""
    town = site.city
    for platforms in (["x", "facebook"], ["x"]):
        post_id = town.start(town.hand_in())
        town.save(post_id, on=platforms)
        town.send(post_id)
        town.approve(post_id)
        town.schedule(post_id, HOUR)
        town.platform("x").fail_next(Refused(RefusalCode.TOO_LONG))
        town.tick_dispatch(HOUR)
        path = f"/posts/{post_id}/withdraw"
        links = {
            page: [tag for tag in site.browser("lead").page(page).all if tag.get("href") == path]
            for page in ("/decisions", f"/posts/{post_id}")
        }
        assert [bool(tags) for tags in links.values()] == [len(platforms) == 1] * 2


def test_the_text_of_what_is_held_is_shown_whole(site: Site) -> None:
    hold_both(site.city)
    page = site.browser("lead").page("/decisions")
    quoted = [tag.text for tag in page.all if tag.get("class") == "quoted"]
    assert len(quoted) == 2
    assert all(text.startswith("“") and text.endswith("#पाणी”") for text in quoted)


def test_heading_list_and_summary_count_the_same(world: World) -> None:
    for name in ("lead", "clerk", "first", "admin"):
        page = world.site.browser(name).page("/decisions")
        assert number_in(page) == sum(tally(page)), name


def test_what_is_still_looked_for_stands_apart_and_is_not_counted(site: Site) -> None:
    scenes.unconfirmed(site.city)
    page = site.browser("lead").page("/decisions")
    assert lines(page) == []
    assert "निर्णयाशिवाय" not in page
    assert [tag.text for tag in page.all if tag.get("href") == "/deliveries/1"]


@pytest.mark.ci
def test_a_long_board_has_pages(site: Site) -> None:
    for _ in range(MOST_LINES + 1):
        scenes.missed(site.city)
    clerk = site.browser("clerk")
    first, second = clerk.page("/decisions"), clerk.page("/decisions?page=2")
    assert [len(lines(page)) for page in (first, second)] == [MOST_LINES, 1]
    assert number_in(first) == number_in(second) == MOST_LINES + 1
    assert "/decisions?page=2" in first.html
    for page in ("0", "-1", "x", "99999999999999999999"):
        assert clerk.get(f"/decisions?page={page}").status_code == 200


@pytest.mark.parametrize("happens", [scenes.missed, scenes.failed])
def test_a_clerk_cancels_a_text_that_did_not_leave(site: Site, happens: scenes.Scene) -> None:
    happens(site.city)
    path = "/deliveries/1/cancel"
    clerk = site.browser("clerk")
    for page in ("/decisions", "/deliveries/1"):
        assert path in [form.get("action") for form in clerk.page(page).all if form.tag == "form"]
    assert clerk.post(path).status_code == 302
    assert site.city.delivery(1).state is DeliveryState.CANCELLED
    assert lines(clerk.page("/decisions")) == []


def test_who_cannot_cancel_reads_who_can(site: Site) -> None:
    scenes.missed(site.city)
    page = site.browser("member").page("/deliveries/1")
    assert "रद्द करू शकतात" in page.text
    assert "/deliveries/1/cancel" not in page.html


def test_the_page_of_a_text_warns_of_its_past_date_beside_publish_now(site: Site) -> None:
    town = site.city
    post_id = town.start(town.hand_in())
    town.save(post_id, on=["x"], text="दि. २६ नोव्हेंबर २०२६ रोजी पाणी बंद.")
    town.send(post_id)
    town.approve(post_id)
    (delivery_id,) = town.schedule(post_id, HOUR)
    assert PASSED not in site.browser("clerk").page(f"/deliveries/{delivery_id}").text
    town.tick_dispatch(3 * DAY)
    page = site.browser("clerk").page(f"/deliveries/{delivery_id}")
    assert PASSED in page.text
    assert f"/posts/{post_id}/publish-now" in page.html
