"""From its day on, who needs a second factor is led to it, and does little without it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from approvals.policy import Role
from approvals.second_factor import OPEN_WITHOUT
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Person
from publisher.settings.sms import SmsTemplate
from tests.web.html_page import Page
from tests.web.sign_in.test_second_factor import sign_in_to_the_code, with_app
from tests.web.site import PASSWORD, Site
from tests.web.world import World
from web.core import permissions

FROM = date(2026, 11, 1)
LATER = date(2027, 1, 15)
NEEDED = "आधी साइन इनसाठीचा संकेतांक सुरू करावा"
SMS = SmsTemplate("1", "{#var#}", ("secret",))


def require(site: Site, day: date | None = FROM, *, has_sms: bool = False) -> None:
    """Let the rule of second factors hold from this day, with an SMS gateway or without."""
    context = site.app.extensions["house"]
    sms = context.settings.sms
    if has_sms:
        sms = replace(sms, sms_url="https://sms.example", sms_templates={"sign_in_code": SMS})
    settings = replace(context.settings, second_factor_from=day, sms=sms)
    site.app.extensions["house"] = replace(context, settings=settings)


@pytest.mark.parametrize("name", ["admin", "lead", "clerk", "oversight", "auditor"])
def test_staff_without_an_app_are_led_to_it_at_the_next_sign_in(site: Site, name: str) -> None:
    require(site)
    site.give_password(name)
    response = site.nobody().sign_in(name, next="/posts")
    assert response.headers["Location"] == "/profile/second-factor"


def test_before_the_day_nobody_is_led_anywhere(site: Site) -> None:
    require(site, LATER)
    site.give_password("lead")
    assert site.nobody().sign_in("lead").headers["Location"] == "/"


def test_without_the_factor_one_reads_and_hands_in_and_sets_it_up(world: World) -> None:
    site = world.site
    require(site)
    clerk = site.browser("clerk")
    post_id = world.own["post_id"]
    assert clerk.get(f"/posts/{post_id}").status_code == 200
    before = _events(site)
    for path in (f"/posts/{post_id}/send-for-review", "/submissions/1/draft"):
        refused = clerk.post(path, {"seen": "1"})
        assert (refused.status_code, NEEDED in Page(refused.text)) == (403, True), path
        assert "/profile/second-factor" in refused.text
    assert _events(site) == before
    assert clerk.post("/submissions/new", {"title": ""}).status_code == 422
    assert clerk.post("/profile/second-factor").status_code == 302


def test_every_step_that_is_closed_is_refused_on_its_route(site: Site) -> None:
    require(site)
    browsers = {
        Role.ADMIN: site.browser("admin"),
        Role.CELL_LEAD: site.browser("lead"),
        Role.CELL: site.browser("clerk"),
    }
    tried = set()
    for route in site.app.url_map.iter_rules():
        rule = permissions.get_rule(site.app, route.endpoint)
        roles = [role for role in browsers if role in rule.roles]
        if "POST" not in (route.methods or ()) or not rule.actions or not roles:
            continue
        if rule.actions.isdisjoint(OPEN_WITHOUT):
            path = re.sub(r"<[^>]+>", "1", route.rule)
            assert NEEDED in browsers[roles[0]].post(path).text, path
            tried.add(route.endpoint)
    assert len(tried) > 40
    assert {"people.new", "accounts.disconnect", "deliveries.send_again", "roster.put_on"} <= tried


def _events(site: Site) -> int:
    with site.city.read() as session:
        return len(session.scalars(select(Event.id)).all())


def test_who_has_typed_the_code_works_as_before_and_cannot_end_it(site: Site) -> None:
    require(site)
    app = with_app(site, "lead")
    lead = sign_in_to_the_code(site, "lead")
    entered = lead.post("/sign-in/factor", {"code": app.code(site.city.now)})
    assert entered.headers["Location"] == "/"
    lead.forget_token()
    assert lead.post("/people/new", {}).status_code == 422
    assert lead.post("/profile/second-factor/end").status_code == 403


def test_a_session_from_before_the_app_was_set_up_lacks_it(site: Site) -> None:
    require(site)
    before = site.browser("lead")
    with_app(site, "lead")
    assert before.post("/people/new", {}).status_code == 403


def test_an_officer_gets_a_code_by_sms_and_nowhere_else(site: Site) -> None:
    require(site, has_sms=True)
    site.give_password("first")
    with site.city.write() as session:
        person = session.get_one(Person, site.city.people["first"])
        person.mobile, person.mobile_confirmed_at = "+919822012345", site.city.now
    officer = site.nobody()
    page = Page(officer.sign_in("first").text)
    assert "एसएमएसने आठ अंकी" in page
    with site.city.read() as session:
        (notice,) = session.scalars(select(Notice).where(Notice.kind == "sign_in_code"))
        assert (notice.channel, notice.address, notice.mail_too) == ("sms", "+919822012345", False)
        code = re.findall(r"\ue001(\d{8})\ue001", notice.body)[0]
    assert officer.post("/sign-in/factor", {"code": "12345678"}).status_code == 401
    elsewhere = site.nobody()
    elsewhere.sign_in("first", PASSWORD)
    assert elsewhere.post("/sign-in/factor", {"code": code}).status_code == 401
    entered = officer.post("/sign-in/factor", {"code": code})
    assert (entered.status_code, entered.headers["Location"]) == (302, "/")
    officer.forget_token()
    assert NEEDED not in officer.post("/posts/99/approve", {}).text


@pytest.mark.parametrize("mobile", [None, "+919822012345"])
def test_an_officer_without_a_sure_mobile_is_led_to_the_app(site: Site, mobile: str | None) -> None:
    require(site, has_sms=True)
    site.give_password("first")
    with site.city.write() as session:
        session.get_one(Person, site.city.people["first"]).mobile = mobile
    assert site.nobody().sign_in("first").headers["Location"] == "/profile/second-factor"


def test_without_a_gateway_officers_keep_the_password_and_admins_read_so(site: Site) -> None:
    require(site)
    site.give_password("first")
    assert site.nobody().sign_in("first").headers["Location"] == "/"
    sentence = "एसएमएस सेवा जोडलेली नाही"
    assert sentence in site.browser("admin").page("/people")
    require(site, has_sms=True)
    assert sentence not in site.browser("admin").page("/people")


def test_a_lead_has_no_code_by_sms(site: Site) -> None:
    require(site, has_sms=True)
    site.give_password("lead")
    with site.city.write() as session:
        lead = session.get_one(Person, site.city.people["lead"])
        lead.mobile, lead.mobile_confirmed_at = "+919822012346", site.city.now
    assert site.nobody().sign_in("lead").headers["Location"] == "/profile/second-factor"


def test_members_keep_the_password(site: Site) -> None:
    require(site, has_sms=True)
    site.give_password("member")
    member = site.nobody()
    assert member.sign_in("member").headers["Location"] == "/"
    site.city.clock.move(timedelta(minutes=1))
    assert member.post("/submissions/new", {"title": ""}).status_code == 422
