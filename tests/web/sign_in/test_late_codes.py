"""A code that has not left a minute after it was asked for is said on its page, with other ways."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.models.notifications import Channel, Notice
from publisher.models.people import Person
from publisher.states import NoticeState
from tests.web.nominations.test_office_by_code import head_of_gardens, paths
from tests.web.sign_in.test_factor_needed import require
from tests.web.sign_in.test_forgotten_password import MOBILE, request_password, with_mobile
from tests.web.site import PASSWORD, Browser, Site

LATE = "संकेतांक अजून पाठविला गेलेला नाही."
DUTY = "कर्तव्यावरील अधिकाऱ्यांचे वेळापत्रक"


def pass_a_minute(site: Site) -> None:
    site.city.clock.move(timedelta(seconds=60))


def put(site: Site, state: NoticeState) -> None:
    """Let the newest SMS be in this state, as a tick would leave it."""
    with site.city.write() as session:
        query = select(Notice).where(Notice.channel == Channel.SMS).order_by(Notice.id.desc())
        notice = session.scalars(query).first()
        assert notice is not None
        notice.state = state


def at_the_factor(site: Site) -> Browser:
    require(site, has_sms=True)
    site.give_password("first")
    with site.city.write() as session:
        person = session.get_one(Person, site.city.people["first"])
        person.mobile, person.mobile_confirmed_at = MOBILE, site.city.now
    officer = site.nobody()
    assert LATE not in officer.sign_in("first").text
    return officer


def look(browser: Browser, path: str) -> str:
    response = browser.post(path, {"step": "look", "code": "1234", "next": "/posts"})
    assert response.status_code == 200
    assert 'value="1234"' in response.text
    assert 'value="/posts"' in response.text
    return response.text


def test_the_factor_by_sms_names_the_way_of_the_night_on_duty(any_site: Site) -> None:
    officer = at_the_factor(any_site)
    assert LATE not in look(officer, "/sign-in/factor")
    pass_a_minute(any_site)
    page = look(officer, "/sign-in/factor")
    assert LATE in page
    assert DUTY in page
    assert LATE in officer.get("/sign-in/factor").text
    put(any_site, NoticeState.SENT)
    assert LATE not in officer.get("/sign-in/factor").text


def test_a_code_that_failed_is_said_at_once(site: Site) -> None:
    officer = at_the_factor(site)
    put(site, NoticeState.FAILED)
    assert LATE in look(officer, "/sign-in/factor")


def test_no_code_after_too_many_is_said_too(site: Site) -> None:
    at_the_factor(site)
    for _ in range(6):
        officer = site.nobody()
        officer.sign_in("first")
    put(site, NoticeState.SENT)
    site.city.clock.move(timedelta(seconds=1))
    officer.sign_in("first")
    pass_a_minute(site)
    assert LATE in look(officer, "/sign-in/factor")


def test_a_code_of_a_personal_link_says_so(site: Site) -> None:
    head_of_gardens(site)
    (path,) = paths(site)
    browser = site.nobody()
    browser.post(path, {"step": "send"})
    assert LATE not in browser.get(path).text
    pass_a_minute(site)
    assert LATE in browser.get(path).text
    put(site, NoticeState.SENT)
    assert LATE not in browser.get(path).text


def test_a_code_for_a_new_mobile_says_so(site: Site) -> None:
    member = site.browser("member")
    member.post("/profile/mobile", {"value": MOBILE, "password": PASSWORD})
    assert LATE not in member.get("/profile/code").text
    pass_a_minute(site)
    assert LATE in member.get("/profile/code").text
    put(site, NoticeState.SENT)
    assert LATE not in member.get("/profile/code").text


@pytest.mark.parametrize("path", ["/forgotten/sent?by=mobile", "/forgotten/code"])
def test_a_forgotten_password_names_the_other_ways_to_everybody(any_site: Site, path: str) -> None:
    """The fact itself would show whose number is known."""
    with_mobile(any_site)
    stranger = any_site.nobody()
    before = ways_in(stranger, path)
    request_password(any_site, MOBILE)
    pass_a_minute(any_site)
    assert ways_in(stranger, path) == before != ""


def ways_in(browser: Browser, path: str) -> str:
    """Return the sentence with the other ways, which says nothing of a code that was made."""
    page = browser.page(path)
    assert LATE not in page.text
    hints = (element.text for element in page.all if element.get("class") == "hint")
    return next((hint for hint in hints if "एक मिनिट" in hint), "")


def test_the_code_of_an_unknown_device_is_not_said_to_be_late(site: Site) -> None:
    with_mobile(site)
    with site.city.write() as session:
        session.get_one(Person, site.city.people["member"]).mail = None
    site.give_password("member")
    pages = []
    for identifier in (MOBILE, "nobody@pmc.example"):
        stranger, browser = site.nobody(), site.nobody()
        for _ in range(5):
            stranger.post("/sign-in", {"identifier": identifier, "password": "wrong"})
        browser.post("/sign-in", {"identifier": identifier, "password": PASSWORD})
        pages.append(browser)
    assert [LATE in look(browser, "/sign-in/code") for browser in pages] == [False, False]
    pass_a_minute(site)
    assert [LATE in look(browser, "/sign-in/code") for browser in pages] == [False, False]
