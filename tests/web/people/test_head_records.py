"""A head records officers and members of the own department, and nobody else."""

from __future__ import annotations

from sqlalchemy import select

from publisher.models.people import Appointment
from tests.web.html_page import Page
from tests.web.site import Site


def fields(site: Site, *, department: str, role: str) -> dict[str, str]:
    return {
        "role": role,
        "department_id": str(site.city.departments[department]),
        "name_mr": "वसंत काळे",
        "mail": "vasant@pmc.example",
    }


def recorded(site: Site) -> list[tuple[str, str]]:
    with site.city.read() as session:
        rows = session.scalars(select(Appointment).order_by(Appointment.id.desc()))
        return [
            (row.role.value, row.state.value)
            for row in rows
            if row.person.mail == "vasant@pmc.example"
        ]


def test_a_head_records_an_officer_who_waits_for_a_second_person(site: Site) -> None:
    browser = site.browser("health_head")
    response = browser.post("/people/new", fields(site, department="health", role="officer"))
    assert response.location == "/people/waiting"
    assert recorded(site) == [("officer", "recorded")]
    assert "वसंत काळे" not in browser.get("/people/waiting").text  # the head recorded them


def test_a_head_records_nobody_elsewhere_and_no_other_role(site: Site) -> None:
    browser = site.browser("health_head")
    for department, role in (("water", "member"), ("health", "admin"), ("health", "head")):
        given = fields(site, department=department, role=role)
        assert browser.post("/people/new", {**given, "sure": "y"}).status_code == 409
    assert recorded(site) == []


def test_the_form_offers_a_head_the_own_department_and_two_roles(site: Site) -> None:
    page = site.browser("health_head").get(f"/people/new?person={site.city.people['first']}").text
    assert "आरोग्य विभाग" in page
    assert "पाणीपुरवठा विभाग" not in page
    own = site.city.departments["health"]
    form = dict(Page(page).form("person"))
    assert form["department_id"] == str(own), "there is no other to choose"
    assert 'value="admin"' not in page
    assert "first@pmc.example" not in page
    for path in ("/people", f"/people/{site.city.people['first']}"):
        assert site.browser("health_head").get(path).status_code == 403
