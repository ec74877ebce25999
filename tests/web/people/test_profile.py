"""The profile, which a person alone can change."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from publisher.auth.throttling import MOST_PER_IDENTIFIER
from publisher.models.notifications import Notice
from publisher.models.people import NoticeGroup, Person, Telling
from publisher.notifications import preferences
from publisher.people import appointments, invitations
from tests.web.html_page import Page
from tests.web.site import PASSWORD, Browser, Site

NEW = "तळ्यात पाच बदके आणि चंद्र"
WRITTEN = {
    "language": "mr",
    "approvals": "both",
    "comments": "sms",
    "deadlines": "mail",
}


def person(site: Site, name: str = "member") -> Person:
    with site.city.read() as session:
        return session.get_one(Person, site.city.people[name])


def notices(site: Site, kind: str) -> list[Notice]:
    with site.city.read() as session:
        query = select(Notice).where(Notice.kind == kind).order_by(Notice.id)
        return list(session.scalars(query))


def code(site: Site) -> str:
    match = re.search(r"\ue001(\d{8})\ue001", notices(site, "contact_code")[-1].body)
    assert match is not None
    return match.group(1)


def change(browser: Browser, old: str = PASSWORD, new: str = NEW, **more: str) -> Page:
    fields = {"password": old, "new_password": new, **more}
    return Page(browser.post("/profile/password", fields).text)


def test_the_keyboard_shortcuts_are_listed_and_turned_off_by_a_tick(any_site: Site) -> None:
    member = any_site.browser("member")
    page = member.page("/")
    (body,) = [element for element in page.all if element.tag == "body"]
    assert body.get("data-keys") == "/keys"
    assert "/keys" in [link.get("href") for link in page.all if link.tag == "a"], "a way in"
    assert "इनस्क्रिप्टमध्ये" in member.page("/keys")
    assert ("uses_keys", "y") in member.page("/profile").form("profile")
    assert member.post("/profile", WRITTEN).status_code == 302
    page = member.page("/profile")
    assert page.named("uses_keys")[0].attributes.get("checked") is None
    (body,) = [element for element in page.all if element.tag == "body"]
    assert not body.get("data-keys")
    assert member.post("/profile", {**WRITTEN, "uses_keys": "y"}).status_code == 302
    assert ("uses_keys", "y") in member.page("/profile").form("profile")


def test_language_and_notification_settings_are_saved(any_site: Site) -> None:
    member = any_site.browser("member")
    assert member.post("/profile", WRITTEN).status_code == 302
    page = member.page("/profile")
    assert dict(page.form("profile")) == WRITTEN
    person_row = person(any_site)
    with any_site.city.read() as session:
        chosen = preferences.read_preferences(session, person_id=person_row.id)
    assert chosen == {
        NoticeGroup.APPROVALS: Telling.BOTH,
        NoticeGroup.COMMENTS: Telling.SMS,
        NoticeGroup.DEADLINES: Telling.MAIL,
    }
    verbs = any_site.city.verbs("people", person_row.id)
    assert verbs[-1] == "choose_telling"


def test_the_pages_speak_the_chosen_language_and_so_do_the_mails(site: Site) -> None:
    member = site.browser("member")
    member.post("/profile", {**WRITTEN, "language": "en"})
    assert '<html lang="en">' in member.get("/profile").text
    assert person(site).language == "en"


def test_without_mail_everything_comes_by_sms_and_no_mail_is_offered(any_site: Site) -> None:
    member = any_site.browser("member")
    with any_site.city.write() as session:
        row = session.get_one(Person, any_site.city.people["member"])
        row.mail, row.mobile = None, "+915550011223"
        assert [way.channel for way in preferences.choose_routes(session, row, "review_asked")] == [
            "sms"
        ]
    page = member.page("/profile")
    assert set(dict(page.form("profile"))) == {"language", "uses_keys"}
    assert "ईमेल पत्ता नोंदवावा" in page.text
    assert member.post("/profile", {"language": "en"}).status_code == 302


def test_a_wrong_or_the_same_password_is_said_at_its_field(site: Site) -> None:
    member = site.browser("member")
    assert change(member, old=NEW + "!").error_at("password") == "सध्याचा पासवर्ड बरोबर नाही."
    same = change(member, new=PASSWORD)
    assert same.error_at("new_password") == "हा सध्याचाच पासवर्ड आहे. दुसरा निवडावा."
    assert change(member).errors() == []


def test_an_invalid_profile_has_errors_at_its_fields_and_keeps_the_input(site: Site) -> None:
    member = site.browser("member")
    response = member.post("/profile", {**WRITTEN, "language": "xx", "comments": "mail"})
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at("language") == "ही माहिती भरावी."
    assert dict(page.form("profile"))["comments"] == "mail"
    for name, value in (("language", ""), ("approvals", "pigeon")):
        assert member.post("/profile", {**WRITTEN, name: value}).status_code == 422


def test_changing_a_password_needs_the_old_one_and_can_end_other_sessions(
    any_site: Site,
) -> None:
    here, phone = any_site.browser("member"), any_site.browser("member")
    assert '<a href="/profile' in here.get("/profile/password").text
    response = here.post(
        "/profile/password", {"password": PASSWORD, "new_password": NEW, "end_others": "y"}
    )
    assert response.status_code == 302
    assert here.get("/profile").status_code == 200
    assert phone.get("/").status_code == 401
    assert any_site.nobody().sign_in("member").status_code == 401
    assert any_site.nobody().sign_in("member", NEW).status_code == 302
    assert [notice.address for notice in notices(any_site, "access_changed")] == [
        "member@pmc.example"
    ]
    assert any_site.city.verbs("people", any_site.city.people["member"])[-1] == "change_password"


def test_a_password_change_keeps_other_sessions_unless_asked(site: Site) -> None:
    here, phone = site.browser("member"), site.browser("member")
    change(here)
    assert phone.get("/").status_code == 200


def test_a_wrong_old_password_changes_nothing_and_is_throttled(site: Site) -> None:
    member = site.browser("member")
    for _try in range(MOST_PER_IDENTIFIER):
        page = change(member, old="not the password")
        assert "बरोबर नाही" in page.error_at("password")
    assert "लागोपाठ फार प्रयत्न झाले." in change(member).error_at("password")
    assert site.nobody().sign_in("member", NEW).status_code == 401


def test_a_refused_new_password_says_why(site: Site) -> None:
    member = site.browser("member")
    assert change(member, new="लहान").error_at("new_password") == "किमान १२ अक्षरे असावीत."
    assert change(member, new="").error_at("new_password") == "पासवर्ड लिहावा."
    assert site.nobody().sign_in("member").status_code == 302


def test_a_new_mail_address_counts_once_its_code_is_typed(any_site: Site) -> None:
    member = any_site.browser("member")
    fields = {"value": "Kiran.New@PMC.example", "password": PASSWORD}
    assert member.post("/profile/mail", fields).headers["Location"] == "/profile/code"
    assert person(any_site).mail == "member@pmc.example"
    (notice,) = notices(any_site, "contact_code")
    assert (notice.address, notice.channel) == ("kiran.new@pmc.example", "mail")
    assert "kiran.new@pmc.example" in member.page("/profile/code")
    assert member.post("/profile/code", {"code": code(any_site)}).status_code == 302
    assert person(any_site).mail == "kiran.new@pmc.example"
    sent = notices(any_site, "access_changed")
    assert [notice.address for notice in sent] == ["member@pmc.example"], "the one before is told"
    assert member.post("/profile/code", {"code": code(any_site)}).status_code == 302
    assert member.page("/profile").notices()[-1].startswith("या संकेतांकाची मुदत संपली आहे.")


def test_a_new_mobile_number_gets_its_code_by_sms(site: Site) -> None:
    member = site.browser("member")
    member.post("/profile/mobile", {"value": "98220 12345", "password": PASSWORD})
    (notice,) = notices(site, "contact_code")
    assert (notice.address, notice.channel) == ("+919822012345", "sms")
    member.post("/profile/code", {"code": code(site)})
    assert person(site).mobile == "+919822012345"


def test_a_wrong_code_changes_nothing_and_is_not_guessed_without_end(site: Site) -> None:
    member = site.browser("member")
    member.post("/profile/mail", {"value": "new@pmc.example", "password": PASSWORD})
    right = code(site)
    wrong = f"{(int(right) + 1) % 10**8:08}"
    for _try in range(MOST_PER_IDENTIFIER):
        response = member.post("/profile/code", {"code": wrong})
        assert "संकेतांक बरोबर नाही." in Page(response.text).error_at("code")
    response = member.post("/profile/code", {"code": right})
    assert "अनेक वेळा चुकीचा संकेतांक" in Page(response.text).error_at("code")
    assert person(site).mail == "member@pmc.example"


def test_somebody_elses_address_is_refused_and_only_its_owner_is_notified(site: Site) -> None:
    member = site.browser("member")
    fields = {"value": "head@pmc.example", "password": PASSWORD}
    assert member.post("/profile/mail", fields).status_code == 302
    assert member.post("/profile/code", {"code": code(site)}).status_code == 302
    assert "दुसऱ्या व्यक्तीचा आहे" in member.page("/profile").notices()[0]
    assert person(site).mail == "member@pmc.example"


def test_a_contact_is_not_changed_without_the_password(site: Site) -> None:
    member = site.browser("member")
    fields = {"value": "new@pmc.example", "password": "not the password"}
    page = Page(member.post("/profile/mail", fields).text)
    assert "बरोबर नाही" in page.error_at("password")
    assert notices(site, "contact_code") == []


def test_an_invalid_or_unchanged_address_is_an_error_at_its_field(site: Site) -> None:
    member = site.browser("member")
    for value, error in (
        ("", "ही माहिती भरावी."),
        ("pmc", "ही माहिती बरोबर दिसत नाही. तपासून पुन्हा लिहावी."),
        ("member@pmc.example", "हीच नोंद आधीपासून आहे."),
    ):
        response = member.post("/profile/mail", {"value": value, "password": PASSWORD})
        assert Page(response.text).error_at("value") == error


def test_ending_all_other_sessions_keeps_this_one(site: Site) -> None:
    here, phone, desk = (site.browser("member") for _ in range(3))
    stranger = site.browser("road_member")
    assert here.post("/sessions/end-others").status_code == 302
    assert here.page("/sessions").notices() == ["२ उपकरणांवरून साइन आउट केले."]
    assert phone.get("/").status_code == desk.get("/").status_code == 401
    assert stranger.get("/").status_code == 200
    assert "इतर सर्व उपकरणांवरून साइन आउट करा" not in here.page("/sessions")


def test_codes_that_one_person_requests_for_others_are_throttled(site: Site) -> None:
    member = site.browser("member")
    for number in range(MOST_PER_IDENTIFIER):
        fields = {"value": f"stranger-{number}@pmc.example", "password": PASSWORD}
        assert member.post("/profile/mail", fields).status_code == 302
    response = member.post("/profile/mail", {**fields, "value": "one-more@pmc.example"})
    assert response.status_code == 422
    assert "लागोपाठ फार प्रयत्न झाले." in Page(response.text).error_at("password")
    assert len(notices(site, "contact_code")) == MOST_PER_IDENTIFIER


@pytest.mark.parametrize("kind", ["password_link", "invitation"])
def test_a_link_to_set_the_password_dies_when_the_password_is_changed(
    site: Site, kind: str
) -> None:
    path = link_to_set_it(site, kind)
    change(site.browser("member"))
    assert is_dead(site, path)
    assert site.nobody().sign_in("member", NEW).status_code == 302


@pytest.mark.parametrize("kind", ["password_link", "invitation"])
def test_a_link_in_the_old_mailbox_dies_when_the_address_is_changed(site: Site, kind: str) -> None:
    path = link_to_set_it(site, kind)
    member = site.browser("member")
    member.post("/profile/mail", {"value": "kiran.new@pmc.example", "password": PASSWORD})
    assert member.post("/profile/code", {"code": code(site)}).status_code == 302
    assert is_dead(site, path)
    fields = {"identifier": "kiran.new@pmc.example", "password": PASSWORD}
    assert site.nobody().post("/sign-in", fields).status_code == 302


def test_an_invitation_dies_when_another_password_is_set_by_a_link(site: Site) -> None:
    path = link_to_set_it(site, "invitation")
    assert site.nobody().post(link_to_set_it(site), {"new_password": NEW}).status_code == 302
    assert is_dead(site, path)


def test_enabling_a_person_again_does_not_restore_their_links(site: Site) -> None:
    path = link_to_set_it(site)
    site.city.disable("member")
    with site.city.write() as session:
        appointments.enable_person(
            session,
            actor=site.city.actor("admin"),
            person=session.get_one(Person, site.city.people["member"]),
            now=site.city.now,
        )
    assert is_dead(site, path)


def link_to_set_it(site: Site, kind: str = "password_link") -> str:
    """Return the path of a link that sets the member's password."""
    if kind == "invitation":
        with site.city.write() as session:
            invitations.invite(
                session,
                actor=site.city.actor("admin"),
                person=session.get_one(Person, site.city.people["member"]),
                now=site.city.now,
            )
    else:
        site.nobody().post("/forgotten", {"identifier": "member@pmc.example"})
    match = re.search(r"/(?:forgotten/link|invitation)/[\w-]+", notices(site, kind)[-1].body)
    assert match is not None
    assert site.nobody().get(match.group(0)).status_code == 200
    return match.group(0)


def is_dead(site: Site, path: str) -> bool:
    """Return whether the link neither opens nor sets a password."""
    fields = {"new_password": NEW + "!", "password": NEW + "!"}
    answers = [site.nobody().get(path), site.nobody().post(path, fields)]
    # A used invitation leads to the sign-in.
    leads_on = all(answer.headers.get("Location", "/sign-in") == "/sign-in" for answer in answers)
    codes = {answer.status_code for answer in answers}
    return (
        codes <= {302, 404}
        and leads_on
        and site.nobody().sign_in("member", NEW + "!").status_code == 401
    )


def test_the_profile_leads_to_the_passkeys(site: Site) -> None:
    assert "/profile/second-factor#passkeys" in site.browser("first").get("/profile").text
