"""An admin connects an account of X and a page of Facebook in a real browser, and looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from publisher.settings import environment
from sandbox.credentials import (
    FACEBOOK_APP_ID,
    FACEBOOK_APP_SECRET,
    FACEBOOK_PAGES,
    X_ACCOUNTS,
    X_CONSUMER_KEY,
    X_CONSUMER_SECRET,
)
from sandbox.server import run_sandbox
from tests.browser.city_server import SECRET
from tests.browser.journey import Journey, open_journey, path_of
from tests.support.accessibility import examine
from tests.support.runs import Run

WATER, WATER_PAGE = X_ACCOUNTS[1], FACEBOOK_PAGES[1]


@pytest.fixture(params=[390, 1280])
def journey(
    request: pytest.FixtureRequest,
    browser: Browser,
    run: Run,
    tmp_path: Path,
    shoot: Callable[[Page, str], None],
) -> Iterator[Journey]:
    """Open a city whose app is registered at sandbox platforms of its own."""
    with (
        run_sandbox(path=tmp_path / "practice") as sandbox,
        open_journey(browser, run, tmp_path, width=request.param, shoot=shoot) as opened,
    ):
        environment_settings = environment.load(
            {
                "NAGARVANI_SECRET_KEY": SECRET,
                "NAGARVANI_BASE_URL": opened.server.address,
                "NAGARVANI_X_API_URL": sandbox.url,
                "NAGARVANI_GRAPH_API_URL": sandbox.url,
                "NAGARVANI_X_CONSUMER_KEY": X_CONSUMER_KEY,
                "NAGARVANI_X_CONSUMER_SECRET": X_CONSUMER_SECRET,
                "NAGARVANI_FACEBOOK_APP_ID": FACEBOOK_APP_ID,
                "NAGARVANI_FACEBOOK_APP_SECRET": FACEBOOK_APP_SECRET,
            },
            folder=tmp_path,
        )
        house = opened.server.app.extensions["house"]
        opened.server.app.extensions["house"] = replace(house, settings=environment_settings)
        yield opened


def check_and_keep(journey: Journey, page: Page, name: str) -> None:
    """Check a page with axe, and take a picture."""
    assert [str(violation) for violation in examine(page).violations] == []
    journey.keep_picture(page, f"connecting-{name}")


def start_connecting(journey: Journey, platform: str) -> Page:
    """Click the platform's button, then follow the page's link to the platform."""
    page = journey.go("admin", "/accounts")
    check_and_keep(journey, page, f"{platform}-accounts")
    page.click(f"form:has([name=platform][value={platform}]) button")
    expect(page.locator(".btn-act")).to_be_visible()
    check_and_keep(journey, page, f"{platform}-away")
    page.click(".btn-act")
    return page


def fill_account_form(journey: Journey, page: Page, name: str) -> None:
    """Fill in the account's form, and connect it."""
    page.fill("#name", "पाणीपुरवठा")
    page.select_option("#department_id", str(journey.town.departments["water"]))
    page.fill("#purpose", "पाणी बंद असल्याच्या सूचना")
    page.fill("#daily_cap", "५०")
    page.click("details.more summary")
    page.check(f"[name=open_to][value='{journey.town.departments['water']}']")
    check_and_keep(journey, page, f"{name}-form")
    page.click(".submit-bar .btn-act")
    expect(page.locator("h1")).to_have_text("पाणीपुरवठा")
    check_and_keep(journey, page, f"{name}-connected")


def test_an_admin_connects_an_account_of_x_and_a_page_of_facebook(journey: Journey) -> None:
    page = start_connecting(journey, "x")
    page.check(f"[name=account][value='{WATER.id}']")
    page.click("[name=answer][value=allow]")
    expect(page.locator("h2").first).to_have_text("@sarav_pani")
    fill_account_form(journey, page, "x")

    page = start_connecting(journey, "facebook")
    for facebook_page in FACEBOOK_PAGES[:2]:
        page.check(f"[name=pages][value='{facebook_page.id}']")
    page.click("[name=answer][value=allow]")
    check_and_keep(journey, page, "facebook-choice")
    page.click(f"a[href*='page={WATER_PAGE.id}']")
    fill_account_form(journey, page, "facebook")
    assert path_of(page).startswith("/accounts/")
    check_and_keep(journey, journey.go("admin", "/accounts"), "all")


def test_who_refuses_there_is_told_and_begins_anew(journey: Journey) -> None:
    page = start_connecting(journey, "facebook")
    page.click("[name=answer]:not([value=allow])")
    expect(page.locator(".notice")).to_contain_text("परवानगी नाकारण्यात आली")
    check_and_keep(journey, page, "refused")
    page.click(".btn-act")
    expect(page.locator("main h2").first).to_have_text("आता माध्यमावर")
