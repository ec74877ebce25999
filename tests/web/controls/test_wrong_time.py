"""While a server's time is wrong, pages say so, and some people let posts leave all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.delivery import machine_time
from publisher.states import DeliveryState
from tests.support import emergency_steps
from tests.support.city_people import HOUR, MINUTE
from tests.web.html_page import Page
from tests.web.site import Site

WRONG, HELD = "ची वेळ २ तास चुकीची आहे", "पोस्ट प्रसिद्ध होत नाहीत"
PRESS = "तरीही प्रसिद्ध करा"


@pytest.fixture
def site(any_site: Site) -> Site:
    """The site on both databases."""
    return any_site


def banner(page: Page) -> str:
    return " ".join(tag.text for tag in page.all if "banner" in tag.get("class").split())


def ask(site: Site, ahead: timedelta) -> None:
    site.city.platform("x").time_offset = ahead
    machine_time.ask_witnesses(site.city.context)


@pytest.mark.parametrize("name", ["lead", "member", "auditor"])
def test_every_page_says_that_posts_wait_for_the_time(site: Site, name: str) -> None:
    browser = site.browser(name)
    assert banner(browser.page("/")) == ""
    ask(site, 2 * HOUR)
    for path in ("/", "/profile"):
        assert HELD in (text := banner(browser.page(path)))
        assert WRONG in text
    ask(site, 2 * MINUTE)
    assert HELD not in (text := banner(browser.page("/")))
    assert "२ मिनिटे चुकीची" in text
    ask(site, timedelta(0))
    assert banner(browser.page("/")) == ""


def test_the_lead_lets_posts_leave_by_a_press(site: Site) -> None:
    (delivery_id,) = site.city.due()
    ask(site, -2 * HOUR)
    lead = site.browser("lead")
    assert "सर्व्हरची वेळ चुकीची आहे" in lead.page(f"/deliveries/{delivery_id}")
    assert site.city.tick_dispatch() == 0
    page = lead.page("/stop")
    assert "ती मागे आहे." in page
    assert lead.post("/stop/time", dict(page.form("override-time"))).status_code == 302
    page = lead.page("/stop")
    assert HELD not in banner(page)
    assert WRONG in banner(page)
    assert "प्रसाद केंजळे" in page
    assert PRESS not in page
    assert site.city.tick_dispatch() == 1
    assert site.city.delivery(delivery_id).state is DeliveryState.PUBLISHED


def test_only_those_on_duty_and_the_lead_have_the_button(site: Site) -> None:
    ask(site, 2 * HOUR)
    for name in ("admin", "member", "first"):
        browser = site.browser(name)
        assert PRESS not in browser.page("/stop")
        assert browser.post("/stop/time", {}).status_code == 403
    emergency_steps.add_duty(site.city, "member")
    member = site.browser("member")
    assert PRESS in member.page("/stop")
    assert member.post("/stop/time", {}).status_code == 302
    assert HELD not in banner(member.page("/"))
