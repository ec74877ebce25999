"""A new officer's phone at 390 px: from the invitation to the first approval, taps counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import requests
from playwright.sync_api import Browser, Page

from demo import notices
from publisher.now import now
from tests.browser.journey import see_photos
from tests.journey.flow import in_review
from tests.journey.installation import Installation, wait_for
from tests.support import chromium

pytestmark = [pytest.mark.journey, pytest.mark.proof, pytest.mark.timeout(240)]
MAIL, MOBILE = "officer@pmc.example", "5550000999"
PASSWORD = "पावसाळी-सकाळ-टेकडी"


@dataclass
class Phone:
    """The officer's browser; a tap on a link, a button or a field counts."""

    page: Page
    taps: int = 0

    def tap(self, selector: str) -> None:
        """Tap what a reader of the page sees."""
        self.page.locator(selector).first.click()
        self.page.wait_for_load_state()
        self.taps += 1

    def write(self, selector: str, text: str) -> None:
        """Tap a field, unless the cursor is in it already, and type."""
        if not self.page.locator(selector).evaluate("field => field === document.activeElement"):
            self.tap(selector)
        self.page.keyboard.type(text)


def appoint_second_officer(installation: Installation, department: str) -> None:
    """Let the lead record an officer, and the admin confirm it."""
    lead, admin = (installation.visitor(key) for key in ("prasad-kenjale", "arun-tekawade"))
    values = {"role": "officer", "name_mr": "वैदेही कानडे", "mail": MAIL, "mobile": MOBILE}
    page = lead.get(f"/people/new?department={department}")
    lead.send(page, "#person", values)
    page = admin.get("/people/waiting")
    ticks = [line for line in page.html.split("<tr") if MAIL in line]
    chosen = ticks[0].split('name="chosen"')[1].split('value="')[1].split('"')[0]
    admin.send(page, "#waiting", {"chosen": chosen})


def find_invitation(installation: Installation) -> int | None:
    """Return the number of the officer's mail with the invitation in the letterbox."""
    mails = requests.get(
        f"{installation.sandbox}/letterbox.json", params={"to": MAIL}, timeout=10
    ).json()
    return next((mail["id"] for mail in mails if "/invitation/" in mail["text"]), None)


def test_the_first_approval_takes_at_most_eight_taps(
    installation: Installation,
    browser: Browser,
    record_property: Callable[[str, object], None],
) -> None:
    appoint_second_officer(installation, "garden")
    notice = notices.notices_by_key(now())["garden-hours"]
    _submission, post = in_review(installation, notice, member="pandurang-takale")
    invitation = wait_for(lambda: find_invitation(installation), what="the invitation")
    window = chromium.open_window(browser, width=390)
    page = window.new_page()
    page.goto(f"{installation.sandbox}/letterbox/{invitation}")
    phone = Phone(page)
    phone.tap("a[href*='/invitation/']")
    phone.write("#new_password", PASSWORD)
    phone.tap(".submit-bar .btn-act")
    # The sign-in page knows whose password was set here.
    phone.write("#password", PASSWORD)
    phone.tap(".submit-bar .btn-act")
    phone.tap(f"a[href^='{post}']")
    phone.taps += see_photos(page)
    phone.tap(".decision-bar .btn-act")
    assert page.url.endswith(post)
    assert "मान्य" in page.locator("main").inner_text()
    record_property("taps", phone.taps)
    assert phone.taps <= 8
    window.close()
