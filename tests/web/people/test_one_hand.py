"""One person with several mailboxes: nobody is in office, or on duty, on the word of one hand."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from approvals.policy import Role
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Person
from publisher.people import confirmation
from publisher.people.appointment_notices import GATHERED, tick_appointments
from publisher.people.permissions import COMMAND
from publisher.states import AppointmentState
from tests.web.site import Browser, Site

pytestmark = pytest.mark.twin

PASSWORD = "dongar-mathyavar-dhag"
UNTIL = "28/11/2026 9:00"


def record(
    browser: Browser, site: Site, role: str, department: str, name: str, **reach: str
) -> int:
    """Record somebody new on the page, and return the appointment's id."""
    department_id = str(site.city.departments[department])
    fields = {"role": role, "department_id": department_id, "name_mr": name, **reach}
    fields |= {"sure": "y"} if role == "admin" else {}
    assert browser.post("/people/new", fields).status_code == 302
    with site.city.read() as session:
        query = select(Appointment).join(Appointment.person).where(Person.mail == reach["mail"])
        return session.scalars(query).one().id


def row(site: Site, appointment_id: int) -> Appointment:
    with site.city.read() as session:
        appointment = session.get_one(Appointment, appointment_id)
        assert appointment.person.id
        return appointment


def state(site: Site, appointment_id: int) -> AppointmentState:
    return row(site, appointment_id).state


def tick_of(site: Site, appointment_id: int) -> str:
    with site.city.read() as session:
        digest = confirmation.confirmation_digest(session.get_one(Appointment, appointment_id))
    return f"{appointment_id}-{digest}"


def confirm(browser: Browser, site: Site, appointment_id: int) -> int:
    """Tick this row if the page offers it, else send the form all the same; return the status.

    The page and the form have to agree.
    """
    value = tick_of(site, appointment_id)
    is_offered = f'value="{value}"' in browser.get("/people/waiting").text
    status = browser.post("/people/waiting", {"chosen": value}).status_code
    assert is_offered is (status == 302)
    return status


def take_up(site: Site, mail: str) -> Browser:
    """Set a password by the last invitation that went to this address, and sign in."""
    with site.city.read() as session:
        query = select(Notice.body).where(Notice.address == mail, Notice.kind == "invitation")
        body = session.scalars(query.order_by(Notice.id.desc())).first()
    match = re.search(r"/invitation/[\w-]+", body or "")
    assert match is not None
    browser = site.nobody()
    assert browser.post(match[0], {"new_password": PASSWORD}).status_code == 302
    return sign_in(browser, mail)


def sign_in(browser: Browser, mail: str) -> Browser:
    browser.forget_token()
    browser.post("/sign-in", {"identifier": mail, "password": PASSWORD})
    browser.forget_token()
    return browser


def put_on_duty(browser: Browser, site: Site, appointment_id: int) -> int:
    person_id = str(row(site, appointment_id).person_id)
    return browser.post("/duty", {"person_id": person_id, "until_at": UNTIL}).status_code


def may_warn(browser: Browser) -> bool:
    """Return True if the person of this browser may publish an urgent warning alone."""
    return browser.get("/emergency").status_code == 200


def text_in_review(site: Site, by: str) -> int:
    city = site.city
    post_id = city.start(city.hand_in(department="garden"), by=by)
    city.save(post_id, by=by, on=["x"])
    city.send(post_id, by=by)
    return post_id


def approve(browser: Browser, post_id: int, appointment_id: int) -> int:
    fields = {"seen": "1", "under": str(appointment_id)}
    return browser.post(f"/posts/{post_id}/approve", fields).status_code


def second_admin(site: Site) -> Browser:
    site.city.appoint("other_admin", Role.ADMIN, "information-technology")
    return site.browser("other_admin")


def test_a_lead_does_not_confirm_the_mailbox_that_he_wrote(any_site: Site) -> None:
    site = any_site
    admin, lead, clerk = site.browser("admin"), site.browser("lead"), site.browser("clerk")
    reach = {"mail": "real.head@pmc.example", "mobile": "5550009931"}
    head = record(admin, site, "head", "garden", "उद्यान प्रमुख", **reach)
    contacts = f"/people/{row(site, head).person_id}/contacts"
    # His own second mailbox, and then an innocent correction of a digit by the admin.
    own = {"mail": "lead.third@pmc.example", "mobile": "5550009931"}
    assert lead.post(contacts, own).status_code == 302
    assert admin.post(contacts, {**own, "mobile": "5550009932"}).status_code == 302
    assert confirm(lead, site, head) == 409
    assert confirm(admin, site, head) == 409
    mailbox = take_up(site, "lead.third@pmc.example")
    assert state(site, head) is AppointmentState.RECORDED
    assert approve(mailbox, text_in_review(site, "clerk"), head) in {401, 403}
    assert put_on_duty(lead, site, head) == 422
    assert not may_warn(mailbox)
    assert clerk.get("/people/waiting").status_code == 403
    # A third one sees who wrote which address.
    other = second_admin(site)
    page = other.page("/people/waiting").text
    assert "प्रसाद केंजळे" in page
    assert confirm(other, site, head) == 302


def test_an_admin_and_a_puppet_lead_are_one_hand(any_site: Site) -> None:
    site = any_site
    admin, innocent = site.browser("admin"), second_admin(site)
    puppet_id = record(
        admin, site, "cell_lead", "information-technology", "प", mail="p@pmc.example"
    )
    assert confirm(innocent, site, puppet_id) == 302
    puppet = take_up(site, "p@pmc.example")
    # The puppet records, the maker confirms: from here on nobody else would be needed.
    officer = record(puppet, site, "officer", "garden", "अधिकारी", mail="x@pmc.example")
    assert confirm(admin, site, officer) == 409
    assert confirm(puppet, site, officer) == 409
    # A second puppet of the same maker is the same hand.
    second_id = record(
        admin, site, "cell_lead", "information-technology", "दु", mail="q@pmc.example"
    )
    assert confirm(innocent, site, second_id) == 302
    second = take_up(site, "q@pmc.example")
    assert confirm(second, site, officer) == 409
    assert state(site, officer) is AppointmentState.RECORDED
    # Nor do they put somebody on duty, or make a shared address believed, between them.
    member = record(admin, site, "member", "garden", "सदस्य", mail="m@pmc.example")
    take_up(site, "m@pmc.example")
    assert put_on_duty(puppet, site, member) == 302
    for browser in (admin, second):
        assert browser.post("/duty/1/approve").status_code == 409
    shared = "/departments/garden/addresses"
    assert puppet.post(shared, {"mail": "garden@pmc.example"}).status_code == 302
    for browser in (admin, second):
        assert browser.post(f"{shared}/1/confirm").status_code in {403, 409}
    # Whoever only confirmed a recorder is another hand.
    assert innocent.post("/duty/1/approve").status_code == 302
    assert confirm(innocent, site, officer) == 302


def doubt(site: Site, by: str) -> int:
    """Say “this is wrong” by the link that told this person of the confirmation."""
    site.city.clock.move(GATHERED)
    tick_appointments(site.city.database, now=site.city.now)
    with site.city.read() as session:
        query = select(Notice.body).where(
            Notice.kind == "appointed", Notice.person_id == site.city.people[by]
        )
        body = session.scalars(query.order_by(Notice.id.desc())).first()
    match = re.search(r"/wrong/[\w-]+", body or "")
    assert match is not None
    return site.browser(by).post(match[0]).status_code


def test_who_was_doubted_does_not_confirm_again_and_the_duty_ends(any_site: Site) -> None:
    site = any_site
    other = second_admin(site)
    officer = record(
        site.browser("admin"), site, "officer", "garden", "अधिकारी", mail="x@pmc.example"
    )
    assert confirm(site.browser("lead"), site, officer) == 302
    mailbox = take_up(site, "x@pmc.example")
    assert put_on_duty(site.browser("lead"), site, officer) == 302
    assert may_warn(mailbox)
    assert doubt(site, "other_admin") == 302
    assert state(site, officer) is AppointmentState.RECORDED
    assert confirm(site.browser("lead"), site, officer) == 409
    assert confirm(site.browser("admin"), site, officer) == 409
    other = site.browser("other_admin")
    assert confirm(other, site, officer) == 302
    assert state(site, officer) is AppointmentState.ACTIVE
    assert not may_warn(sign_in(mailbox, "x@pmc.example"))
    assert put_on_duty(other, site, officer) == 302
    assert may_warn(mailbox)


def test_the_smallest_city_does_its_work(any_site: Site) -> None:
    """One admin by command, and a lead whom the admin records and a command confirms."""
    site = any_site
    site.city.end("lead")
    admin = site.browser("admin")
    lead_id = record(
        admin, site, "cell_lead", "information-technology", "प्रमुख", mail="l@pmc.example"
    )
    with site.city.write() as session:
        digests = {lead_id: confirmation.confirmation_digest(session.get_one(Appointment, lead_id))}
        confirmation.confirm(session, actor=COMMAND, now=site.city.now, digests=digests)
    lead = take_up(site, "l@pmc.example")
    officer_id = record(admin, site, "officer", "garden", "अधिकारी", mail="o@pmc.example")
    assert confirm(lead, site, officer_id) == 302
    head_id = record(lead, site, "head", "garden", "विभागप्रमुख", mail="h@pmc.example")
    assert confirm(admin, site, head_id) == 302
    officer = take_up(site, "o@pmc.example")
    assert approve(officer, text_in_review(site, "clerk"), officer_id) == 302
    assert put_on_duty(lead, site, officer_id) == 302
    assert may_warn(officer)
    shared = "/departments/garden/addresses"
    assert admin.post(shared, {"mail": "garden@pmc.example"}).status_code == 302
    assert lead.post(f"{shared}/1/confirm").status_code == 302
    # Once both have written in a row, the head of the department is left, or a command.
    second_id = record(admin, site, "officer", "garden", "दुसरा", mail="s@pmc.example")
    contacts = f"/people/{row(site, second_id).person_id}/contacts"
    assert "उद्यान" in lead.page(contacts).text
    assert lead.post(contacts, {"mail": "s2@pmc.example"}).status_code == 302
    assert confirm(lead, site, second_id) == 409
    head = take_up(site, "h@pmc.example")
    assert confirm(head, site, second_id) == 302
