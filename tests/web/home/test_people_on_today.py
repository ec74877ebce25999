"""Today names what waits for the reader about people, and nobody else sees it."""

from __future__ import annotations

from approvals.policy import Role
from publisher.models.people import Department
from publisher.people import roster
from tests.support.city_people import HOUR, appoint
from tests.web.html_page import Page
from tests.web.people.test_lost_factor import press
from tests.web.sign_in.test_second_factor import with_app
from tests.web.site import Site

NOTHING = "आपल्याकडे काही प्रलंबित नाही"


def lines(site: Site, name: str) -> set[str]:
    """Return where the lines of this person's Today lead, of those about people."""
    page = site.browser(name).page("/")
    hrefs = {link.get("href") for link in page.all if "link-row" in link.get("class").split()}
    return {href for href in hrefs if href.startswith(("/people", "/duty", "/decisions"))}


def test_whoever_may_confirm_sees_that_somebody_waits(any_site: Site) -> None:
    city = any_site.city
    city.end("second")
    assert lines(any_site, "head") == set()
    with city.write() as session:
        water = session.get_one(Department, city.departments["water"])
        appoint(session, water, Role.OFFICER, mail="a@pmc.example", actor=city.actor("lead"))
    assert lines(any_site, "head") == lines(any_site, "admin") == {"/people/waiting"}
    for name in ("lead", "clerk", "member", "first"):  # the lead has recorded it
        assert lines(any_site, name) == set()
    for name in ("head", "admin"):
        page = any_site.browser(name).page("/")
        assert "आपल्याकडे प्रलंबित: १" in page.text, "what waits is counted on the page"
        assert tab_count(page) == "१", "and on its tab"
    assert tab_count(any_site.browser("member").page("/")) == ""


def tab_count(page: Page) -> str:
    """Return the count on the tab of Today; empty without one."""
    links = [link.text for link in page.all if link.get("href") == "/" and "आजची" in link.text]
    return links[0].replace("आजची कामे", "").strip()


def test_the_second_one_for_a_lost_phone_is_told_and_finds_it_on_today(site: Site) -> None:
    with_app(site, "first")
    path = f"/people/{site.city.people['first']}/second-factor"
    press(site, "lead", "first")
    assert site.city.notified("factor_end_waits") == ["admin", "head"]
    assert lines(site, "admin") == lines(site, "head") == {path}
    assert lines(site, "lead") == lines(site, "clerk") == set()
    press(site, "head", "first")
    assert lines(site, "admin") == set()


def test_the_other_of_the_staff_finds_the_duty_that_waits(site: Site) -> None:
    city = site.city
    with city.write() as session:
        person_id, now = city.people["member"], city.now
        until = now + 12 * HOUR
        roster.put_on(
            session,
            actor=city.actor("lead"),
            now=now,
            person_id=person_id,
            from_at=now,
            until_at=until,
        )
    assert lines(site, "admin") == {"/duty"}
    assert lines(site, "lead") == lines(site, "head") == set()


def test_an_admin_is_led_to_the_posts_that_wait_for_a_decision(site: Site) -> None:
    city = site.city
    assert "/decisions" not in lines(site, "admin")
    city.schedule(city.approved())
    city.tick_dispatch(5 * HOUR)
    page = site.browser("admin").page("/")
    assert "निर्णयाच्या प्रतीक्षेत" in page.text
    assert NOTHING not in page.text
