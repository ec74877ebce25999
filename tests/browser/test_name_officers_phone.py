"""On a phone in Marathi: heads name officers out of the letterbox, and a second person ticks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.journey.called_city import ADMIN, PASSWORD, CalledCity
from tests.journey.called_heads import Head, day, heads
from tests.journey.sandbox_letters import INVITATION
from tests.support import chromium
from tests.support.accessibility import examine
from tests.support.processes import Starter

pytestmark = [pytest.mark.journey, pytest.mark.proof, pytest.mark.timeout(600)]
BY_TAPS, BY_KEYS, BY_SIGN_IN = heads()[0], heads()[1], heads()[60]
SUBMIT, DONE = ".submit-bar .btn-act", "विभागाचे समन्वयक नेमले आहेत. त्यांना कळविले आहे."


@pytest.fixture
def city(sqlite_url: str, start: Starter, tmp_path: Path) -> Iterator[CalledCity]:
    running = CalledCity(start, sqlite_url, tmp_path)
    running.set_up()
    yield running
    running.database.dispose()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A phone of 390 px in Marathi."""
    window = chromium.open_window(browser, width=390)
    yield window.new_page()
    window.close()


def test_heads_name_officers_and_a_second_person_ticks(
    city: CalledCity, browser: Browser, phone: Page
) -> None:
    called = [BY_TAPS, BY_KEYS, BY_SIGN_IN]
    city.import_heads(called)
    window = chromium.open_window(browser, width=390)
    admin = window.new_page()
    _sign_in(admin, city, f"{ADMIN}@pmc.example")
    _tick(admin, city, [head.name for head in called])
    city.open_call("साप्रवि/माप्र/४५", day(7), heads())
    _name_by_taps(city, phone, BY_TAPS)
    _name_by_keys(city, phone, BY_KEYS)
    _propose(city, phone, BY_SIGN_IN)
    _tick(admin, city, [BY_SIGN_IN.officer(rank)["name_mr"] for rank in (1, 2)])
    phone.reload()
    assert "हा प्रस्ताव आहे" not in phone.locator("main").inner_text()
    window.close()


def _check(page: Page) -> None:
    """The page has no finding of axe, and does not scroll sideways."""
    assert examine(page).violations == ()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def _sign_in(page: Page, city: CalledCity, login: str) -> None:
    page.goto(f"{city.web}/sign-in")
    page.fill("#identifier", login)
    page.fill("#password", PASSWORD)
    page.click(SUBMIT)
    expect(page.locator("#password")).to_have_count(0)


def _tick(page: Page, city: CalledCity, names: list[str]) -> None:
    """Tick these people on the list of those who wait, and confirm them."""
    page.goto(f"{city.web}/people/waiting")
    _check(page)
    for name in names:
        page.locator(".choice label", has_text=name).click()
    page.click(SUBMIT)
    expect(page.locator("body")).to_contain_text(f"नियुक्त्यांची पुष्टी झाली: {', '.join(names)}")
    _check(page)


def _open_link(city: CalledCity, page: Page, head: Head) -> None:
    """Open the mail in the letterbox, and the link in it."""
    city.letterbox.wait_for_paths(re.compile("/name-officers/"), [head.mail])
    parameters = {"to": head.mail}
    mails = requests.get(f"{city.sandbox}/letterbox.json", params=parameters, timeout=10).json()
    number = next(mail["id"] for mail in mails if "/name-officers/" in mail["text"])
    page.goto(f"{city.sandbox}/letterbox/{number}")
    page.locator("a[href*='/name-officers/']").first.click()
    expect(page.locator("h1")).to_have_text("दोन समन्वयकांची नावे द्या")


def _code(city: CalledCity, head: Head, number: int = 1) -> str:
    return city.letterbox.wait_for_codes(Counter({head.mobile: number}))[head.mobile]


def _write(page: Page, head: Head) -> None:
    """Fill the form in by taps, with the second mobile a landline."""
    for name, text in {**head.fields(), "second_mobile": "०२०-२५५०१०००"}.items():
        if name.endswith("service_class"):
            page.locator(f"input[name={name}][value={text}] + label").click()
        else:
            page.fill(f"#{name}", text)


def _name_by_taps(city: CalledCity, page: Page, head: Head) -> None:
    """A landline is said at its field; then the code from the SMS, a wrong one first."""
    _open_link(city, page, head)
    _check(page)
    _write(page, head)
    page.click(SUBMIT)
    expect(page.locator("#second_mobile-error")).to_be_visible()
    assert page.evaluate("document.activeElement.matches('.error-summary')")
    _check(page)
    assert page.input_value("#first_name_mr") == head.fields()["first_name_mr"]
    page.fill("#second_mobile", head.fields()["second_mobile"])
    page.click(SUBMIT)
    expect(page.locator("#code")).to_be_visible()
    _check(page)
    code = _code(city, head)
    page.fill("#code", "00000000")
    page.click(SUBMIT)
    expect(page.locator("#code-error")).to_be_visible()
    _check(page)
    page.fill("#code", code)
    page.dblclick(SUBMIT)
    expect(page.locator("h1")).to_have_text("नावे दिली")
    expect(page.locator("body")).to_contain_text(DONE)
    _check(page)


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until this element has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def _name_by_keys(city: CalledCity, page: Page, head: Head) -> None:
    """The keyboard alone leads from the first field to the done page, in the order of the page."""
    _open_link(city, page, head)
    for name, text in head.fields().items():
        if name.endswith("service_class"):
            _tab_to(page, f"input[name={name}]")
            page.keyboard.press("Space" if text == "official" else "ArrowRight")
            if text == "official":
                continue
            assert page.is_checked(f"input[name={name}][value={text}]")
        else:
            _tab_to(page, f"#{name}")
            page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.locator("#code")).to_be_visible()
    _tab_to(page, "#code")
    page.keyboard.type(_code(city, head))
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_contain_text(DONE)


def _propose(city: CalledCity, page: Page, head: Head) -> None:
    """A head without a mobile sets a password, signs in from the link, and proposes."""
    invitation = city.letterbox.wait_for_paths(INVITATION, [head.mail])[head.mail]
    page.goto(city.web + invitation)
    page.fill("#new_password", PASSWORD)
    page.click(SUBMIT)
    _open_link(city, page, head)
    _check(page)
    page.get_by_role("link", name="साइन इन करा").click()
    page.fill("#identifier", head.mail)
    page.fill("#password", PASSWORD)
    page.click(SUBMIT)
    expect(page.locator("body")).to_contain_text("हा प्रस्ताव आहे")
    for name, text in head.fields().items():
        if name.endswith("service_class"):
            page.locator(f"input[name={name}][value={text}] + label").click()
        else:
            page.fill(f"#{name}", text)
    page.click(SUBMIT)
    expect(page.locator("#name-officers")).to_contain_text("या समन्वयकांना नेमा")
    _check(page)
    page.click(SUBMIT)
    expect(page.locator("body")).to_contain_text("हा प्रस्ताव आहे")
    _check(page)
