"""The page of a person: it asks before an appointment ends or the access closes, and tells them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from publisher.models.notifications import Notice
from publisher.models.people import Appointment
from tests.web.html_page import Element, Page
from tests.web.site import Site

CLOSED = "प्रवेश बंद केला"


def form_to(page: Page, end_of_path: str) -> Element | None:
    """Return the form that posts to such a path."""
    forms = [tag for tag in page.all if tag.tag == "form"]
    return next((tag for tag in forms if tag.get("action").endswith(end_of_path)), None)


@pytest.mark.parametrize("act", ["end", "disable"])
def test_it_asks_with_the_name_and_tells_the_person_by_mail(site: Site, act: str) -> None:
    city = site.city
    admin = site.browser("admin")
    path = f"/people/{city.people['first']}"
    form = form_to(admin.page(path), f"/{act}")
    assert form is not None
    question = form.within("details")
    assert question is not None
    with city.read() as session:
        person = session.get_one(Appointment, city.appointments["first"]).person
    assert person.name_mr in question.text
    assert admin.post(form.get("action")).status_code == 302
    assert city.notified("access_ended") == ["first"]
    with city.read() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == "access_ended")).one()
    assert "पाणीपुरवठा विभाग" in notice.body or act == "disable"


def test_a_closed_access_is_no_ended_appointment(site: Site) -> None:
    site.city.disable("first")
    page = site.browser("admin").page(f"/people/{site.city.people['first']}")
    assert CLOSED in page.text
    chips = [element.text.strip() for element in page.all if "chip" in element.get("class").split()]
    assert chips
    assert "नियुक्ती समाप्त" not in chips
    # The rank is taken until the appointment ends, for a successor too.
    assert form_to(page, "/end") is not None
