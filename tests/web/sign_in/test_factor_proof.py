"""Who reads somebody's mail can reset the password by it, but set up no second factor with it."""

from __future__ import annotations

import pyotp
import pytest

from publisher.auth import totp
from publisher.delivery.accounts.credentials import Vault
from publisher.models.people import ContactField, Person
from publisher.people import channels, password_reset
from publisher.people.permissions import COMMAND
from tests.web.html_page import Page
from tests.web.people.test_lost_factor import press
from tests.web.sign_in.test_forgotten_password import (
    MOBILE,
    NEW,
    link_path,
    newest_code,
    request_password,
    with_mobile,
)
from tests.web.sign_in.test_second_factor import with_app
from tests.web.site import SECRET, Browser, Site

SHOW_FIRST = "आधी आपली ओळख पटवावी"


def reset_by_mail(site: Site, name: str = "member") -> Browser:
    """Reset the password by the mailed link, and return the browser that has signed in with it."""
    request_password(site, f"{name}@pmc.example")
    return _with_new_password(site, name)


def _with_new_password(site: Site, name: str = "member") -> Browser:
    assert site.nobody().post(link_path(site), {"new_password": NEW}).status_code == 302
    return signed_in(site, name)


def signed_in(site: Site, name: str = "member") -> Browser:
    browser = site.nobody()
    assert browser.sign_in(name, NEW).status_code == 302
    browser.forget_token()
    return browser


def reset_by_sms(site: Site) -> Browser:
    request_password(site, MOBILE)
    fields = {"identifier": MOBILE, "code": newest_code(site), "new_password": NEW}
    assert site.nobody().post("/forgotten/code", fields).status_code == 302
    return signed_in(site)


def may_enrol(browser: Browser) -> bool:
    """Press the button that sets up the code, and return whether the next page shows a key."""
    response = browser.post("/profile/second-factor")
    is_refused = SHOW_FIRST in browser.page("/profile/second-factor")
    assert response.status_code == (409 if is_refused else 302)
    assert is_refused == ("ईमेलवरील लिंकने" in Page(response.text))
    return not is_refused


def test_after_a_mailed_reset_no_code_can_be_set_up(any_site: Site) -> None:
    assert may_enrol(any_site.browser("member"))
    thief = reset_by_mail(any_site)
    assert not may_enrol(thief)
    assert "/profile/passkeys" not in thief.get("/profile/second-factor").text
    thief.post("/profile/second-factor/end")  # one's own word opens nothing
    thief.post("/profile/password", {"password": NEW, "new_password": NEW + " again"})
    assert not may_enrol(thief)


def test_a_key_that_was_shown_before_is_not_put_in_force_after_it(site: Site) -> None:
    assert may_enrol(site.browser("member"))
    thief = reset_by_mail(site)
    with site.city.read() as session:
        factor = totp.pending_factor(
            session, person_id=site.city.people["member"], now=site.city.now
        )
        assert factor is not None
        key = totp.open_secret(factor, Vault(SECRET, ()))
    code = pyotp.TOTP(key).at(site.city.now)
    refused = thief.post("/profile/second-factor/code", {"code": code})
    assert "ईमेलवरील लिंकने" in Page(refused.text)
    assert refused.status_code == 409


def test_a_code_to_the_mobile_of_before_shows_who_it_is(site: Site) -> None:
    with_mobile(site)
    assert not may_enrol(reset_by_mail(site))
    assert may_enrol(reset_by_sms(site))


def test_a_mobile_that_was_added_after_it_shows_nothing(site: Site) -> None:
    reset_by_mail(site)
    with site.city.write() as session:
        person = session.get_one(Person, site.city.people["member"])
        changes = {ContactField.MOBILE: MOBILE}
        channels.store(session, person, changes, actor=site.city.actor("member"), now=site.city.now)
    assert not may_enrol(reset_by_sms(site))


@pytest.mark.parametrize(("first", "second"), [("admin", "lead"), ("lead", "head")])
def test_two_others_or_a_command_let_them_set_it_up(site: Site, first: str, second: str) -> None:
    assert not may_enrol(reset_by_mail(site))
    page = site.browser(first).page(f"/people/{site.city.people['member']}/second-factor")
    assert "संकेतांक सुरू करण्याची परवानगी द्या" in page
    assert press(site, first, "member")[0] == 302
    assert not may_enrol(signed_in(site))
    assert press(site, second, "member")[0] == 302
    assert may_enrol(signed_in(site))


def test_a_link_that_a_command_has_sent_asks_for_nothing(site: Site) -> None:
    with site.city.write() as session:
        person = session.get_one(Person, site.city.people["member"])
        person.mail_proven_at = site.city.now
        if person.password_hash is None:
            person.password_hash = "any"
        password_reset.send(session, actor=COMMAND, person=person, now=site.city.now, has_sms=False)
    assert may_enrol(_with_new_password(site))
    assert not may_enrol(reset_by_mail(site))


def test_who_had_a_code_before_the_reset_is_asked_for_it_as_before(site: Site) -> None:
    with_app(site, "member")
    request_password(site, "member@pmc.example")
    assert site.nobody().post(link_path(site), {"new_password": NEW}).status_code == 302
    assert site.nobody().sign_in("member", NEW).status_code == 401  # asks for the app's code
    site.city.clock.move(password_reset.LINK_LASTS)
    assert press(site, "admin", "member")[0] == 302
    assert press(site, "lead", "member")[0] == 302
    assert may_enrol(signed_in(site))
