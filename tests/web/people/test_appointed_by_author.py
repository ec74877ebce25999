"""One person with two mailboxes: who writes a post appoints its approver, and is refused."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from approvals.policy import Role
from approvals.states import PostState
from publisher.auth.session_start import SignedIn
from publisher.models.deliveries import Delivery
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Person
from publisher.models.posts import Decision, Post
from publisher.people import confirmation
from publisher.people.appointments import record_person
from publisher.people.permissions import COMMAND
from publisher.states import AppointmentState
from tests.support.city_people import as_of
from tests.support.passwords import set_password, signed_in_as
from tests.web.html_page import Page
from tests.web.site import Browser, Site

MAIL = "second-mailbox@pmc.example"
NAME = "बनावट अधिकारी"
PASSWORD = "dongar-mathyavar-dhag"


def recorded(site: Site, by: str) -> int:
    """Record an officer of the gardens on the page, and return the appointment's id."""
    fields = {
        "role": "officer",
        "department_id": str(site.city.departments["garden"]),
        "name_mr": NAME,
        "mail": MAIL,
    }
    assert site.browser(by).post("/people/new", fields).status_code == 302
    with site.city.read() as session:
        person = session.scalars(select(Person).where(Person.mail == MAIL)).one()
        query = select(Appointment).where(Appointment.person_id == person.id)
        return session.scalars(query).one().id


def take_up(site: Site) -> Browser:
    """Set the password by the invitation, and return the browser after a sign-in."""
    with site.city.read() as session:
        query = select(Notice.body).where(Notice.address == MAIL, Notice.kind == "invitation")
        match = re.search(r"/invitation/[\w-]+", session.scalars(query).one())
    assert match is not None
    browser = site.nobody()
    assert browser.post(match[0], {"new_password": PASSWORD}).status_code == 302
    browser.forget_token()
    browser.post("/sign-in", {"identifier": MAIL, "password": PASSWORD})
    browser.forget_token()
    return browser


def state_of(site: Site, appointment_id: int) -> AppointmentState:
    with site.city.read() as session:
        return session.get_one(Appointment, appointment_id).state


def confirm(browser: Browser) -> int:
    """Tick and confirm everything that the page offers; return the status."""
    page = browser.get("/people/waiting").text
    values = re.findall(r'name="chosen"[^>]* value="([^"]+)"', page)
    return browser.post("/people/waiting", [("chosen", value) for value in values]).status_code


def in_review(site: Site, by: str) -> int:
    """Let this person of the cell write a post of the gardens, and send it for review."""
    city = site.city
    post = city.start(city.hand_in(department="garden"), by=by)
    city.save(post, by=by, on=["x"])
    city.send(post, by=by)
    return post


def approve(browser: Browser, post: int, appointment_id: int) -> int:
    fields = {"seen": "1", "under": str(appointment_id)}
    return browser.post(f"/posts/{post}/approve", fields).status_code


def outcome(site: Site, post: int) -> tuple[PostState, int, int]:
    """Return the post's state, and the numbers of decisions and deliveries."""
    with site.city.read() as session:
        decisions = session.scalars(select(Decision)).all()
        deliveries = session.scalars(select(Delivery).where(Delivery.post_id == post)).all()
        return session.get_one(Post, post).state, len(decisions), len(deliveries)


REFUSED = (PostState.IN_REVIEW, 0, 0)


def test_a_lead_does_not_approve_by_a_second_mailbox(site: Site) -> None:
    post = in_review(site, "lead")
    appointment_id = recorded(site, "lead")
    browser = take_up(site)
    assert "पुष्टी" in browser.post("/sign-in", {"identifier": MAIL, "password": PASSWORD}).text
    assert confirm(site.browser("lead")) == 422  # nothing is offered to tick
    with site.city.read() as session:
        digest = confirmation.confirmation_digest(session.get_one(Appointment, appointment_id))
    forged = {"chosen": f"{appointment_id}-{digest}"}
    assert site.browser("lead").post("/people/waiting", forged).status_code == 409
    assert browser.post("/people/waiting", forged).status_code in {401, 403}
    assert approve(browser, post, appointment_id) in {401, 403}
    assert state_of(site, appointment_id) is AppointmentState.RECORDED
    assert outcome(site, post) == REFUSED


def test_who_is_confirmed_later_finds_what_waits_on_today(site: Site) -> None:
    post = in_review(site, "clerk")
    recorded(site, "lead")
    browser = take_up(site)
    assert confirm(site.browser("admin")) == 302
    sent = browser.post("/sign-in", {"identifier": MAIL, "password": PASSWORD})
    assert sent.status_code == 302
    assert f"/posts/{post}/review" in browser.page("/").html


def test_who_waits_for_confirmation_reads_so_calmly(site: Site) -> None:
    recorded(site, "lead")
    with site.city.read() as session:
        query = select(Notice.body).where(Notice.address == MAIL, Notice.kind == "invitation")
        match = re.search(r"/invitation/[\w-]+", session.scalars(query).one())
    assert match is not None
    browser = site.nobody()
    browser.post(match[0], {"new_password": PASSWORD})
    assert "पुष्टी केल्यावर साइन इन करता येईल" in browser.page("/sign-in")
    refused = Page(browser.post("/sign-in", {"identifier": MAIL, "password": PASSWORD}).text)
    assert "पुष्टी" in refused
    assert "error-summary" not in refused.html
    assert "tone-teal" in refused.html


def test_a_forged_form_of_more_than_200_is_refused_in_words(site: Site) -> None:
    form = [("chosen", f"{number}-0") for number in range(1, 202)]
    refused = site.browser("lead").post("/people/waiting", form)
    assert refused.status_code == 422
    assert "एका वेळी जास्तीत जास्त २०० नियुक्त्यांची पुष्टी" in refused.text


def test_the_page_names_the_command_where_nobody_is_left_to_confirm(site: Site) -> None:
    appointment_id = recorded(site, "admin")
    command = f"nagarvani people confirm {appointment_id}"
    assert command not in site.browser("admin").page("/people").text
    site.city.end("lead")
    assert command in site.browser("admin").page("/people").text


def test_a_lead_does_not_put_a_second_mailbox_on_duty(site: Site) -> None:
    appointment_id = recorded(site, "lead")
    mailbox = take_up(site)
    lead = site.browser("lead")
    with site.city.read() as session:
        person_id = session.get_one(Appointment, appointment_id).person_id
    duty = {"person_id": str(person_id), "until_at": "28/11/2026 9:00"}
    assert lead.post("/duty", duty).status_code == 422
    assert confirm(site.browser("admin")) == 302
    assert state_of(site, appointment_id) is AppointmentState.ACTIVE
    assert mailbox.post("/sign-in", {"identifier": MAIL, "password": PASSWORD}).status_code == 302
    assert lead.post("/duty", duty).status_code == 302
    assert "अद्याप कर्तव्यावर नाहीत" in "".join(lead.page("/duty").notices())
    assert lead.post("/duty/1/approve").status_code == 409
    assert mailbox.get("/emergency").status_code == 403
    assert site.browser("admin").post("/duty/1/approve").status_code == 302
    assert mailbox.get("/emergency").status_code == 200
    history = lead.page("/duty").text
    assert "प्रसाद केंजळे" in history
    assert "अरुण टेकवडे" in history


@pytest.mark.parametrize("by", ["lead", "head"])
def test_who_confirmed_an_officer_writes_nothing_that_they_approve(site: Site, by: str) -> None:
    city = site.city
    if by == "head":
        city.appoint("garden_head", Role.HEAD, "garden")
    appointment_id = recorded(site, "admin")
    officer = take_up(site)
    assert confirm(site.browser("garden_head" if by == "head" else "lead")) == 302
    assert state_of(site, appointment_id) is AppointmentState.ACTIVE
    officer.post("/sign-in", {"identifier": MAIL, "password": PASSWORD})
    officer.forget_token()
    post = in_review(site, "lead")
    if by == "head":  # whose confirmation binds the head alone
        assert approve(officer, post, appointment_id) == 302
        return
    draft = site.browser("lead").page(f"/posts/{post}/draft")
    assert "आपण जतन केलेल्या मजकुरास येथे कोणी मान्यता देऊ शकत नाही" in draft.text
    assert "मान्यता देऊ शकणाऱ्यांच्या नियुक्तीची पुष्टी" in officer.page(f"/posts/{post}/review").text
    assert approve(officer, post, appointment_id) == 409
    assert outcome(site, post) == REFUSED
    other = in_review(site, "clerk")
    assert approve(officer, other, appointment_id) == 302


def test_who_recorded_the_confirming_admin_writes_nothing_either(site: Site) -> None:
    city = site.city
    with city.write() as session:
        # Somebody who records admins, and writes posts: an admin under a second appointment.
        second = record_person(
            session,
            actor=city.actor("admin"),
            now=city.now,
            name_mr="दुसरा प्रशासक",
            role=Role.ADMIN,
            department_id=city.departments["information-technology"],
            mail="other-admin@pmc.example",
        )
        session.flush()
        digests = {second.id: confirmation.confirmation_digest(second)}
        confirmation.confirm(session, actor=COMMAND, now=city.now, digests=digests)
        set_password(session, second.person, PASSWORD, now=city.now)
        city.appointments["other_admin"] = second.id
        city.people["other_admin"] = second.person_id
        city.roles["other_admin"] = (Role.ADMIN, "information-technology")
        writing = record_person(
            session,
            actor=COMMAND,
            now=city.now,
            name_mr=session.get_one(Person, city.people["admin"]).name_mr,
            mail="admin@pmc.example",
            role=Role.CELL,
            department_id=city.departments["information-technology"],
        )
        session.flush()
        city.appointments["writing_admin"] = writing.id
        city.people["writing_admin"] = writing.person_id
        city.roles["writing_admin"] = (Role.CELL, "information-technology")
    appointment_id = recorded(site, "lead")
    officer = take_up(site)
    with city.write() as session:
        waiting = confirmation.waiting(session, now=city.now)
        confirmation.confirm(
            session,
            actor=as_of(city.actor("other_admin"), city.now),
            now=city.now,
            digests={row.id: confirmation.confirmation_digest(row) for row in waiting},
        )
        assert isinstance(signed_in_as(session, MAIL, PASSWORD, now=city.now), SignedIn)
    officer.post("/sign-in", {"identifier": MAIL, "password": PASSWORD})
    officer.forget_token()
    post = in_review(site, "writing_admin")
    assert approve(officer, post, appointment_id) == 409
    assert outcome(site, post) == REFUSED
