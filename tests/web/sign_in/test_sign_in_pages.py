"""Signing in, ending sessions, appointments, invitations, and confirming a sign-in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import Cookie

from approvals.policy import FRESH, Role
from publisher.auth.sessions import ABSOLUTE_LIMIT, IDLE_LIMIT
from publisher.models.deliveries import Account, Delivery
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import KnownDevice, Person, SignIn
from publisher.people import appointments, permissions
from publisher.settings.delivery import SchedulingSettings
from publisher.states import AccountState
from tests.support.city_people import DAY, HOUR, MINUTE
from tests.web.html_page import Page
from tests.web.site import PASSWORD, Browser, Site

NOT_RIGHT = "ईमेल पत्ता, मोबाइल क्रमांक किंवा पासवर्ड बरोबर नाही. तपासून पुन्हा प्रयत्न करावा."
NEW_PASSWORD = "तळ्यात पाच बदके आणि चंद्र"


def test_signing_in_begins_a_new_session(site: Site) -> None:
    """A session that an attacker planted in the browser is not used."""
    planted = site.browser("road_member")
    old, token = planted.cookie(), planted.token
    site.give_password("member")
    planted.sign_in("member")
    assert planted.cookie() not in ("", old)
    assert planted.post("/language", {"lang": "en"}, token=token).status_code == 400
    thief = site.nobody()
    with thief.client.session_transaction(base_url="https://127.0.0.1") as cookies:
        cookies["sign_in"] = old
    assert "किरण वाबळे" not in thief.get("/").text


def test_a_sign_in_form_that_is_sent_again_leads_to_today(site: Site) -> None:
    site.give_password("member")
    browser = site.nobody()
    browser.get("/sign-in")
    token = browser.token
    assert browser.sign_in("member").status_code == 302
    mail = {"identifier": "member@pmc.example", "password": PASSWORD}
    again = browser.post("/sign-in", mail, token=token)
    assert (again.status_code, again.headers.get("Location")) == (302, "/")
    assert browser.get("/").status_code == 200
    other = {**mail, "identifier": "first@pmc.example"}
    assert browser.post("/sign-in", other, token=token).status_code == 400
    # What is carried through the sign-in is not thrown away, and no other site signs anybody in.
    carried = {**mail, "kept_path": "/submissions/1/note", "kept:note": "टीप"}
    assert "टीप" in Page(browser.post("/sign-in", carried, token=token).text)
    assert browser.post("/sign-in", mail, token=token, site="cross-site").status_code == 400


def test_signing_out_ends_the_session_for_whoever_copied_the_cookie(site: Site) -> None:
    member, thief = site.browser("member"), site.nobody()
    with thief.client.session_transaction(base_url="https://127.0.0.1") as cookies:
        cookies["sign_in"] = member.cookie()
    assert thief.get("/").status_code == 200
    assert member.post("/sign-out").status_code == 302
    assert thief.get("/").status_code == 401
    assert member.get("/").status_code == 401


def test_a_session_ends_after_a_break_and_after_a_week_in_any_case(site: Site) -> None:
    idle, busy = site.browser("member"), site.browser("clerk")
    site.city.clock.move(IDLE_LIMIT)
    assert idle.get("/").status_code == 401
    busy = site.browser("clerk")
    for _hour in range(int(ABSOLUTE_LIMIT / HOUR) - 1):
        site.city.clock.move(HOUR)
        if _hour % 6 == 0:
            assert busy.get("/appointments").status_code == 200
    site.city.clock.move(HOUR)
    assert busy.get("/").status_code == 401


def test_one_signs_in_by_mobile_number_in_any_spelling(site: Site) -> None:
    with site.city.write() as session:
        session.get_one(Person, site.city.people["member"]).mobile = "+919822012345"
    site.give_password("member")
    for number in ("98220 12345", "+91 98220-12345", "०९८२२०१२३४५"):
        response = site.nobody().post("/sign-in", {"identifier": number, "password": PASSWORD})
        assert response.status_code == 302, number


def test_what_is_missing_is_told_at_its_field(site: Site) -> None:
    response = site.nobody().post("/sign-in", {"identifier": "", "password": ""})
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at("identifier") == "आपला ईमेल पत्ता किंवा मोबाइल क्रमांक लिहावा."
    assert page.error_at("password") == "आपला पासवर्ड लिहावा."


def test_the_page_does_not_say_whether_an_account_exists(site: Site) -> None:
    site.give_password("member")
    site.give_password("road_member")
    site.city.disable("road_member")
    answers = {
        name: site.nobody().sign_in(name, "not the password")
        for name in ("member", "nobody_at_all", "road_member")
    }
    for response in answers.values():
        assert response.status_code == 401
        assert NOT_RIGHT in Page(response.text)


def fail_five_times(site: Site, name: str = "member") -> None:
    """Fail to sign in as this person, in a stranger's browser."""
    stranger = site.nobody()
    codes = [stranger.sign_in(name, "not the password").status_code for _try in range(5)]
    assert codes == [401] * 5


def sign_in_codes(site: Site) -> list[str]:
    with site.city.read() as session:
        notices = session.scalars(select(Notice).where(Notice.kind == "sign_in_code"))
        return re.findall(r"\ue001(\d{8})\ue001", " ".join(notice.body for notice in notices))


def test_an_unknown_device_types_a_code_after_many_failures(any_site: Site) -> None:
    any_site.give_password("member")
    fail_five_times(any_site)
    member = any_site.nobody()
    response = member.sign_in("member", next="/submissions")
    assert response.status_code == 401
    assert "संकेतांक ५ सेकंदांनी लिहिता येईल." in Page(response.text)
    (code,) = sign_in_codes(any_site)
    early = member.post("/sign-in/code", {"code": code, "next": "/submissions"})
    assert early.status_code == 429
    assert Page(early.text).error_at("code") == "संकेतांक ५ सेकंदांनी लिहिता येईल."
    any_site.city.clock.move(timedelta(seconds=5))
    assert "सेकंदांनी" not in member.get("/sign-in/code").text
    wrong = member.post("/sign-in/code", {"code": "12345678"})
    assert wrong.status_code == 401
    entered = member.post("/sign-in/code", {"code": code, "next": "/submissions"})
    assert (entered.status_code, entered.headers["Location"]) == (302, "/submissions")
    assert member.get("/").status_code == 200
    assert member.get("/sign-in/code").headers["Location"] == "/sign-in"


@pytest.mark.ci
def test_right_and_wrong_passwords_are_answered_alike_after_many_failures(site: Site) -> None:
    answers = []
    for name, password in (("member", PASSWORD), ("clerk", "wrong"), ("nobody", "wrong")):
        if name != "nobody":
            site.give_password(name)
        fail_five_times(site, name)
        visitor = site.nobody()
        response = visitor.sign_in(name, password)
        page = re.sub(r'(csrf_token" value=")[^"]+', r"\1", response.text)
        again = visitor.post("/sign-in/code", {"code": "12345678"}).status_code
        answers.append((response.status_code, page, again))
    assert answers[0] == answers[1] == answers[2]


def test_a_known_device_gets_in_past_a_strangers_failures(any_site: Site) -> None:
    any_site.give_password("member")
    member = any_site.nobody()
    assert member.sign_in("member").status_code == 302
    member.post("/sign-out")
    member.forget_token()
    fail_five_times(any_site)
    assert member.sign_in("member").status_code == 302


def device_cookie(browser: Browser) -> Cookie:
    cookie = browser.client.get_cookie("__Host-nagarvani-device", domain="127.0.0.1")
    assert cookie is not None
    return cookie


def test_the_cookie_of_a_device_is_for_this_host_alone_and_30_days(site: Site) -> None:
    site.give_password("member")
    member = site.nobody()
    member.sign_in("member")
    cookie = device_cookie(member)
    flags = (cookie.secure, cookie.http_only, cookie.same_site, cookie.path, cookie.max_age)
    assert flags == (True, True, "Strict", "/", 30 * 24 * 3600)
    assert cookie.origin_only


@pytest.mark.ci
def test_a_forged_cookie_or_that_of_another_makes_no_device_known(site: Site) -> None:
    cookies = {"member": "x", "clerk": "x"}
    for name in cookies:
        site.give_password(name)
        browser = site.nobody()
        browser.sign_in(name)
        cookies[name] = device_cookie(browser).value
    fail_five_times(site)
    body, signature = cookies["member"].rsplit(".", 1)
    for cookie in (body, f"{body}.{signature[::-1]}", f'"{body}"', "é", cookies["clerk"]):
        thief = site.nobody()
        thief.client.set_cookie("__Host-nagarvani-device", cookie, domain="127.0.0.1", secure=True)
        response = thief.sign_in("member")
        assert response.status_code == 401
        assert Page(response.text).form("sign-in-code")


def test_a_shared_computer_is_not_remembered(site: Site) -> None:
    site.give_password("member")
    member = site.nobody()
    assert member.sign_in("member", is_shared="y").status_code == 302
    assert member.client.get_cookie("__Host-nagarvani-device", domain="127.0.0.1") is None
    session_cookie = member.client.get_cookie("__Host-nagarvani", domain="127.0.0.1")
    assert session_cookie is not None
    assert session_cookie.expires is None, "it ends with the browser"
    site.city.clock.move(29 * MINUTE)
    assert member.get("/").status_code == 200
    site.city.clock.move(31 * MINUTE)
    assert member.get("/").status_code == 401


def test_what_was_written_is_carried_past_the_code(site: Site) -> None:
    site.give_password("member")
    fail_five_times(site)
    member = site.nobody()
    carried = {"kept_path": "/submissions/new", "kept:title": "अर्धवट शीर्षक"}
    response = member.sign_in("member", **carried)
    fields = Page(response.text).form("sign-in-code")
    assert ("kept:title", "अर्धवट शीर्षक") in fields
    site.city.clock.move(MINUTE)
    (code,) = sign_in_codes(site)
    entered = member.post("/sign-in/code", {"code": code, **carried})
    assert "अर्धवट शीर्षक" in entered.text


def test_a_disabled_persons_session_ends_at_once(any_site: Site) -> None:
    member, admin = any_site.browser("member"), any_site.browser("admin")
    assert member.get("/").status_code == 200
    person = any_site.city.people["member"]
    assert admin.post(f"/people/{person}/disable").status_code == 302
    assert member.get("/").status_code == 401
    refused = any_site.nobody().sign_in("member")
    assert refused.status_code == 401
    assert "हा प्रवेश बंद केलेला आहे. कक्षाशी संपर्क साधावा." in Page(refused.text)
    assert admin.post(f"/people/{person}/enable").status_code == 302
    assert member.get("/").status_code == 401
    assert any_site.nobody().sign_in("member").status_code == 302


def test_a_session_ends_with_its_only_appointment(site: Site) -> None:
    member = site.browser("member")
    site.city.end("member")
    assert member.get("/").status_code == 401


def appoint_again(site: Site, name: str, role: Role, department: str) -> int:
    """Appoint a person a second time, and return the appointment's id."""
    with site.city.write() as session:
        person = session.get_one(Person, site.city.people[name])
        appointment_id = appointments.record_person(
            session,
            actor=permissions.COMMAND,
            now=site.city.now - DAY,
            name_mr=person.name_mr,
            mail=person.mail,
            role=role,
            department_id=site.city.departments[department],
        )
        return appointment_id.id


def test_a_session_acts_under_the_appointment_that_was_chosen(site: Site) -> None:
    roads = appoint_again(site, "member", Role.OFFICER, "garden")
    water_item = site.city.hand_in()
    garden_item = site.city.hand_in(department="garden")
    member = site.browser("member")
    assert member.get(f"/submissions/{water_item}").status_code == 200
    assert member.get(f"/submissions/{garden_item}").status_code == 404
    page = member.page("/appointments")
    assert dict(page.form_to("/appointments")) == {"appointment": str(roads)}
    assert member.post("/appointments", {"appointment": str(roads)}).status_code == 302
    assert member.get(f"/submissions/{water_item}").status_code == 404
    assert member.get(f"/submissions/{garden_item}").status_code == 200


def test_nobody_acts_under_somebody_elses_appointment_or_an_ended_one(site: Site) -> None:
    ended = appoint_again(site, "member", Role.MEMBER, "road")
    with site.city.write() as session:
        person = session.get_one(Person, site.city.people["member"])
        ended_appointment = next(
            appointment for appointment in person.appointments if appointment.id == ended
        )
        appointments.end_appointment(
            session, actor=permissions.COMMAND, appointment=ended_appointment, now=site.city.now
        )
    member = site.browser("member")
    for appointment in (site.city.appointments["admin"], ended):
        response = member.post("/appointments", {"appointment": str(appointment)})
        assert response.status_code == 404
        assert member.get("/people").status_code == 403


def test_one_sees_ones_own_sessions_and_ends_another(site: Site) -> None:
    here, phone = site.browser("member"), site.browser("member")
    stranger = site.browser("road_member")
    ends = [path for path in actions(here, "/sessions") if re.match(r"/sessions/\d+/end", path)]
    assert len(ends) == 1
    assert stranger.post(ends[0]).status_code == 404
    assert phone.get("/").status_code == 200
    assert here.post(ends[0]).status_code == 302
    assert phone.get("/").status_code == 401
    assert here.get("/").status_code == 200


def invitation(site: Site) -> str:
    """Invite the road department's member, and return the path of the link."""
    lead = site.browser("lead")
    assert lead.post(f"/people/{site.city.people['road_member']}/invite").status_code == 302
    with site.city.read() as session:
        mail = session.scalars(select(Notice).order_by(Notice.id.desc())).first()
        assert mail is not None
        match = re.search(r"/invitation/[\w-]+", mail.body)
        assert match is not None, mail.body
        return match.group(0)


def test_an_invitation_sets_the_first_password_once(any_site: Site) -> None:
    path, nobody = invitation(any_site), any_site.nobody()
    assert nobody.get(path).status_code == 200
    assert nobody.get(path).status_code == 200
    assert nobody.post(path, {"new_password": NEW_PASSWORD}).status_code == 302
    assert nobody.cookie() == ""
    fields = dict(nobody.page("/sign-in").form("sign-in"))
    assert fields["identifier"] == "road-member@pmc.example"  # once, in this browser alone
    assert dict(nobody.page("/sign-in").form("sign-in"))["identifier"] == ""
    assert any_site.nobody().sign_in("road_member", NEW_PASSWORD).status_code == 302
    for again in (None, {"new_password": NEW_PASSWORD + "!"}):
        response = nobody.get(path) if again is None else nobody.post(path, again)
        assert (response.status_code, response.headers["Location"]) == (302, "/sign-in")
        page = nobody.page("/sign-in")
        assert "पासवर्ड आधीच निश्चित केला आहे. त्याने साइन इन करावे." in page
        assert "road-member" not in page.html
    assert any_site.nobody().sign_in("road_member", NEW_PASSWORD + "!").status_code == 401


def test_a_new_invitation_makes_the_one_before_void_and_so_does_time(site: Site) -> None:
    first, second = invitation(site), invitation(site)
    response = site.nobody().get(first)
    assert response.status_code == 404
    assert "ही लिंक आधीच वापरली आहे किंवा तिची मुदत संपली आहे. कक्षाकडून नवीन लिंक मागवावी." in Page(
        response.text
    )
    assert site.nobody().get(second).status_code == 200
    site.city.clock.move(timedelta(days=14))
    assert site.nobody().get(second).status_code == 404


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("", "पासवर्ड लिहावा."),
        ("लहान", "किमान १२ अक्षरे असावीत."),
        ("password1234", "हा पासवर्ड अनेक जण वापरतात. आपले स्वतःचे काही शब्द एकत्र लिहावेत."),
    ],
)
def test_a_first_password_that_will_not_do_says_why(site: Site, password: str, error: str) -> None:
    path = invitation(site)
    response = site.nobody().post(path, {"new_password": password})
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at("new_password") == error
    assert not password or password not in page.html
    assert site.nobody().get(path).status_code == 200


def confirm(browser: Browser, answer_text: str, password: str = PASSWORD) -> Page:
    """Enter the password that an action asks for."""
    fields = [field for field in Page(answer_text).form("prove") if field[0] != "password"]
    return Page(browser.post("/confirm", [*fields, ("password", password)]).text)


def sign_in_long_ago(site: Site, name: str) -> Browser:
    """Return a browser whose sign-in is too old for actions that need a fresh one."""
    site.give_password(name)
    browser = site.browser(name)
    site.city.clock.move(FRESH + MINUTE)
    return browser


def test_publishing_now_asks_for_the_password_and_then_goes_on(any_site: Site) -> None:
    city = any_site.city
    post = city.approved()
    path = f"/posts/{post}/publish-now"
    clerk = sign_in_long_ago(any_site, "clerk")
    response = clerk.post(path, {"chosen": str(city.variants(post)[0])})
    assert response.status_code == 200
    assert delivery_of(any_site, post) is None
    wrong = confirm(clerk, response.text, "not the password")
    assert wrong.error_at("password") == "सध्याचा पासवर्ड बरोबर नाही."
    confirmed = confirm(clerk, wrong.html)
    assert "पुष्टी झाली. आता ती कृती करावी." in confirmed
    assert delivery_of(any_site, post) is None
    assert clerk.post(path, confirmed.form_to(path)).status_code == 302
    delivery = delivery_of(any_site, post)
    assert delivery is not None
    assert delivery.due_at == city.now + SchedulingSettings().take_back


def delivery_of(site: Site, post_id: int) -> Delivery | None:
    """Return the delivery of a post, or None."""
    with site.city.read() as session:
        return session.scalars(select(Delivery).where(Delivery.post_id == post_id)).one_or_none()


@pytest.mark.parametrize("act", ["send-again", "live"])
def test_settling_a_held_delivery_asks_for_the_password_and_then_goes_on(
    site: Site, act: str
) -> None:
    delivery_id = site.city.hold()
    path = f"/deliveries/{delivery_id}/{act}"
    officer = sign_in_long_ago(site, "first")
    address = "https://platform.example/pmc_x/status/1000"
    link = {"link": address} if act == "live" else {}
    response = officer.post(path, link)
    assert site.city.delivery(delivery_id).state == "held"
    confirmed = confirm(officer, response.text)
    assert officer.post(path, confirmed.form_to(path)).status_code == 302
    assert (
        site.city.delivery(delivery_id).state
        == {"send-again": "scheduled", "live": "published"}[act]
    )


def test_checking_an_account_asks_for_the_password_and_then_goes_on(site: Site) -> None:
    account_id = site.city.accounts["x"]
    with site.city.write() as session:
        session.get_one(Account, account_id).state = AccountState.PAUSED
    path = f"/accounts/{account_id}/check"
    admin = sign_in_long_ago(site, "admin")
    response = admin.post(path)
    confirmed = confirm(admin, response.text)
    assert admin.post(path, confirmed.form_to(path)).status_code == 302
    assert admin.page("/accounts").notices() == ["सोशल मिडिया खाते सुरू आहे."]
    with site.city.read() as session:
        assert session.get_one(Account, account_id).state is AccountState.CONNECTED


def test_a_fresh_sign_in_cannot_be_guessed_without_end(site: Site) -> None:
    post = site.city.approved()
    path = f"/posts/{post}/publish-now"
    clerk = sign_in_long_ago(site, "clerk")
    text = clerk.post(path, {"chosen": str(site.city.variants(post)[0])}).text
    for _try in range(5):
        confirm(clerk, text, "not the password")
    assert "लागोपाठ फार प्रयत्न झाले." in confirm(clerk, text).error_at("password")


def test_the_last_admin_cannot_be_shut_out_by_anybody(any_site: Site) -> None:
    city = any_site.city
    admin, lead = any_site.browser("admin"), any_site.browser("lead")
    person, appointment_id = city.people["admin"], city.appointments["admin"]
    responses = {
        "disable": admin.post(f"/people/{person}/disable"),
        "disable by the lead": lead.post(f"/people/{person}/disable"),
        "end": admin.post(f"/people/{person}/appointments/{appointment_id}/end"),
        "end by the lead": lead.post(f"/people/{person}/appointments/{appointment_id}/end"),
    }
    assert {name: response.status_code for name, response in responses.items()} == dict.fromkeys(
        responses, 409
    )
    assert admin.get("/people").status_code == 200


def test_one_of_two_admins_can_shut_the_other_out_but_not_the_last_one(site: Site) -> None:
    site.city.appoint("second_admin", Role.ADMIN, "information-technology", "सुहास गोखले")
    second = site.browser("second_admin")
    first_id = site.city.people["admin"]
    assert second.post(f"/people/{first_id}/disable").status_code == 302
    response = second.post(f"/people/{site.city.people['second_admin']}/disable")
    assert response.status_code == 409
    assert second.get("/people").status_code == 200


def test_sessions_say_what_device_they_are_of_as_text(site: Site) -> None:
    """A browser chooses its own name, which is escaped."""
    member = site.browser("member")
    with site.city.write() as session:
        session.scalars(select(SignIn)).one().device = "<img src=x onerror=alert(1)>"
    assert "<img src=x" not in member.get("/sessions").text


CHROME = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36"
)


@pytest.mark.parametrize(
    ("user_agent", "plain"),
    [
        (CHROME, "Chrome, Android"),
        (f"{CHROME} EdgA/140.0", "Edge, Android"),
        (f"{CHROME} OPR/95", "Opera, Android"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
            "Firefox, Linux",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X) Version/18.0 Safari/605.1",
            "Safari, Mac",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140.0", "Chrome, iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("x" * 200, "x" * 60),
        ("", "अनोळखी उपकरण"),
    ],
)
def test_sessions_and_devices_are_named_by_browser_and_system(
    site: Site, user_agent: str, plain: str
) -> None:
    site.give_password("member")
    member = site.nobody()
    member.client.environ_base["HTTP_USER_AGENT"] = user_agent
    member.sign_in("member")
    page = member.page("/sessions")
    assert page.text.count(plain) >= 2
    assert "पासवर्डने" in page


def test_one_ends_a_known_device_and_no_other_persons(any_site: Site) -> None:
    any_site.give_password("member")
    member, stranger = any_site.nobody(), any_site.browser("road_member")
    member.sign_in("member")
    (end,) = [path for path in actions(member, "/sessions") if "/devices/" in path]
    assert "हे उपकरण" in member.page("/sessions")
    assert stranger.post(end).status_code == 404
    assert member.post(end).status_code == 302
    assert member.get("/").status_code == 200, "the session goes on"
    fail_five_times(any_site)
    assert member.sign_in("member").status_code == 401


def actions(browser: Browser, path: str) -> list[str]:
    """Return where the forms of a page are sent."""
    return [str(form.get("action")) for form in browser.page(path).all]


def test_an_admin_ends_sessions_and_devices_of_others(any_site: Site) -> None:
    any_site.give_password("member")
    admin, lead, member = any_site.browser("admin"), any_site.browser("lead"), any_site.nobody()
    member.sign_in("member")
    listed = f"/people/{any_site.city.people['member']}/sessions"
    device, session_path = sorted(
        path for path in actions(admin, listed) if path.endswith("/end") and "/people/" in path
    )
    assert admin.post(session_path).status_code == 302
    assert member.get("/").status_code == 401
    assert admin.post(device).status_code == 302
    again = any_site.browser("member")
    assert admin.post(f"{listed}/end-all").status_code == 302
    assert again.get("/").status_code == 401
    assert "कोठेही" in admin.page(listed)
    with any_site.city.read() as session:
        verbs = [event.verb for event in session.scalars(select(Event).order_by(Event.id))]
    assert [verb for verb in verbs if verb in ("end_session", "end_device", "end_access")] == [
        *("end_session", "end_device", "end_access")
    ]
    own, above = (f"/people/{any_site.city.people[name]}/sessions" for name in ("lead", "admin"))
    assert lead.get(above).status_code == 403
    assert lead.post(f"{above}/end-all").status_code == 403
    assert lead.post(f"{own}/end-all").status_code == 409
    assert member.get(listed).status_code == 401
    assert any_site.browser("member").get(listed).status_code == 403


def test_an_admin_ends_nothing_of_one_person_by_anothers_page(site: Site) -> None:
    site.give_password("clerk")
    clerk, admin = site.nobody(), site.browser("admin")
    clerk.sign_in("clerk")
    clerk_id, member_id = site.city.people["clerk"], site.city.people["member"]
    with site.city.read() as session:
        own_session = session.scalars(select(SignIn.id).where(SignIn.person_id == clerk_id)).one()
        device = session.scalars(select(KnownDevice.id).where(KnownDevice.person_id == clerk_id))
        paths = (f"sessions/{own_session}/end", f"devices/{device.one()}/end")
    for path in paths:
        assert admin.post(f"/people/{member_id}/{path}").status_code == 404
    assert clerk.get("/").status_code == 200


def test_the_language_that_somebody_chose_is_kept(site: Site) -> None:
    member = site.browser("member")
    assert '<html lang="mr">' in member.get("/").text
    response = member.post("/language", {"lang": "en", "next": "/submissions"})
    assert response.headers["Location"] == "/submissions"
    assert '<html lang="en">' in member.get("/").text
    assert '<html lang="en">' in site.browser("member").get("/").text
