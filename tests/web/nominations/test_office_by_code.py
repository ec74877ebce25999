"""A confirmed head without an account takes the office up by a code to the confirmed mobile."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from approvals.policy import Role
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Person
from publisher.people import confirmation
from publisher.people.appointment_notices import GATHERED, tick_appointments
from publisher.settings.sms import SmsTemplate
from publisher.states import AppointmentState
from tests.support.city_people import appoint
from tests.support.passwords import set_password
from tests.web.site import Browser, Site

MOBILE = "+915550009922"
TAKEN_UP, OVER = "आता आपण या पदावर आहात", "या लिंकने आता पदभार स्वीकारता येत नाही"


def head_of_gardens(site: Site, *, mobile: str | None = MOBILE, confirmed: bool = True) -> int:
    """Let the lead record, and the admin confirm, a head; return the appointment's id."""
    context = site.app.extensions["house"]
    templates = {"link_code": SmsTemplate("1", "{#var#}", ("secret",))}
    sms = replace(context.settings.sms, sms_url="http://127.0.0.1:9/", sms_templates=templates)
    site.app.extensions["house"] = replace(context, settings=replace(context.settings, sms=sms))
    with site.city.write() as session:
        session.execute(update(Appointment).values(told_at=site.city.now))
        garden = session.get_one(Department, site.city.departments["garden"])
        row = appoint(
            session,
            garden,
            Role.HEAD,
            name="चारुता",
            mail="charuta@pmc.example",
            mobile=mobile,
            actor=site.city.actor("lead"),
        )
        session.flush()
        appointment_id = row.id
    if confirmed:
        confirm(site, appointment_id)
    tell(site)
    return appointment_id


def confirm(site: Site, appointment_id: int) -> None:
    with site.city.write() as session:
        row = session.get_one(Appointment, appointment_id)
        confirmation.confirm(
            session,
            actor=site.city.actor("admin"),
            now=site.city.now,
            digests={row.id: confirmation.confirmation_digest(row)},
        )


def tell(site: Site) -> None:
    site.city.clock.move(GATHERED)
    tick_appointments(site.city.database, now=site.city.now)


def paths(site: Site) -> list[str]:
    """Return the paths of the links that were sent to the head, oldest first."""
    with site.city.read() as session:
        query = select(Notice.body).where(Notice.kind == "office_waits").order_by(Notice.id)
        return [re.findall(r"/office/[\w-]+", body)[0] for body in session.scalars(query)]


def code(site: Site) -> str:
    with site.city.read() as session:
        query = select(Notice).where(Notice.kind == "link_code").order_by(Notice.id.desc())
        notice = session.scalars(query).first()
        assert notice is not None
        assert notice.address == MOBILE
        return str(notice.variables["secret"]).strip("\ue001")


def state(site: Site, appointment_id: int) -> AppointmentState:
    with site.city.read() as session:
        return session.get_one(Appointment, appointment_id).state


def press(browser: Browser, path: str, **fields: str) -> str:
    response = browser.post(path, fields)
    return browser.get(path).text if response.status_code == 302 else response.text


def test_the_code_makes_the_head_active_without_password_or_session(site: Site) -> None:
    appointment_id = head_of_gardens(site)
    (path,) = paths(site)
    browser = site.nobody()
    browser.page(path)
    press(browser, path, code="12345678")
    assert state(site, appointment_id) is AppointmentState.CONFIRMED
    press(browser, path, step="send")
    assert TAKEN_UP in press(browser, path, code=code(site))
    assert state(site, appointment_id) is AppointmentState.ACTIVE
    assert browser.cookie() == ""
    with site.city.read() as session:
        assert session.get_one(Appointment, appointment_id).person.password_hash is None
    press(browser, path, step="send")
    assert browser.post(path, {"code": code(site)}).status_code == 409  # once


@pytest.mark.parametrize("confirmed", [True, False])
def test_no_link_without_a_mobile_or_before_the_confirmation(
    site: Site, *, confirmed: bool
) -> None:
    mobile = None if confirmed else MOBILE
    head_of_gardens(site, mobile=mobile, confirmed=confirmed)
    assert paths(site) == []


def test_who_has_a_password_needs_no_link(site: Site) -> None:
    appointment_id = head_of_gardens(site)
    (path,) = paths(site)
    with site.city.write() as session:
        person = session.get_one(Appointment, appointment_id).person
        set_password(session, person, "dongar-mathyavar-dhag", now=site.city.now)
    browser = site.nobody()
    assert TAKEN_UP in browser.get(path).text
    press(browser, path, step="send")
    assert browser.post(path, {"code": code(site)}).status_code == 409


def test_a_link_to_an_address_before_the_confirmation_takes_nothing_up(site: Site) -> None:
    appointment_id = head_of_gardens(site)
    (path,) = paths(site)
    with site.city.write() as session:
        person = session.get_one(Appointment, appointment_id).person
        session.get_one(Person, person.id).mobile = None
        garden = session.get_one(Department, site.city.departments["garden"])
        appoint(
            session,
            garden,
            Role.MEMBER,
            name=person.name_mr,
            mail=person.mail,
            mobile=MOBILE,
            actor=site.city.actor("lead"),
            now=site.city.now,
        )
    browser = site.nobody()
    assert OVER in browser.get(path).text
    site.city.clock.move(GATHERED)
    confirm(site, appointment_id)
    press(browser, path, step="send")
    assert browser.post(path, {"code": code(site)}).status_code == 409
    assert state(site, appointment_id) is AppointmentState.CONFIRMED


def test_the_code_of_another_page_takes_no_office_up(site: Site) -> None:
    appointment_id = head_of_gardens(site)
    (path,) = paths(site)
    browser = site.nobody()
    press(browser, path, step="send")
    right = code(site)
    wrong_page = path.replace("/office/", "/wrong/")
    assert browser.get(wrong_page).status_code == 404
    assert browser.post(wrong_page, {"code": right}).status_code == 404
    assert state(site, appointment_id) is AppointmentState.CONFIRMED


def test_a_signed_in_person_is_told_whose_link_it_is(site: Site) -> None:
    head_of_gardens(site)
    (path,) = paths(site)
    response = site.browser("admin").get(path)
    assert response.status_code == 403
    assert "चारुता" in response.text
