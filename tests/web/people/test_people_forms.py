"""The forms about people say what is missing, in the order of the page, in words of their own."""

from __future__ import annotations

from publisher.models.people import Person
from tests.web.html_page import Page
from tests.web.people.test_lost_factor import press
from tests.web.sign_in.test_second_factor import with_app
from tests.web.site import Site


def test_the_summary_names_the_fields_in_the_order_of_the_page(site: Site) -> None:
    page = Page(site.browser("admin").post("/people/new", {"mobile": "98220"}).text)
    summary = next(tag for tag in page.all if "error-summary" in tag.get("class").split())
    places = [summary.text.find(text) for text in ("पदावर", "विभाग", "नाव लिहावे", "दहा अंक")]
    assert -1 not in places
    assert places == sorted(places)


def test_confirming_nothing_asks_for_a_tick(site: Site) -> None:
    response = site.browser("admin").post("/people/waiting", {})
    assert response.status_code == 422
    assert "त्यांच्यापुढे खूण करावी" in Page(response.text).text


def test_a_day_that_there_is_not_is_said(site: Site) -> None:
    person = str(site.city.people["first"])
    fields = {"person_id": person, "from_on": "31/2/2027", "until_on": "3/3/2027"}
    response = site.browser("lead").post("/away", fields)
    assert response.status_code == 422
    assert "असा दिवस नाही" in Page(response.text).error_at("from_on")


def test_a_number_is_grouped_where_people_compare_it(site: Site) -> None:
    with site.city.write() as session:
        session.get_one(Person, site.city.people["first"]).mobile = "+919822012345"
    page = site.browser("admin").page(f"/people/{site.city.people['first']}")
    assert "+९१ ९८२२० १२३४५" in page.text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_first_one_to_sign_for_a_lost_phone_sees_it(site: Site) -> None:
    with_app(site, "first")
    path = f"/people/{site.city.people['first']}/second-factor"
    press(site, "lead", "first")
    page = site.browser("lead").page(path)
    assert "आपण संमती दिली आहे" in page.text
    forms = [tag for tag in page.all if tag.tag == "form" and tag.get("action") == path]
    assert forms == []
    assert "आपण संमती दिली आहे" not in site.browser("admin").page(path).text


def test_the_tour_counts_in_the_digits_of_the_page(site: Site) -> None:
    assert "टप्पा १" in site.browser("first").page("/tour/1").text
