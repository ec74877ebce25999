"""On the spot in two browsers: the picture on the clerk's screen, the officer's own phone."""

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
from tests.browser.counter import COOKIE
from tests.browser.walking import Walk, path_of, sign_in, walking
from tests.support import chromium
from tests.support.runs import Run

pytestmark = pytest.mark.proof


@pytest.fixture(params=[True, False], ids=["with-script", "without"])
def walk(
    request: pytest.FixtureRequest,
    browser: Browser,
    run: Run,
    tmp_path: Path,
    shoot: Callable[[Page, str], Path],
) -> Iterator[Walk]:
    """A city of its own; the clerk sits at the desk."""
    with walking(
        browser, run, tmp_path, width=1280, shoot=shoot, javascript=request.param
    ) as opened:
        yield opened


def decoded(picture: Locator) -> str:
    """What a phone's camera reads in the picture as it is drawn on the screen."""
    image = Image.open(BytesIO(picture.screenshot()))
    (barcode,) = zxingcpp.read_barcodes(image)
    assert barcode.format == zxingcpp.BarcodeFormat.QRCode
    return str(barcode.text)


def kept_in(walk: Walk, page: Page) -> dict[str, object]:
    """What the session's cookie holds; its stamp is new with every answer."""
    (cookie,) = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == COOKIE]
    interface = walk.counter.app.session_interface
    assert isinstance(interface, SecureCookieSessionInterface)
    serializer = interface.get_signing_serializer(walk.counter.app)
    assert serializer is not None
    return dict(serializer.loads(cookie))


def test_the_officer_approves_on_the_own_phone_and_the_clerk_gains_nothing(walk: Walk) -> None:
    town, post = walk.town, walk.town.in_review()
    clerk = walk.go("clerk", f"/posts/{post}/review")
    clerk.click(".decision-bar .btn-act")
    clerk.click("form[action$='/on-the-spot'] button")
    before = kept_in(walk, clerk)
    address = urlsplit(decoded(clerk.locator(".spot-picture")))
    assert f"{address.scheme}://{address.netloc}" == "http://127.0.0.1:8000"  # BASE_URL's default

    walk.counter.sign_in("first")  # so that the password is there
    phone = chromium.open_window(walk.browser, width=360, javascript=walk.javascript)
    officer = phone.new_page()
    officer.goto(walk.counter.address + address.path)
    assert officer.locator("#password").count() == 1
    enter(officer, walk.counter.address, address.path)
    assert path_of(officer) == f"/posts/{post}/review"
    assert urlsplit(officer.url).query == "revision=1"
    officer.click(".decision-bar .btn-act")
    assert path_of(officer) == f"/posts/{post}"

    if walk.javascript:
        expect(clerk.locator("#spot-state")).to_contain_text("मान्यता दिली")
        expect(clerk.locator(".spot-picture")).to_have_count(0)
    else:
        clerk.locator("a", has_text="पुन्हा पाहा").click()
    assert "मेधा सातपुते" in clerk.locator("#spot-state").inner_text()
    walk.keep(clerk, "on-the-spot-decided")
    assert kept_in(walk, clerk) == before
    gains_nothing(clerk, walk.counter.address, town.in_review())
    with town.read() as session:
        (decision,) = session.scalars(select(Decision))
        assert decision.appointment_id == town.appointments["first"]
    for page in phone.pages:
        page.wait_for_load_state("networkidle")
    phone.close()


def enter(page: Page, address: str, path: str) -> None:
    """Sign in on the page that came instead of the one asked for."""
    assert page.locator("#next").get_attribute("value") == path
    page.fill("#identifier", "first@pmc.example")
    page.fill("#password", "kavita-nadi-sagar-ubhi")
    with page.expect_navigation():
        page.click(".submit-bar .btn-act")
    assert address in page.url


def gains_nothing(clerk: Page, address: str, post: int) -> None:
    """What the clerk's session sends to each deciding address is refused, with a right token."""
    clerk.goto(f"{address}/posts/{post}/on-the-spot")
    token = clerk.locator("[name=csrf_token]").first.get_attribute("value") or ""
    for act in ("approve", "return", "reject", "withdraw-approval"):
        form: dict[str, str | float | bool] = {"csrf_token": token, "seen": "1", "under": "1"}
        path = f"{address}/posts/{post}/{act}"
        response = clerk.request.post(path, form=form, headers={"Referer": path}, max_redirects=0)
        assert response.status == 403, act


def test_going_back_after_deciding_offers_no_second_decision(walk: Walk) -> None:
    post = walk.town.in_review()
    officer = walk.go("first", f"/posts/{post}/review")
    with officer.expect_navigation():  # going back has to find the next page open
        officer.click(".decision-bar .btn-act")
    officer.go_back()
    assert path_of(officer) == f"/posts/{post}/review"
    assert officer.locator(".decision-bar").count() == 0
    with walk.town.read() as session:
        assert len(session.scalars(select(Decision)).all()) == 1


def test_the_typed_code_leads_there_as_well(walk: Walk) -> None:
    post = walk.town.in_review()
    clerk = walk.go("clerk", f"/posts/{post}/on-the-spot")
    clerk.click("form[action$='/on-the-spot'] button")
    letters = clerk.locator(".spot-letters [aria-hidden]").inner_text()
    walk.counter.sign_in("first")
    phone = chromium.open_window(walk.browser, width=360, javascript=walk.javascript)
    officer = phone.new_page()
    sign_in(officer, walk.counter.address, "first")
    officer.goto(f"{walk.counter.address}/code")
    officer.fill("#letters", letters.lower())
    officer.click(".submit-bar .btn-act")
    assert path_of(officer) == f"/posts/{post}/review"
    for page in phone.pages:
        page.wait_for_load_state("networkidle")
    phone.close()
