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
from sandbox.server import running
from tests.browser.counter import SECRET
from tests.browser.walking import Walk, path_of, walking
from tests.support.accessibility import examine
from tests.support.runs import Run

pytestmark = pytest.mark.proof

WATER, WATER_PAGE = X_ACCOUNTS[1], FACEBOOK_PAGES[1]


@pytest.fixture(params=[390, 1280])
def walk(
    request: pytest.FixtureRequest,
    browser: Browser,
    run: Run,
    tmp_path: Path,
    shoot: Callable[[Page, str], Path],
) -> Iterator[Walk]:
    """A city whose app is registered at practice platforms of its own."""
    with (
        running(path=tmp_path / "practice") as places,
        walking(browser, run, tmp_path, width=request.param, shoot=shoot) as opened,
    ):
        environment_settings = environment.load(
            {
                "NAGARVANI_SECRET_KEY": SECRET,
                "NAGARVANI_BASE_URL": opened.counter.address,
                "NAGARVANI_X_API_URL": places.url,
                "NAGARVANI_GRAPH_API_URL": places.url,
                "NAGARVANI_X_CONSUMER_KEY": X_CONSUMER_KEY,
                "NAGARVANI_X_CONSUMER_SECRET": X_CONSUMER_SECRET,
                "NAGARVANI_FACEBOOK_APP_ID": FACEBOOK_APP_ID,
                "NAGARVANI_FACEBOOK_APP_SECRET": FACEBOOK_APP_SECRET,
            },
            folder=tmp_path,
        )
        house = opened.counter.app.extensions["house"]
        opened.counter.app.extensions["house"] = replace(house, settings=environment_settings)
        yield opened


def keep(walk: Walk, page: Page, name: str) -> None:
    """Look at a page of ours as everybody may, and keep a picture."""
    assert [str(violation) for violation in examine(page).violations] == []
    walk.keep(page, f"connecting-{name}")


def begin(walk: Walk, platform: str) -> Page:
    """Press the button, then follow the page's link to the platform."""
    page = walk.go("admin", "/accounts")
    keep(walk, page, f"{platform}-accounts")
    page.click(f"form:has([name=platform][value={platform}]) button")
    expect(page.locator(".btn-act")).to_be_visible()
    keep(walk, page, f"{platform}-away")
    page.click(".btn-act")
    return page


def finish(walk: Walk, page: Page, name: str) -> None:
    """Fill in what the house decides, and connect."""
    page.fill("#name", "पाणीपुरवठा")
    page.select_option("#department_id", str(walk.town.departments["water"]))
    page.fill("#purpose", "पाणी बंद असल्याच्या सूचना")
    page.fill("#daily_cap", "५०")
    page.click("details.more summary")
    page.check(f"[name=open_to][value='{walk.town.departments['water']}']")
    keep(walk, page, f"{name}-form")
    page.click(".submit-bar .btn-act")
    expect(page.locator("h1")).to_have_text("पाणीपुरवठा")
    keep(walk, page, f"{name}-connected")


def test_an_admin_connects_an_account_of_x_and_a_page_of_facebook(walk: Walk) -> None:
    page = begin(walk, "x")
    page.check(f"[name=account][value='{WATER.id}']")
    page.click("[name=answer][value=allow]")
    expect(page.locator("h2").first).to_have_text("@sarav_pani")
    finish(walk, page, "x")

    page = begin(walk, "facebook")
    for facebook_page in FACEBOOK_PAGES[:2]:
        page.check(f"[name=pages][value='{facebook_page.id}']")
    page.click("[name=answer][value=allow]")
    keep(walk, page, "facebook-choice")
    page.click(f"a[href*='page={WATER_PAGE.id}']")
    finish(walk, page, "facebook")
    assert path_of(page).startswith("/accounts/")
    keep(walk, walk.go("admin", "/accounts"), "all")


def test_who_refuses_there_is_told_and_begins_anew(walk: Walk) -> None:
    page = begin(walk, "facebook")
    page.click("[name=answer]:not([value=allow])")
    expect(page.locator(".notice")).to_contain_text("परवानगी नाकारण्यात आली")
    keep(walk, page, "refused")
    page.click(".btn-act")
    expect(page.locator("main h2").first).to_have_text("आता माध्यमावर")
