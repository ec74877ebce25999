"""The page of the link "this is wrong": what it shows to whom, and what it asks for."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from approvals.policy import Role
from approvals.states import PostState
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Department, Link, Person
from publisher.models.posts import Post
from publisher.people import confirmation
from publisher.people.appointment_notices import GATHERED, tick_appointments
from publisher.people.confirmation import ChangedSinceShown
from publisher.settings.sms import SmsTemplate
from publisher.states import AppointmentState
from tests.support.city_people import DAY, appoint
from tests.web.site import Browser, Site

NAME, MOBILE = "बनावट अधिकारी", "+915550009911"
STOPPED, ASKED = "नियुक्ती थांबविली आहे", "प्रणाली प्रशासकांना तपासण्यास सांगितले आहे"
WRONG_CODE = "संकेतांक बरोबर नाही"


@pytest.fixture
def path(site: Site) -> str:
    """Return the head's link about a new officer of the water supply, who is in office."""
    city = site.city
    city.end("second")
    with city.write() as session:
        session.execute(update(Appointment).values(told_at=city.now))
        water = session.get_one(Department, city.departments["water"])
        row = appoint(
            session, water, Role.OFFICER, name=NAME, mail="a@pmc.example", actor=city.actor("lead")
        )
        session.flush()
        digests = {row.id: confirmation.confirmation_digest(row)}
        confirmation.confirm(session, actor=city.actor("admin"), now=city.now, digests=digests)
    city.clock.move(GATHERED)
    tick_appointments(city.database, now=city.now)
    return path_of(site, "head")


def path_of(site: Site, name: str) -> str:
    with site.city.read() as session:
        query = select(Notice.body).where(
            Notice.kind == "appointed", Notice.person_id == site.city.people[name]
        )
        body = session.scalars(query).one()
    match = re.search(r"/wrong/[\w-]+", body)
    assert match is not None
    return match[0]


def state(site: Site) -> AppointmentState:
    with site.city.read() as session:
        person = session.scalars(select(Person).where(Person.name_mr == NAME)).one()
        query = select(Appointment.state).where(Appointment.person_id == person.id)
        return session.scalars(query).one()


def with_sms(site: Site, name: str) -> None:
    """Let this installation send codes, and the person have a mobile."""
    context = site.app.extensions["house"]
    sms = replace(
        context.settings.sms,
        sms_url="http://127.0.0.1:9/sms",
        sms_templates={"link_code": SmsTemplate("1", "{#var#}", ("secret",))},
    )
    site.app.extensions["house"] = replace(context, settings=replace(context.settings, sms=sms))
    with site.city.write() as session:
        person = session.get_one(Person, site.city.people[name])
        person.mobile, person.mobile_confirmed_at = MOBILE, site.city.now


def code(site: Site) -> str:
    with site.city.read() as session:
        query = select(Notice).where(Notice.kind == "link_code").order_by(Notice.id.desc())
        notice = session.scalars(query).first()
        assert notice is not None
        assert notice.address == MOBILE
        return str(notice.variables["secret"]).strip("\ue001")


def press(browser: Browser, path: str, **fields: str) -> str:
    """Send the form, follow the redirect, and return the text of the page."""
    response = browser.post(path, fields)
    return browser.get(path).text if response.status_code == 302 else response.text


def test_the_link_alone_shows_the_office_and_a_get_does_nothing(site: Site, path: str) -> None:
    browser = site.nobody()
    for _ in range(3):
        page = browser.page(path).text
        assert "पाणीपुरवठा विभाग" in page
        assert NAME not in page
        assert "a@pmc.example" not in page
    assert state(site) is AppointmentState.CONFIRMED
    with site.city.read() as session:
        assert all(link.used_at is None for link in session.scalars(select(Link)))


def test_without_a_code_or_session_it_refuses(site: Site, path: str) -> None:
    site.give_password("head")
    browser = site.nobody()
    assert "/sign-in?next=" in browser.get(path).text
    assert browser.post(path, {}).status_code == 422
    assert browser.post(path, {"step": "send"}).status_code == 422  # there is no mobile
    assert state(site) is AppointmentState.CONFIRMED


def test_who_has_no_password_and_no_mobile_is_sent_to_the_invitation(site: Site, path: str) -> None:
    page = site.nobody().get(path).text
    assert "/sign-in?next=" not in page
    assert "निमंत्रणाने पासवर्ड ठरवावा" in page


def test_after_the_sign_in_it_shows_who_and_stops_the_appointment(site: Site, path: str) -> None:
    browser = site.browser("head")
    assert NAME in browser.get(path).text
    assert STOPPED in press(browser, path)
    assert state(site) is AppointmentState.RECORDED
    assert "हे आधीच झाले आहे" in press(browser, path)


def test_a_code_by_sms_stops_the_appointment_without_a_session(site: Site, path: str) -> None:
    with_sms(site, "head")
    browser = site.nobody()
    assert "एसएमएसने पाठविला आहे" in press(browser, path, step="send")
    assert WRONG_CODE in press(browser, path, code="12")
    assert state(site) is AppointmentState.CONFIRMED
    assert STOPPED in press(browser, path, code=code(site))
    assert state(site) is AppointmentState.RECORDED
    assert browser.cookie() == ""
    assert browser.get("/").status_code == 401 or "/sign-in" in browser.get("/").text


def test_a_code_wrong_ten_times_closes_the_page_and_the_link_lives_on(
    site: Site, path: str
) -> None:
    with_sms(site, "head")
    browser = site.nobody()
    press(browser, path, step="send")
    right = code(site)
    texts = [press(browser, path, code="00000001") for _ in range(10)]
    assert [WRONG_CODE in text for text in texts] == [True] * 5 + [False] * 5
    press(browser, path, code=right)
    assert state(site) is AppointmentState.CONFIRMED
    site.city.clock.move(GATHERED)
    press(browser, path, step="send")
    assert STOPPED in press(browser, path, code=code(site))


def test_opened_by_somebody_else_it_says_whose_it_is(site: Site, path: str) -> None:
    browser = site.browser("first")
    response = browser.get(path)
    assert response.status_code == 403
    assert "उज्ज्वला चव्हाणके" in response.text
    assert NAME not in response.text
    assert browser.post(path, {}).status_code == 404
    assert state(site) is AppointmentState.CONFIRMED


def test_after_a_week_it_only_asks_the_admins(site: Site, path: str) -> None:
    site.city.clock.move(8 * DAY)
    assert ASKED in press(site.browser("head"), path)
    assert state(site) is AppointmentState.CONFIRMED
    assert site.city.notified("appointment_doubted") == ["admin"]


def test_after_a_month_the_link_is_over(site: Site, path: str) -> None:
    site.city.clock.move(31 * DAY)
    assert site.nobody().get(path).status_code == 404


def test_a_former_head_is_refused_in_words(site: Site, path: str) -> None:
    browser = site.browser("head")
    site.city.appoint("other_head", Role.MEMBER, "garden", "नवा")
    with site.city.write() as session:
        session.get_one(Appointment, site.city.appointments["head"]).role = Role.MEMBER
    response = browser.get(path)
    assert response.status_code == 409
    assert "आता आपण यांपैकी कोणत्याही पदावर नाही" in response.text
    assert state(site) is AppointmentState.CONFIRMED


def test_what_a_wrong_officer_approved_is_in_review_again(site: Site) -> None:
    """The whole way: recorded by one, confirmed by another, approved, and stopped by the head."""
    city = site.city
    post_id = city.approved()
    city.schedule(post_id)
    with city.write() as session:
        session.execute(update(Appointment).values(told_at=city.now))
        officer = session.get_one(Appointment, city.appointments["first"])
        officer.told_at = None
    city.clock.move(GATHERED)
    tick_appointments(city.database, now=city.now)
    path = path_of(site, "head")
    assert STOPPED in press(site.browser("head"), path)
    with city.read() as session:
        assert session.get_one(Post, post_id).state is PostState.IN_REVIEW
        assert session.get_one(Appointment, officer.id).state is AppointmentState.RECORDED


def test_whoever_confirms_again_sees_who_stopped_it_and_when(site: Site, path: str) -> None:
    """The row says it before the tick, and the person's page for good."""
    city = site.city
    said = "“हे चुकीचे आहे”, असे उज्ज्वला चव्हाणके यांनी कळविले."
    press(site.browser("head"), path)
    with city.read() as session:
        person = session.scalars(select(Person).where(Person.name_mr == NAME)).one()
        row = person.appointments[0]
        before = {row.id: confirmation.confirmation_digest(row)}
    lead, admin = site.browser("lead"), site.browser("admin")
    for browser in (lead, admin):
        assert said in browser.page("/people/waiting").text
    assert "थांबविण्यापूर्वी पुष्टी करणारे: अरुण टेकवडे" in lead.page("/people/waiting").text
    with city.write() as session:
        confirmation.confirm(session, actor=city.actor("head"), now=city.now, digests=before)
    assert said in lead.page(f"/people/{person.id}").text


def test_what_was_seen_before_the_stop_confirms_nothing(site: Site, path: str) -> None:
    city = site.city
    with city.read() as session:
        person = session.scalars(select(Person).where(Person.name_mr == NAME)).one()
        before = {
            person.appointments[0].id: confirmation.confirmation_digest(person.appointments[0])
        }
    press(site.browser("head"), path)
    with city.write() as session, pytest.raises(ChangedSinceShown):
        confirmation.confirm(session, actor=city.actor("admin"), now=city.now, digests=before)


def test_the_link_shows_when_it_was_confirmed_and_when_stopped(site: Site, path: str) -> None:
    browser = site.browser("head")
    confirmed = fact(browser, path, "पुष्टी झाली")
    site.city.clock.move(DAY)
    browser = site.browser("head")
    press(browser, path)
    assert confirmed is not None
    assert fact(browser, path, "पुष्टी झाली") == confirmed.replace("आज", "काल")
    assert fact(browser, path, "थांबविली") not in {None, confirmed}


def fact(browser: Browser, path: str, term: str) -> str | None:
    """Return the day and time beside a term of the page."""
    terms = [tag for tag in browser.page(path).all if tag.tag in ("dt", "dd")]
    pairs = zip(terms[::2], terms[1::2], strict=True)
    return next((value.text for name, value in pairs if name.text == term), None)
