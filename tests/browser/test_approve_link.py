"""On a phone in Marathi an officer approves by the link of a mail: by a code, and by a passkey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from publisher.models.posts import DecisionCredential
from tests.browser.journey import Journey, open_journey, sign_in
from tests.browser.test_passkeys import BUTTON, plug_in
from tests.support import chromium
from tests.support.accessibility import examine
from tests.support.city_people import DAY
from tests.support.runs import Run
from tests.web.approval_link_steps import code, decisions, give_mobile, link_for, with_sms
from tests.web.site import Site

pytestmark = pytest.mark.ci

DONE = "आपला निर्णय नोंदविला आहे"


@pytest.fixture
def journey(
    browser: Browser, run: Run, tmp_path: Path, shoot: Callable[[Page, str], None]
) -> Iterator[Journey]:
    """Open a city whose pages are reached at localhost, where browsers have passkeys."""
    with open_journey(browser, run, tmp_path, width=390, shoot=shoot) as opened:
        opened.server.sign_in("first")
        opened.server.address = opened.server.address.replace("127.0.0.1", "localhost")
        house = opened.server.app.extensions["house"]
        settings = replace(house.settings, base_url=opened.server.address)
        opened.server.app.extensions["house"] = replace(house, settings=settings)
        yield opened


def check(journey: Journey, page: Page, name: str) -> None:
    """The page has no finding of axe, and does not scroll sideways."""
    journey.keep_picture(page, name)
    assert examine(page).violations == ()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def new_phone(journey: Journey) -> Page:
    window = chromium.open_window(journey.browser, width=390)
    journey.pages[f"phone {len(journey.pages)}"] = page = window.new_page()
    return page


def approve(journey: Journey, page: Page, name: str) -> None:
    check(journey, page, f"{name}-open")
    with page.expect_navigation():
        page.locator("form[data-once] .btn-act").last.click()
    expect(page.locator("main")).to_contain_text(DONE)
    check(journey, page, f"{name}-done")


def test_an_officer_approves_at_the_link_by_code_and_by_passkey(journey: Journey) -> None:
    address, town = journey.server.address, journey.town
    site = Site(town, journey.server.app)
    with_sms(site)
    give_mobile(site, "first")
    phone = new_phone(journey)
    phone.goto(address + link_for(site, town.in_review(on=["x", "facebook"])))
    check(journey, phone, "approve-proof")
    with phone.expect_navigation():
        phone.locator("form:has(input[value=send]) button").click()
    phone.fill("#code", "00000000")
    with phone.expect_navigation():
        phone.click(".submit-bar .btn-act")
    check(journey, phone, "approve-wrong-code")
    phone.fill("#code", code(site))
    with phone.expect_navigation():
        phone.click(".submit-bar .btn-act")
    approve(journey, phone, "approve-code")

    keeper = new_phone(journey)
    plug_in(keeper)
    sign_in(keeper, address, "first")
    keeper.goto(f"{address}/profile/second-factor")
    keeper.click("form[action='/profile/passkeys'] button")
    keeper.fill("#name", "माझा फोन")
    with keeper.expect_navigation():
        keeper.click(BUTTON)
    keeper.context.clear_cookies()
    keeper.goto(address + link_for(site, town.in_review(on=["facebook"])))
    check(journey, keeper, "approve-passkey")
    with keeper.expect_navigation():
        keeper.click(BUTTON)
    approve(journey, keeper, "approve-passkey")
    credentials = [decision.credential for decision in decisions(site)]
    assert credentials == [DecisionCredential.LINK_AND_CODE, DecisionCredential.LINK_AND_PASSKEY]


def test_the_page_of_a_dead_link_sends_a_new_one_from_a_phone(journey: Journey) -> None:
    site = Site(journey.town, journey.server.app)
    path = link_for(site, journey.town.in_review())
    journey.town.clock.move(8 * DAY)
    phone = new_phone(journey)
    phone.goto(journey.server.address + path)
    check(journey, phone, "approve-over")
    with phone.expect_navigation():
        phone.locator("form:has(input[value=renew]) button").click()
    expect(phone.locator("body")).to_contain_text("येथे पाठविली आहे")
    check(journey, phone, "approve-renewed")
