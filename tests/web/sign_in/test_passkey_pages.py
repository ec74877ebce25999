"""The pages of passkeys, sent as the script of the pages sends them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from approvals.policy import FRESH
from publisher.models.second_factors import Passkey
from tests.support.authenticator import Authenticator
from tests.web.html_page import Page
from tests.web.sign_in.test_factor_needed import require
from tests.web.site import PASSWORD, Browser, Site

NEW = "/profile/passkeys/new"
REFUSED = "पासकी स्वीकारली गेली नाही"


def options(browser: Browser, path: str) -> str:
    response = browser.post(f"{path}/options")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    return response.text


def add(browser: Browser, device: Authenticator) -> str:
    """Add the passkey in this session; return the page, or "" if it leads on."""
    assert browser.post("/profile/passkeys").headers["Location"] == NEW
    made = device.make(options(browser, "/profile/passkeys"))
    response = browser.post(NEW, {"name": "माझा फोन", "credential": made})
    assert response.status_code in {200, 302}, Page(response.text).text
    return response.text if response.status_code == 200 else ""


def sign_in(site: Site, name: str, device: Authenticator) -> Browser:
    """Sign in on a new device with password and passkey."""
    site.give_password(name)
    browser = site.nobody()
    asked = browser.sign_in(name, PASSWORD, next="/submissions")
    assert asked.status_code == 401
    assert "data-passkey-button" in asked.text
    used = device.use(options(browser, "/sign-in/factor/passkey"))
    fields = {"credential": used, "next": "/submissions"}
    entered = browser.post("/sign-in/factor/passkey", fields)
    assert (entered.status_code, entered.headers["Location"]) == (302, "/submissions")
    browser.forget_token()
    return browser


def test_a_passkey_is_added_with_codes_and_signs_in(any_site: Site) -> None:
    device, member = Authenticator(), any_site.browser("member")
    assert "कागदावर" in Page(add(member, device)).text
    assert "माझा फोन" in member.page("/profile/second-factor")
    assert add(member, Authenticator()) == ""
    browser = sign_in(any_site, "member", device)
    assert browser.get("/submissions").status_code == 200


def test_a_refused_passkey_leads_back_to_the_page_with_the_other_ways(site: Site) -> None:
    member = site.browser("member")
    add(member, Authenticator())
    site.give_password("member")
    browser = site.nobody()
    browser.sign_in("member", PASSWORD)
    used = Authenticator().use(options(browser, "/sign-in/factor/passkey"))
    refused = browser.post("/sign-in/factor/passkey", {"credential": used})
    assert refused.status_code == 401
    assert REFUSED in Page(refused.text)
    assert Page(refused.text).by_id("code").get("name") == "code"


def test_a_passkey_stands_for_password_and_code_where_a_step_asks_for_them(site: Site) -> None:
    device, member = Authenticator(), site.browser("member")
    add(member, device)
    site.city.clock.move(FRESH + timedelta(minutes=1))
    page = member.post("/profile/passkeys")
    assert "data-passkey-button" in page.text
    used = Authenticator().use(options(member, "/confirm/passkey"))
    fields = {"credential": used, "kept_path": "/profile/passkeys", "with_factor": "1"}
    refused = member.post("/confirm/passkey", fields)
    assert (refused.status_code, REFUSED in Page(refused.text)) == (422, True)
    fields["credential"] = device.use(options(member, "/confirm/passkey"))
    assert member.post("/confirm/passkey", fields).status_code == 200
    assert member.post("/profile/passkeys").headers["Location"] == NEW


def test_a_passkey_is_enough_for_who_needs_a_factor_and_the_last_one_stays(site: Site) -> None:
    require(site)
    device, lead = Authenticator(), site.browser("lead")
    add(lead, device)
    lead = sign_in(site, "lead", device)
    assert lead.post("/people/new", {}).status_code == 422
    assert lead.post("/profile/passkeys/1/end").status_code == 403
    add(lead, Authenticator())
    assert lead.post("/profile/passkeys/1/end").status_code == 302
    with site.city.read() as session:
        assert session.get_one(Passkey, 1).ended_at is not None
        assert session.get_one(Passkey, 2).ended_at is None


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000", "https://10.0.0.7"])
def test_an_address_without_a_name_offers_none(site: Site, base_url: str) -> None:
    house = site.app.extensions["house"]
    settings = replace(house.settings, base_url=base_url)
    site.app.extensions["house"] = replace(house, settings=settings)
    member = site.browser("member")
    page = member.get("/profile/second-factor").text
    assert "/profile/passkeys" not in page
    assert "नाव असलेला सुरक्षित पत्ता" in page
    assert "#passkeys" not in member.get("/profile").text
    for path in (NEW, "/profile/passkeys/options", "/confirm/passkey/options"):
        assert member.post(path).status_code == 404
