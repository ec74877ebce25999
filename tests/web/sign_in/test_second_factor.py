"""Setting up a second factor, signing in with it, and ending it."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest

from approvals.policy import FRESH, Role
from approvals.states import PostState
from publisher.auth import totp
from publisher.delivery.accounts.credentials import Vault
from publisher.models.people import Appointment, Person
from publisher.models.posts import Post
from publisher.people import appointments, confirmation
from publisher.states import AppointmentState
from tests.support.city_controls import stop_all
from tests.support.second_factors import AppOnPhone, set_up_app
from tests.web.html_page import Page
from tests.web.site import PASSWORD, SECRET, Browser, Site

VAULT = Vault(SECRET, ())
STEP = timedelta(seconds=30)
WRONG = "हा संकेतांक बरोबर नाही किंवा आधीच वापरलेला आहे."


def with_app(site: Site, name: str) -> AppOnPhone:
    """Give a person of the city a password and an app."""
    site.give_password(name)
    with site.city.write() as session:
        person = session.get_one(Person, site.city.people[name])
        return set_up_app(session, person, sealer=VAULT, now=site.city.now)


def sign_in_to_the_code(site: Site, name: str, **more: str) -> Browser:
    """Type the password of a person with an app in a new browser, up to the page of the code."""
    browser = site.nobody()
    page = browser.sign_in(name, PASSWORD, **more)
    assert page.status_code == 401
    assert "सहा अंक" in Page(page.text)
    return browser


def test_an_app_is_set_up_in_two_screens_and_then_asked_for(any_site: Site) -> None:
    member = any_site.browser("member")
    assert member.post("/profile/second-factor").headers["Location"].endswith("/app")
    first_screen = member.page("/profile/second-factor/app")
    assert "<svg" in member.get("/profile/second-factor/app").text
    key = re.search(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", first_screen.text)
    assert key is not None
    wrong = member.post("/profile/second-factor/code", {"code": "123456"})
    assert (wrong.status_code, WRONG in Page(wrong.text).error_at("code")) == (422, True)
    app = pyotp.TOTP(key[0].replace(" ", ""))
    done = member.post("/profile/second-factor/code", {"code": app.at(any_site.city.now)})
    codes = re.findall(r"\b\d{4} \d{4} \d{4}\b", Page(done.text).text)
    assert (done.status_code, len(codes)) == (200, 10)
    assert member.get("/profile/second-factor/app").status_code == 302
    any_site.city.clock.move(STEP)
    browser = sign_in_to_the_code(any_site, "member", next="/submissions")
    assert browser.get("/submissions").status_code == 401
    refused = browser.post("/sign-in/factor", {"code": "000000"})
    assert refused.status_code == 401
    assert WRONG in Page(refused.text).error_at("code")
    typed = {"code": app.at(any_site.city.now), "next": "/submissions"}
    entered = browser.post("/sign-in/factor", typed)
    assert (entered.status_code, entered.headers["Location"]) == (302, "/submissions")
    assert browser.get("/submissions").status_code == 200
    assert browser.get("/sign-in/factor").headers["Location"] == "/sign-in"


def test_a_recovery_code_signs_in_once(site: Site) -> None:
    code = with_app(site, "member").recovery_codes[0]
    grouped = f"{code[:4]} {code[4:8]} {code[8:]}"
    browser = sign_in_to_the_code(site, "member")
    assert browser.post("/sign-in/factor", {"code": grouped}).status_code == 302
    browser.forget_token()
    assert "९" in browser.page("/profile/second-factor").text
    again = sign_in_to_the_code(site, "member")
    assert again.post("/sign-in/factor", {"code": grouped}).status_code == 401


def test_after_five_wrong_codes_the_page_says_when_it_goes_on(site: Site) -> None:
    app = with_app(site, "member")
    browser = sign_in_to_the_code(site, "member")
    for _try in range(5):
        assert browser.post("/sign-in/factor", {"code": "000000"}).status_code == 401
    late = browser.post("/sign-in/factor", {"code": app.code(site.city.now)})
    assert late.status_code == 429


def test_a_known_device_of_the_same_day_is_not_asked(site: Site) -> None:
    app = with_app(site, "member")
    browser = sign_in_to_the_code(site, "member")
    browser.post("/sign-in/factor", {"code": app.code(site.city.now)})
    browser.forget_token()
    browser.post("/sign-out")
    browser.forget_token()
    site.city.clock.move(timedelta(hours=9))
    assert browser.sign_in("member").status_code == 302


def test_a_known_device_that_is_said_to_be_shared_is_asked(site: Site) -> None:
    app = with_app(site, "member")
    browser = sign_in_to_the_code(site, "member")
    browser.post("/sign-in/factor", {"code": app.code(site.city.now)})
    browser.forget_token()
    browser.post("/sign-out")
    browser.forget_token()
    assert browser.sign_in("member", is_shared="1").status_code == 401


def test_a_form_sent_after_the_session_ended_survives_the_code_too(site: Site) -> None:
    app = with_app(site, "member")
    browser = site.nobody()
    kept = {"kept_path": "/submissions/new", "kept:title": "पाणीपुरवठा बंद"}
    page = browser.sign_in("member", PASSWORD, **kept)
    assert page.status_code == 401
    assert "पाणीपुरवठा बंद" in page.text
    carried = dict(Page(page.text).form("factor-code"))
    response = browser.post("/sign-in/factor", {**carried, "code": app.code(site.city.now)})
    assert response.status_code == 200
    assert "पाणीपुरवठा बंद" in response.text


def test_the_factor_is_set_up_and_ended_after_a_fresh_sign_in_only(site: Site) -> None:
    member = site.browser("member")
    site.city.clock.move(FRESH + STEP)
    page = member.post("/profile/second-factor")
    assert page.status_code == 200
    assert page.request.path == "/profile/second-factor"
    assert "prove" in page.text
    with site.city.read() as session:
        person_id = site.city.people["member"]
        assert totp.pending_factor(session, person_id=person_id, now=site.city.now) is None
    proved = member.post("/confirm", {"password": PASSWORD, "kept_path": "/profile/second-factor"})
    assert proved.status_code == 200
    assert member.post("/profile/second-factor").status_code == 302


def test_ending_it_and_new_codes_are_told(site: Site) -> None:
    app = with_app(site, "member")
    browser = sign_in_to_the_code(site, "member")
    browser.post("/sign-in/factor", {"code": app.code(site.city.now)})
    browser.forget_token()
    renewed = browser.post("/profile/second-factor/recovery-codes")
    codes = re.findall(r"\b\d{4} \d{4} \d{4}\b", Page(renewed.text).text)
    assert len(codes) == 10
    assert not set(app.recovery_codes) & {code.replace(" ", "") for code in codes}
    assert browser.post("/profile/second-factor/end").status_code == 302
    assert site.nobody().sign_in("member").status_code == 302


def signed_in_with_app(site: Site, name: str) -> tuple[Browser, AppOnPhone]:
    """Sign a person in with password and code."""
    app = with_app(site, name)
    browser = sign_in_to_the_code(site, name)
    browser.post("/sign-in/factor", {"code": app.code(site.city.now)})
    browser.forget_token()
    return browser, app


STEPS_WITH_FACTOR = [
    "/accounts/connect",
    "/stop/release",
    "/profile/second-factor",
    "/profile/second-factor/recovery-codes",
    "/profile/second-factor/end",
    "/profile/mail",
]


@pytest.mark.parametrize("path", STEPS_WITH_FACTOR)
def test_some_steps_ask_for_the_factor_again_and_go_on(site: Site, path: str) -> None:
    admin, app = signed_in_with_app(site, "admin")
    stop_id = stop_all(site.city)
    site.city.clock.move(FRESH + STEP)
    fields = {"seen": str(stop_id), "known": "1", "release-reason": "संपले", "platform": "x"}
    fields |= {"value": "another@pmc.example", "password": PASSWORD}
    page = Page(admin.post(path, fields).text)
    assert page.by_id("code").get("name") == "code"
    carried = dict(page.form("prove"))
    wrong = admin.post("/confirm", {**carried, "password": PASSWORD, "code": "000000"})
    assert (wrong.status_code, WRONG in Page(wrong.text).error_at("code")) == (422, True)
    only_password = admin.post("/confirm", {**carried, "password": PASSWORD, "with_factor": ""})
    assert only_password.status_code == 200
    assert 'id="code"' in admin.post(path, fields).text
    code = app.code(site.city.now)
    right = admin.post("/confirm", {**carried, "password": PASSWORD, "code": code})
    assert right.status_code == 200
    assert 'id="code"' not in admin.post(path, fields).text


def test_approving_asks_nothing_beyond_the_session(site: Site) -> None:
    post_id = site.city.start(site.city.hand_in())
    site.city.save(post_id)
    site.city.send(post_id)
    officer, _app = signed_in_with_app(site, "first")
    site.city.clock.move(timedelta(hours=3))
    page = officer.page(f"/posts/{post_id}/review")
    fields = page.form_to(f"/posts/{post_id}/approve")
    assert officer.post(f"/posts/{post_id}/approve", fields).status_code == 302
    with site.city.read() as session:
        assert session.get_one(Post, post_id).state is PostState.APPROVED


def test_without_an_app_the_same_steps_ask_for_the_password_alone(site: Site) -> None:
    admin = site.browser("admin")
    site.city.clock.move(FRESH + STEP)
    assert "prove" in admin.post("/accounts/connect", {"platform": "x"}).text
    assert 'id="code"' not in admin.post("/accounts/connect", {"platform": "x"}).text


def test_confirming_an_appointment_asks_for_the_factor_again(site: Site) -> None:
    lead, app = signed_in_with_app(site, "lead")
    site.city.clock.move(FRESH + STEP)
    with site.city.write() as session:
        waiting = appointments.record_person(
            session,
            actor=site.city.actor("admin"),
            now=site.city.now,
            name_mr="नवा अधिकारी",
            mail="new-officer@pmc.example",
            role=Role.OFFICER,
            department_id=site.city.departments["garden"],
        )
        session.flush()
        chosen = f"{waiting.id}-{confirmation.confirmation_digest(waiting)}"
        waiting_id = waiting.id
    page = Page(lead.post("/people/waiting", {"chosen": chosen}).text)
    carried = dict(page.form("prove"))
    code = app.code(site.city.now)
    assert lead.post("/confirm", {**carried, "password": PASSWORD, "code": code}).status_code == 200
    assert lead.post("/people/waiting", {"chosen": chosen}).status_code == 302
    with site.city.read() as session:
        appointment = session.get_one(Appointment, waiting_id)
        assert appointment.state is AppointmentState.CONFIRMED


def test_on_the_same_phone_a_link_opens_the_app_and_the_key_can_be_copied(site: Site) -> None:
    member = site.browser("member")
    member.post("/profile/second-factor")
    page = member.page("/profile/second-factor/app")
    addresses = [tag.get("href") for tag in page.all if tag.get("href").startswith("otpauth:")]
    key = next(tag for tag in page.all if tag.get("data-copy"))
    assert [pyotp.parse_uri(text).secret for text in addresses] == [key.text.replace(" ", "")]
    assert "फोनची वेळ" in page.text


def test_wrong_codes_do_not_lock_the_set_up_of_ones_own_app(site: Site) -> None:
    member = site.browser("member")
    member.post("/profile/second-factor")
    key = next(tag for tag in member.page("/profile/second-factor/app").all if tag.get("data-copy"))
    for _ in range(6):
        assert member.post("/profile/second-factor/code", {"code": "123456"}).status_code == 422
    right = pyotp.TOTP(key.text.replace(" ", "")).at(site.city.now)
    assert member.post("/profile/second-factor/code", {"code": right}).status_code == 200


def test_new_recovery_codes_are_asked_about_and_the_old_ones_called_void(site: Site) -> None:
    void = "आधीचे राखीव संकेतांक"
    member = site.browser("member")
    member.post("/profile/second-factor")
    key = next(tag for tag in member.page("/profile/second-factor/app").all if tag.get("data-copy"))
    right = pyotp.TOTP(key.text.replace(" ", "")).at(site.city.now)
    first = Page(member.post("/profile/second-factor/code", {"code": right}).text)
    assert void not in first.text
    assert [tag for tag in first.all if tag.get("data-copy")] != []
    page = member.page("/profile/second-factor")
    (form,) = (tag for tag in page.all if tag.get("action").endswith("/recovery-codes"))
    question = form.within("details")
    assert question is not None
    assert void in question.text
    assert void in Page(member.post(form.get("action")).text).text
