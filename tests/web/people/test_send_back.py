"""Before a change the page says who may confirm afterwards; a note leaves it to somebody else."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from approvals.policy import Role
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Person
from publisher.people import confirmation
from tests.web.site import Site

MAIL = "new@pmc.example"
NOBODY = "पुष्टी करू शकणारे कोणी उरत नाही"


@pytest.fixture
def appointment_id(site: Site) -> int:
    """Let the admin record an officer of the gardens, and return the appointment's id."""
    fields = {
        "role": "officer",
        "department_id": str(site.city.departments["garden"]),
        "name_mr": "नवीन अधिकारी",
        "mail": MAIL,
    }
    assert site.browser("admin").post("/people/new", fields).status_code == 302
    with site.city.read() as session:
        query = select(Appointment.id).join(Appointment.person).where(Person.mail == MAIL)
        return session.scalars(query).one()


def person_id(site: Site, appointment_id: int) -> int:
    with site.city.read() as session:
        return session.get_one(Appointment, appointment_id).person_id


@pytest.mark.parametrize("page", ["contacts", "name"])
def test_the_page_says_before_a_change_who_may_confirm_after_it(
    site: Site, appointment_id: int, page: str
) -> None:
    path = f"/people/{person_id(site, appointment_id)}/{page}"
    # The admin recorded it: the lead confirms, unless he writes in it too.
    assert "प्रसाद केंजळे" in site.browser("admin").page(path).text.partition("बदल केल्यानंतर")[2]
    warned = site.browser("lead").page(path)
    assert NOBODY in warned.text
    assert f"/people/waiting/{appointment_id}/send-back" in warned.html
    site.city.appoint("other_admin", Role.ADMIN, "information-technology")
    assert NOBODY not in site.browser("lead").page(path).text
    # Of somebody who has a password no confirmation is undone by it.
    site.give_password("first")
    other = f"/people/{site.city.people['first']}/{page}"
    assert "बदल केल्यानंतर" not in site.browser("lead").page(other).text


def test_an_appointment_is_sent_back_with_a_note_and_nothing_changes(
    site: Site, appointment_id: int
) -> None:
    lead, path = site.browser("lead"), f"/people/waiting/{appointment_id}/send-back"
    assert path in lead.page("/people/waiting").html
    with site.city.read() as session:
        before = confirmation.confirmation_digest(session.get_one(Appointment, appointment_id))
    page = lead.page(path)
    assert "अरुण टेकवडे" in page.text
    admin_id = site.city.people["admin"]
    assert lead.post(path, {"note": " ", "reader_id": str(admin_id)}).status_code == 422
    stranger_id = site.city.people["clerk"]
    assert lead.post(path, {"note": "तपासावे", "reader_id": str(stranger_id)}).status_code == 404
    sent = lead.post(path, {"note": "मोबाइल क्रमांक चुकला आहे", "reader_id": str(admin_id)})
    assert sent.status_code == 302
    with site.city.read() as session:
        query = select(Notice).where(Notice.kind == "appointment_sent_back")
        notice = session.scalars(query).one()
        assert notice.person_id == admin_id
        assert "मोबाइल क्रमांक चुकला आहे" in notice.body
        assert f"/people/{person_id(site, appointment_id)}" in notice.body
        assert (
            confirmation.confirmation_digest(session.get_one(Appointment, appointment_id)) == before
        )
    assert site.city.verbs("appointments", appointment_id)[-1] == "send_back_appointment"
    assert site.browser("head").get(path).status_code == 403  # of another department
    assert site.browser("clerk").get(path).status_code == 403


def test_what_would_leave_nobody_is_left_to_a_named_other(site: Site, appointment_id: int) -> None:
    site.city.appoint("other_admin", Role.ADMIN, "information-technology")
    lead, path = site.browser("lead"), f"/people/waiting/{appointment_id}/send-back"
    other_id = site.city.people["other_admin"]
    assert f"{path}?to={other_id}" in lead.page(path).html
    assert "other_admin" in lead.page(f"{path}?to={other_id}").text
    assert lead.get(f"{path}?to=999").status_code == 404
