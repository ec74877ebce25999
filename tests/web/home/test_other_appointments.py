"""Nobody is told that nothing waits while something waits under another of their appointments."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.policy import Role
from publisher.i18n.languages import latin_digits
from publisher.models.people import Department
from tests.support.city import statements
from tests.support.city_people import appoint
from tests.web.core.test_access import MOST_STATEMENTS
from tests.web.html_page import Page
from tests.web.sign_in.test_sign_in_pages import appoint_again
from tests.web.site import Browser, Site

NOTHING = "आपल्याकडे काही प्रलंबित नाही."
NOTHING_HERE = "या नियुक्तीनुसार आपल्याकडे काही प्रलंबित नाही."


def officer_of_two(site: Site) -> tuple[Browser, int]:
    """Let two comments wait for the road officer, one of them overdue.

    Returns her browser, which works for the gardens, and her appointment for the roads.
    """
    city = site.city
    live = city.live("road")[0]
    city.comment("रस्त्यावर खड्डा आहे", under=live)
    city.clock.move(timedelta(days=5))
    city.comment("दिवे बंद आहेत", under=live)
    garden = appoint_again(site, "road_officer", Role.OFFICER, "garden")
    browser = site.browser("road_officer")
    browser.post("/appointments", {"appointment": str(garden)})
    return browser, city.appointments["road_officer"]


def counts_at_switcher(page: Page) -> list[str]:
    """Return the counts beside the links that lead to the choice of an appointment."""
    return [
        latin_digits(count.text.split()[0])
        for count in page.all
        if "count-loud" in count.get("class").split()
        and (link := count.within("a"))
        and link.get("href") == "/appointments"
    ]


def test_what_waits_under_another_appointment_is_said_everywhere(any_site: Site) -> None:
    browser, _roads = officer_of_two(any_site)
    today = browser.page("/")
    assert NOTHING_HERE in today
    assert NOTHING not in today.text.replace(NOTHING_HERE, "")
    said = "२ बाबी प्रलंबित, त्यांपैकी १ बाबीची मुदत उलटली"
    assert said in today
    assert counts_at_switcher(today) == ["2", "2"]
    assert counts_at_switcher(browser.page("/submissions")) == ["2", "2"]
    assert said in browser.page("/appointments")


def test_one_press_on_today_leads_to_the_other_appointment(site: Site) -> None:
    browser, roads = officer_of_two(site)
    form = browser.page("/").form_to("/appointments")
    assert form == [("appointment", str(roads))]
    assert browser.post("/appointments", form).status_code == 302
    today = browser.page("/")
    assert "२ बाबी प्रलंबित" not in today
    assert counts_at_switcher(today) == []
    assert "या नियुक्तीनुसार काही प्रलंबित नाही." in browser.page("/appointments")


def test_appointments_to_confirm_wait_under_the_other_appointment_too(site: Site) -> None:
    city = site.city
    city.end("second")
    appoint_again(site, "head", Role.MEMBER, "garden")
    with city.write() as session:
        water = session.get_one(Department, city.departments["water"])
        appoint(session, water, Role.OFFICER, mail="a@pmc.example", actor=city.actor("lead"))
    head = site.browser("head")
    member_id = next(
        value
        for name, value in head.page("/appointments").form_to("/appointments")
        if name == "appointment"
    )
    head.post("/appointments", {"appointment": member_id})
    assert "१ बाब प्रलंबित" in head.page("/")


def test_today_of_somebody_with_several_appointments_runs_few_queries(site: Site) -> None:
    officer_of_two(site)
    for name, role in (("lead", Role.OFFICER), ("road_officer", Role.MEMBER)):
        appoint_again(site, name, role, "health")
        browser = site.browser(name)
        browser.page("/")
        with statements(site.city.database) as executed:
            browser.page("/")
        assert len(executed) <= MOST_STATEMENTS, name


@pytest.mark.parametrize("name", ["auditor", "oversight"])
def test_those_who_only_read_are_promised_no_work(site: Site, name: str) -> None:
    today = site.browser(name).page("/")
    assert NOTHING not in today
    assert "आपल्या कार्यवाहीची आवश्यकता असलेली बाब येथे दिसेल" not in today
    assert "/submissions" in [link.get("href") for link in today.all if link.tag == "a"]


def test_an_empty_today_names_what_is_open_with_others(site: Site) -> None:
    site.city.hand_in()
    today = site.browser("head").page("/")
    assert NOTHING in today
    assert "इतरांकडे प्रलंबित" in today
    rows = [link for link in today.all if "link-row" in link.get("class").split()]
    assert "प्रस्ताव: १" in {row.text for row in rows}
