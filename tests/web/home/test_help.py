"""The help contacts on pages, and the offer of a tour to newcomers."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from flask import session

from publisher.settings.help import HelpDesk, Hours
from tests.web.site import Site
from web.core.help_desk import make_help
from web.core.layout import Help

DESK = HelpDesk("+91 20 5550-0100", "help@pmc.example", Hours(0, 5, time(10), time(18, 30)))
NEW = "आपण येथे नवीन आहात का?"


@pytest.mark.parametrize(
    ("language", "hours", "phone"),
    [
        ("mr", "सोमवार ते शनिवार, सकाळी १०:०० ते सायं. ६:३०", "+९१ २० ५५५०-०१००"),
        ("en", "Monday to Saturday, 10:00 am to 6:30 pm", "+91 20 5550-0100"),
        ("hi", "सोमवार से शनिवार, सुबह 10:00 बजे से शाम 6:30 बजे तक", "+91 20 5550-0100"),
    ],
)
def test_the_hours_of_help_are_said_in_the_language_of_the_page(
    site: Site, language: str, hours: str, phone: str
) -> None:
    with site.app.test_request_context("/sign-in"):
        session["language"] = language
        help_texts = make_help(DESK)
    assert help_texts.hours.replace("\xa0", " ") == hours
    assert (help_texts.phone, help_texts.phone_href) == (phone, "tel:+912055500100")
    assert help_texts.mail == "help@pmc.example"


def test_help_on_one_day_names_that_day_once(site: Site) -> None:
    desk = HelpDesk("", "", Hours(2, 2, time(9), time(12)))
    with site.app.test_request_context("/sign-in"):
        session["language"] = "en"
        assert make_help(desk).hours.replace("\xa0", " ") == "Wednesday, 9:00 am to 12:00 pm"


def test_help_does_not_show_contact_details_that_are_not_set(site: Site) -> None:
    with site.app.test_request_context("/sign-in"):
        assert make_help(HelpDesk("", "", None)) == Help()
    page = site.nobody().get("/sign-in").text
    assert "tel:" not in page
    assert "mailto:" not in page


def test_a_newcomer_is_led_to_the_introduction_for_a_week(site: Site) -> None:
    page = site.browser("member").page("/")
    assert NEW in page
    assert any(
        link.get("href") == "/tour/1" for link in page.all if "action-link" in link.get("class")
    )
    site.city.clock.move(timedelta(days=6, hours=23))
    assert NEW in site.browser("member").page("/")
    site.city.clock.move(timedelta(hours=2))
    assert NEW not in site.browser("member").page("/")


def test_an_empty_today_offers_to_hand_in_where_that_is_ones_work(site: Site) -> None:
    offered = [link.get("href") for link in site.browser("member").page("/").all if link.tag == "a"]
    assert (
        offered.count("/submissions/new") == 3
    )  # the tab, on the phone in the menu too, and the button
    lead = site.browser("oversight").page("/")
    assert "/submissions/new" not in [link.get("href") for link in lead.all]
    assert "प्रस्ताव पाहा" in lead
