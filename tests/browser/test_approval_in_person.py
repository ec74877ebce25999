"""Approval in person in two browsers: the clerk's screen shows a code to the officer's phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zxingcpp
from flask.sessions import SecureCookieSessionInterface
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from publisher.models.posts import Decision
from tests.browser.city_server import COOKIE
from tests.browser.journey import Journey, open_journey, path_of, sign_in
from tests.support import chromium
from tests.support.runs import Run


@pytest.fixture(params=[True, False], ids=["with-script", "without"])
def journey(
    request: pytest.FixtureRequest,
    browser: Browser,
    run: Run,
    tmp_path: Path,
    shoot: Callable[[Page, str], None],
) -> Iterator[Journey]:
    """Open a city; the clerk uses a wide screen."""
    with open_journey(
        browser, run, tmp_path, width=1280, shoot=shoot, javascript=request.param
    ) as opened:
        yield opened


def scan_qr_code(picture: Locator) -> str:
    """Return the text of the QR code as it is drawn on the screen."""
    image = Image.open(BytesIO(picture.screenshot()))
    (barcode,) = zxingcpp.read_barcodes(image)
    assert barcode.format == zxingcpp.BarcodeFormat.QRCode
    return str(barcode.text)


def session_values(journey: Journey, page: Page) -> dict[str, object]:
    """Return the values in the session's cookie, without its signature's timestamp."""
    (cookie,) = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == COOKIE]
    interface = journey.server.app.session_interface
    assert isinstance(interface, SecureCookieSessionInterface)
    serializer = interface.get_signing_serializer(journey.server.app)
    assert serializer is not None
    return dict(serializer.loads(cookie))


def test_the_officer_approves_on_the_own_phone_and_the_clerk_gains_nothing(
    journey: Journey,
) -> None:
    town, post = journey.town, journey.town.in_review()
    clerk = journey.go("clerk", f"/posts/{post}/review")
    clerk.click(".decision-bar .btn-act")
    clerk.click("form[action$='/on-the-spot'] button")
    before = session_values(journey, clerk)
    address = urlsplit(scan_qr_code(clerk.locator(".spot-picture")))
    assert f"{address.scheme}://{address.netloc}" == "http://127.0.0.1:8000"  # BASE_URL's default

    journey.server.sign_in("first")  # which sets the password
    phone = chromium.open_window(journey.browser, width=360, javascript=journey.javascript)
    officer = phone.new_page()
    officer.goto(journey.server.address + address.path)
    assert officer.locator("#password").count() == 1
    enter(officer, journey.server.address, address.path)
    assert path_of(officer) == f"/posts/{post}/review"
    assert urlsplit(officer.url).query == "revision=1"
    officer.click(".decision-bar .btn-act")
    assert path_of(officer) == f"/posts/{post}"

    if journey.javascript:
        expect(clerk.locator("#spot-state")).to_contain_text("मान्यता दिली")
        expect(clerk.locator(".spot-picture")).to_have_count(0)
    else:
        clerk.locator("a", has_text="पुन्हा पाहा").click()
    expect(clerk.locator("#spot-state")).to_contain_text("मेधा सातपुते")
    journey.keep_picture(clerk, "on-the-spot-decided")
    assert session_values(journey, clerk) == before
    assert_clerk_cannot_decide(clerk, journey.server.address, town.in_review())
    with town.read() as session:
        (decision,) = session.scalars(select(Decision))
        assert decision.appointment_id == town.appointments["first"]
    for page in phone.pages:
        page.wait_for_load_state("networkidle")
    phone.close()


def enter(page: Page, address: str, path: str) -> None:
    """Sign in on the page that is shown instead of the requested one."""
    assert page.locator("#next").get_attribute("value") == path
    page.fill("#identifier", "first@pmc.example")
    page.fill("#password", "kavita-nadi-sagar-ubhi")
    with page.expect_navigation():
        page.click(".submit-bar .btn-act")
    assert address in page.url


def assert_clerk_cannot_decide(clerk: Page, address: str, post: int) -> None:
    """Expect 403 for each deciding request of the clerk's session with a valid CSRF token."""
    clerk.goto(f"{address}/posts/{post}/on-the-spot")
    token = clerk.locator("[name=csrf_token]").first.get_attribute("value") or ""
    for act in ("approve", "return", "reject", "withdraw-approval"):
        form: dict[str, str | float | bool] = {"csrf_token": token, "seen": "1", "under": "1"}
        path = f"{address}/posts/{post}/{act}"
        response = clerk.request.post(path, form=form, headers={"Referer": path}, max_redirects=0)
        assert response.status == 403, act


def test_going_back_after_deciding_offers_no_second_decision(journey: Journey) -> None:
    post = journey.town.in_review()
    officer = journey.go("first", f"/posts/{post}/review")
    with officer.expect_navigation():  # going back has to find the next page open
        officer.click(".decision-bar .btn-act")
    officer.go_back()
    assert path_of(officer) == f"/posts/{post}/review"
    assert officer.locator(".decision-bar").count() == 0
    with journey.town.read() as session:
        assert len(session.scalars(select(Decision)).all()) == 1


def test_the_typed_code_leads_there_as_well(journey: Journey) -> None:
    post = journey.town.in_review()
    clerk = journey.go("clerk", f"/posts/{post}/on-the-spot")
    clerk.click("form[action$='/on-the-spot'] button")
    letters = clerk.locator(".spot-letters [aria-hidden]").inner_text()
    journey.server.sign_in("first")
    phone = chromium.open_window(journey.browser, width=360, javascript=journey.javascript)
    officer = phone.new_page()
    sign_in(officer, journey.server.address, "first")
    officer.goto(f"{journey.server.address}/code")
    officer.fill("#letters", letters.lower())
    officer.click(".submit-bar .btn-act")
    assert path_of(officer) == f"/posts/{post}/review"
    for page in phone.pages:
        page.wait_for_load_state("networkidle")
    phone.close()
