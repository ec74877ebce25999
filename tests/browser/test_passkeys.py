"""A passkey in a real browser, with an authenticator that Chromium plays, at http://localhost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from approvals.policy import FRESH
from tests.browser.journey import Journey, open_journey, path_of, sign_in
from tests.support import chromium
from tests.support.accessibility import examine
from tests.support.runs import Run

pytestmark = pytest.mark.ci

BUTTON = "[data-passkey-button]"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def journey(
    browser: Browser, run: Run, tmp_path: Path, shoot: Callable[[Page, str], None]
) -> Iterator[Journey]:
    """Open a city whose pages are reached at localhost."""
    with open_journey(browser, run, tmp_path, width=390, shoot=shoot) as opened:
        opened.server.sign_in("member")
        opened.server.address = opened.server.address.replace("127.0.0.1", "localhost")
        house = opened.server.app.extensions["house"]
        settings = replace(house.settings, base_url=opened.server.address)
        opened.server.app.extensions["house"] = replace(house, settings=settings)
        yield opened


def new_window(journey: Journey, *, javascript: bool = True) -> Page:
    """Open a window without cookies: a device that is not known."""
    window = chromium.open_window(journey.browser, javascript=javascript)
    journey.pages[f"window {len(journey.pages)}"] = page = window.new_page()
    return page


def plug_in(page: Page) -> tuple[CDPSession, str]:
    """Give the window an authenticator."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return devtools, added["authenticatorId"]


def test_a_passkey_is_made_signs_in_and_stands_for_the_password(journey: Journey) -> None:
    address = journey.server.address
    page = new_window(journey)
    devtools, authenticator = plug_in(page)
    sign_in(page, address, "member")
    page.goto(f"{address}/profile/second-factor")
    page.click("form[action='/profile/passkeys'] button")
    assert path_of(page) == "/profile/passkeys/new"
    expect(page.locator("[data-without-passkey]")).to_be_hidden()
    assert not examine(page).violations
    journey.keep_picture(page, "passkey-new")
    page.fill("#name", "माझा फोन")
    with page.expect_navigation():
        page.click(BUTTON)
    expect(page.locator(".spot-letters")).to_have_count(10)
    page.goto(f"{address}/profile/second-factor")
    expect(page.locator("main")).to_contain_text("माझा फोन")
    journey.keep_picture(page, "passkeys")
    assert not examine(page).violations

    page.context.clear_cookies()
    sign_in(page, address, "member")
    journey.keep_picture(page, "passkey-asked")
    assert not examine(page).violations
    with page.expect_navigation():
        page.click(BUTTON)
    assert path_of(page) == "/"

    journey.town.clock.move(FRESH + timedelta(minutes=1))
    page.goto(f"{address}/profile/second-factor")
    page.click("form[action='/profile/passkeys'] button")
    expect(page.locator("#prove")).to_be_visible()
    with page.expect_navigation():
        page.click(BUTTON)
    expect(page.locator("form[action='/profile/passkeys'] button")).to_be_visible()
    credentials = devtools.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    assert [credential["signCount"] for credential in credentials["credentials"]] == [3]

    without_script = new_window(journey, javascript=False)
    sign_in(without_script, address, "member")
    expect(without_script.locator("[data-without-passkey]")).to_be_visible()
    expect(without_script.locator(BUTTON)).to_be_hidden()
    expect(without_script.locator("#factor-code #code")).to_be_visible()


def test_a_lock_that_does_not_open_is_said_on_the_page(journey: Journey) -> None:
    address = journey.server.address
    page = new_window(journey)
    devtools, authenticator = plug_in(page)
    sign_in(page, address, "member")
    page.goto(f"{address}/profile/passkeys/new")
    page.fill("#name", "माझा फोन")
    devtools.send(
        "WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False}
    )
    page.click(BUTTON)
    expect(page.locator("[data-passkey-problem]")).to_be_visible()
    expect(page.locator(BUTTON)).to_be_enabled()
    assert path_of(page) == "/profile/passkeys/new"
