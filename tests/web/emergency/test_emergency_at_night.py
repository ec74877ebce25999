"""An emergency at night, published by somebody on duty who is without the second factor."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.models.emergency import EmergencyUse
from publisher.models.notifications import Notice
from tests.support import emergency_steps
from tests.web.emergency.test_emergency import open_confirmation
from tests.web.html_page import Page
from tests.web.sign_in.test_factor_needed import NEEDED, require
from tests.web.sign_in.test_second_factor import sign_in_to_the_code, signed_in_with_app, with_app
from tests.web.site import PASSWORD, Browser, Site


def prepare(site: Site, duty: str) -> int:
    """Let the rule hold, put a person on duty, and let it be late in the evening."""
    template_id = emergency_steps.prepare_template(site.city, duty=duty)
    require(site)
    site.city.clock.move(timedelta(hours=10))
    return template_id


def read_out(helper: Browser, site: Site, name: str) -> str:
    """Make a code in the helper's session, and return what is read out."""
    assert helper.get("/duty/code").status_code == 200
    page = helper.post("/duty/code", {"person_id": str(site.city.people[name])})
    code = re.search(r"\b\d{4} \d{4}\b", Page(page.text).text)
    assert code is not None, page.text
    return code[0]


def publish(browser: Browser, template_id: int) -> str:
    """Publish, and return the path of the use."""
    path, third = open_confirmation(browser, template_id)
    done = browser.post(path, Page(third.text).form("lane"))
    assert done.status_code == 302, Page(done.text).text
    return str(done.location)


def test_a_clerk_without_the_phone_publishes_with_the_leads_code(any_site: Site) -> None:
    template_id = prepare(any_site, "clerk")
    with_app(any_site, "clerk")
    lead, _app = signed_in_with_app(any_site, "lead")
    clerk = sign_in_to_the_code(any_site, "clerk")
    code = read_out(lead, any_site, "clerk")
    entered = clerk.post("/sign-in/factor", {"code": code})
    assert entered.status_code == 302
    clerk.forget_token()
    used = clerk.page(publish(clerk, template_id))
    assert "संकेतांक कोणी वाचून दाखविला" in used
    with any_site.city.read() as session:
        use = session.scalars(select(EmergencyUse)).one()
        people = any_site.city.people
        assert (use.decision.person_id, use.vouched_by_id) == (people["clerk"], people["lead"])
        told = session.scalars(select(Notice).where(Notice.kind == "emergency_vouched")).all()
        assert [notice.person_id for notice in told] == [people["admin"]]
    assert NEEDED in clerk.post("/posts/1/send-for-review").text
    assert clerk.post("/duty/code", {"person_id": "1"}).status_code == 403
    again = sign_in_to_the_code(any_site, "clerk")
    assert again.post("/sign-in/factor", {"code": code}).status_code == 401


def test_who_has_set_up_nothing_types_the_code_in_the_session(site: Site) -> None:
    template_id = prepare(site, "clerk")
    clerk = site.browser("clerk")
    path = f"/emergency/publish/{template_id}"
    refused = clerk.post(path, {"step": "blanks"})
    assert (refused.status_code, "/duty/code/type" in refused.text) == (403, True)
    lead, _app = signed_in_with_app(site, "lead")
    code = read_out(lead, site, "clerk")
    assert clerk.post("/duty/code/type", {"code": "00000000"}).status_code == 422
    assert clerk.post("/duty/code/type", {"code": code}).location == "/emergency"
    assert "/emergency/uses/" in publish(clerk, template_id)
    site.city.clock.move(timedelta(hours=1))
    assert clerk.post(path, {"step": "blanks"}).status_code == 403


def test_a_code_is_for_one_person_and_fifteen_minutes(site: Site) -> None:
    prepare(site, "clerk")
    lead, _app = signed_in_with_app(site, "lead")
    code = read_out(lead, site, "clerk")
    other = site.browser("member")
    assert other.post("/duty/code/type", {"code": code}).status_code == 422
    clerk = site.browser("clerk")
    site.city.clock.move(timedelta(minutes=15))
    assert clerk.post("/duty/code/type", {"code": code}).status_code == 422


@pytest.mark.parametrize("name", ["first", "member", "auditor"])
def test_nobody_else_makes_a_code(site: Site, name: str) -> None:
    prepare(site, "clerk")
    helper = site.browser(name)
    assert helper.get("/duty/code").status_code == 403
    fields = {"person_id": str(site.city.people["clerk"])}
    assert helper.post("/duty/code", fields).status_code == 403


def test_a_lead_without_a_factor_makes_none(site: Site) -> None:
    prepare(site, "clerk")
    lead = site.browser("lead")
    assert lead.post("/duty/code", {"person_id": "1"}).status_code == 403
    assert lead.sign_in("lead", PASSWORD).status_code == 302


def test_a_vouched_session_publishes_emergencies_alone_whatever_the_rule(site: Site) -> None:
    template_id = prepare(site, "first")
    require(site, None)
    with_app(site, "first")
    officer = sign_in_to_the_code(site, "first")
    code = read_out(site.browser("lead"), site, "first")
    assert officer.post("/sign-in/factor", {"code": code}).status_code == 302
    officer.forget_token()
    assert NEEDED in officer.post("/posts/1/approve").text
    assert 'id="code"' in officer.post("/profile/second-factor").text
    assert "/emergency/uses/" in publish(officer, template_id)
