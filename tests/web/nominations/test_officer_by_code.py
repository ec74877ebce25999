"""A head without a password confirms officers by a personal link and a code."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from approvals.policy import Role
from publisher.auth.one_time_links import LinkPurpose
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Person
from publisher.people import confirmation, personal_links
from publisher.states import AppointmentState
from tests.support.city_people import HOUR, appoint, note_writer
from tests.support.passwords import set_password
from tests.web.nominations.test_office_by_code import code, head_of_gardens, press, tell
from tests.web.sign_in.test_factor_needed import require
from tests.web.site import Browser, Site
from web.people.confirmation import tick_value

NAME = "नवे समन्वयक"
CONFIRMED, DONE = "नियुक्तीची पुष्टी झाली", "हे आधीच झाले आहे"


def officer_of_gardens(site: Site) -> int:
    """Let the lead record an officer, and the head be asked; return the appointment's id."""
    with site.city.write() as session:
        garden = session.get_one(Department, site.city.departments["garden"])
        row = appoint(
            session,
            garden,
            name=NAME,
            mail="nava@pmc.example",
            actor=site.city.actor("lead"),
            now=site.city.now,
        )
        session.flush()
        appointment_id = row.id
    tell(site)
    return appointment_id


def path_to(site: Site) -> str:
    with site.city.read() as session:
        query = select(Notice.body).where(Notice.kind == "appointments_wait")
        bodies = session.scalars(query.order_by(Notice.id.desc())).all()
    return next(match[0] for body in bodies if (match := re.search(r"/officer/[\w-]+", body)))


def state(site: Site, appointment_id: int) -> AppointmentState:
    with site.city.read() as session:
        return session.get_one(Appointment, appointment_id).state


def test_the_code_is_not_called_optional(site: Site) -> None:
    head_of_gardens(site)
    officer_of_gardens(site)
    page = site.nobody().get(path_to(site)).text
    assert "संकेतांक</label>" in page


def look(browser: Browser, path: str, typed: str) -> dict[str, str]:
    """Type the code, and return the fields of the form that confirms."""
    page = browser.post(path, {"step": "look", "code": typed}).text
    chosen = re.search(r'name="chosen" id="[\w-]+" value="(\d+-\w+)"', page)
    assert NAME in page
    assert "nava@pmc.example" in page
    assert chosen is not None
    return {"step": "confirm", "code": typed, "chosen": chosen[1]}


@pytest.mark.parametrize("is_active", [True, False], ids=["active", "confirmed"])
def test_one_code_shows_and_confirms_and_makes_the_head_active(
    site: Site, *, is_active: bool
) -> None:
    head_id = head_of_gardens(site)
    if is_active:
        with site.city.write() as session:
            session.get_one(Appointment, head_id).state = AppointmentState.ACTIVE
    officer_id = officer_of_gardens(site)
    path, browser = path_to(site), site.nobody()
    page = browser.page(path).text
    assert NAME not in page
    assert "nava@pmc.example" not in page
    press(browser, path, step="send")
    fields = look(browser, path, code(site))
    assert state(site, officer_id) is AppointmentState.RECORDED
    assert CONFIRMED in press(browser, path, **fields)
    assert state(site, officer_id) is AppointmentState.CONFIRMED
    assert state(site, head_id) is AppointmentState.ACTIVE
    with site.city.read() as session:
        assert session.get_one(Appointment, officer_id).confirmed_under_id == head_id
    assert browser.cookie() == ""
    assert DONE in browser.get(path).text


def test_confirmed_twice_has_one_effect(site: Site) -> None:
    head_of_gardens(site)
    officer_id = officer_of_gardens(site)
    path, browser = path_to(site), site.nobody()
    press(browser, path, step="send")
    fields = look(browser, path, code(site))
    with site.city.write() as session:
        row = session.get_one(Appointment, officer_id)
        digests = {row.id: confirmation.confirmation_digest(row)}
        admin = site.city.actor("admin")
        confirmation.confirm(session, actor=admin, now=site.city.now, digests=digests)
    assert browser.post(path, fields).status_code == 409
    assert site.city.verbs("appointments", officer_id).count("confirm_appointment") == 1


def test_by_a_link_after_a_new_head_it_is_refused(site: Site) -> None:
    head_id = head_of_gardens(site)
    officer_id = officer_of_gardens(site)
    path, browser = path_to(site), site.nobody()
    press(browser, path, step="send")
    fields = look(browser, path, code(site))
    with site.city.write() as session:
        session.execute(
            update(Appointment)
            .where(Appointment.id == head_id)
            .values(state=AppointmentState.ENDED, until_at=site.city.now)
        )
    site.city.appoint("new_head", Role.HEAD, "garden", "नवे प्रमुख")
    assert browser.post(path, fields).status_code in {409, 422}
    assert state(site, officer_id) is AppointmentState.RECORDED


def test_who_changed_the_officers_address_does_not_confirm_by_the_link(site: Site) -> None:
    head_id = head_of_gardens(site)
    officer_id = officer_of_gardens(site)
    path, browser = path_to(site), site.nobody()
    press(browser, path, step="send")
    fields = look(browser, path, code(site))
    with site.city.write() as session:
        head = session.get_one(Appointment, head_id).person_id
        note_writer(session, officer_id, head)
    assert browser.post(path, fields).status_code == 409
    assert state(site, officer_id) is AppointmentState.RECORDED


def test_what_changed_since_it_was_shown_is_not_confirmed(site: Site) -> None:
    head_of_gardens(site)
    officer_id = officer_of_gardens(site)
    path, browser = path_to(site), site.nobody()
    press(browser, path, step="send")
    fields = look(browser, path, code(site))
    with site.city.write() as session:
        session.get_one(Appointment, officer_id).person.mail = "other@pmc.example"
    assert browser.post(path, fields).status_code == 409
    assert browser.post(path, {**fields, "chosen": ""}).status_code == 422
    assert state(site, officer_id) is AppointmentState.RECORDED


def test_without_the_code_nothing_is_shown_or_confirmed(site: Site) -> None:
    head_of_gardens(site)
    officer_id = officer_of_gardens(site)
    path, browser = path_to(site), site.nobody()
    with site.city.read() as session:
        chosen = tick_value(session.get_one(Appointment, officer_id))
    for fields in ({"step": "look"}, {"step": "confirm", "chosen": chosen}, {"chosen": chosen}):
        response = browser.post(path, {"code": "12345678", **fields})
        assert response.status_code == 422
        assert NAME not in response.text
    assert state(site, officer_id) is AppointmentState.RECORDED


def test_a_head_with_a_password_gets_the_page_and_no_link(site: Site) -> None:
    head_id = head_of_gardens(site)
    with site.city.write() as session:
        person = session.get_one(Appointment, head_id).person
        set_password(session, person, "dongar-mathyavar-dhag", now=site.city.now)
    officer_of_gardens(site)
    with site.city.read() as session:
        query = select(Notice.body).where(Notice.kind == "appointments_wait")
        bodies = session.scalars(query).all()
    assert bodies
    assert not any("/officer/" in body for body in bodies)


def test_the_link_of_another_head_says_whose_it_is(site: Site) -> None:
    head_of_gardens(site)
    officer_id = officer_of_gardens(site)
    response = site.browser("health_head").get(path_to(site))
    assert response.status_code == 403
    assert NAME not in response.text
    with site.city.write() as session:
        water_head = session.get_one(Person, site.city.people["head"])
        row = session.get_one(Appointment, officer_id)
        token = personal_links.make(
            session, LinkPurpose.CONFIRM, row, water_head, now=site.city.now
        )
        chosen = tick_value(row)
    browser = site.browser("head")
    forged = {"step": "confirm", "chosen": chosen}
    assert browser.post(f"/officer/{token}", forged).status_code == 409
    assert state(site, officer_id) is AppointmentState.RECORDED


def test_one_link_shows_both_officers_and_confirms_those_who_are_ticked(site: Site) -> None:
    head_of_gardens(site)
    with site.city.write() as session:
        garden = session.get_one(Department, site.city.departments["garden"])
        lead = site.city.actor("lead")
        rows = [
            appoint(session, garden, name=name, actor=lead, now=site.city.now)
            for name in ("पहिले", "दुसरे")
        ]
        session.flush()
        first, second = (row.id for row in rows)
    tell(site)
    with site.city.read() as session:
        query = select(Notice.body).where(Notice.kind == "appointments_wait")
        found_links = [re.findall(r"/officer/[\w-]+", body) for body in session.scalars(query)]
    assert [len(found) for found in found_links if found] == [1]
    path, browser = path_to(site), site.nobody()
    for officer_id in (first, second):
        press(browser, path, step="send")
        typed = code(site)
        page = browser.post(path, {"step": "look", "code": typed}).text
        assert "दुसरे" in page
        chosen = re.search(rf'value="({officer_id}-\w+)"', page)
        assert chosen is not None
        fields = {"step": "confirm", "code": typed, "chosen": chosen[1]}
        assert CONFIRMED in press(browser, path, **fields)
        assert state(site, officer_id) is AppointmentState.CONFIRMED
        assert (DONE in browser.get(path).text) is (officer_id == second)


def test_the_link_confirms_nobody_of_another_department(site: Site) -> None:
    head_of_gardens(site)
    officer_of_gardens(site)
    path, browser = path_to(site), site.nobody()
    with site.city.write() as session:
        road = session.get_one(Department, site.city.departments["road"])
        road.reports_to_id = site.city.departments["garden"]
        lead = site.city.actor("lead")
        row = appoint(session, road, name="इतर", actor=lead, now=site.city.now)
        session.flush()
        other_id, chosen = row.id, tick_value(row)
    press(browser, path, step="send")
    fields = look(browser, path, code(site))
    assert browser.post(path, {**fields, "chosen": chosen}).status_code == 409
    assert state(site, other_id) is AppointmentState.RECORDED


def signed_in_head(site: Site, head_id: int) -> Browser:
    """Give the head a password after the link was sent, and sign in."""
    password = "dongar-mathyavar-dhag"
    with site.city.write() as session:
        head = session.get_one(Appointment, head_id).person
        set_password(session, head, password, now=site.city.now)
    browser = site.nobody()
    assert browser.sign_in("charuta", password).status_code == 302
    return browser


def confirms(site: Site, officer_id: int) -> dict[str, str]:
    with site.city.read() as session:
        return {"step": "confirm", "chosen": tick_value(session.get_one(Appointment, officer_id))}


def test_in_a_session_the_link_asks_for_the_password_again(site: Site) -> None:
    head_id = head_of_gardens(site)
    officer_id = officer_of_gardens(site)
    path, browser = path_to(site), signed_in_head(site, head_id)
    site.city.clock.move(HOUR)
    assert "current-password" in browser.post(path, confirms(site, officer_id)).text
    assert state(site, officer_id) is AppointmentState.RECORDED


def test_a_session_that_lacks_its_factor_does_not_confirm_by_the_link(site: Site) -> None:
    head_id = head_of_gardens(site)
    officer_id = officer_of_gardens(site)
    path, browser = path_to(site), signed_in_head(site, head_id)
    require(site, has_sms=True)
    assert browser.post(path, confirms(site, officer_id)).status_code == 403
    assert state(site, officer_id) is AppointmentState.RECORDED
