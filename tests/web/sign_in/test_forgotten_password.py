"""Forgotten passwords: everybody gets the same response, and a link or code signs nobody in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.auth.throttling import MOST_PER_ADDRESS, MOST_PER_IDENTIFIER
from publisher.models.history import Event
from publisher.models.notifications import Notice
from publisher.models.people import Person
from publisher.people.password_reset import CODE_LASTS, LINK_LASTS
from tests.web.html_page import Page
from tests.web.site import Browser, Site

NEW = "तळ्यात पाच बदके आणि चंद्र"
MOBILE = "+919822012345"


def request_password(site: Site, identifier: str, browser: Browser | None = None) -> str:
    """Request a new password, and return the redirect or the page."""
    response = (browser or site.nobody()).post("/forgotten", {"identifier": identifier})
    return response.headers.get("Location", "") or response.text


def sent(site: Site, kind: str) -> list[Notice]:
    with site.city.read() as session:
        query = select(Notice).where(Notice.kind == kind).order_by(Notice.id)
        return list(session.scalars(query))


def link_path(site: Site) -> str:
    """Return the path of the newest link that was mailed."""
    match = re.search(r"/forgotten/link/[\w-]+", sent(site, "password_link")[-1].body)
    assert match is not None
    return match.group(0)


def newest_code(site: Site) -> str:
    """Return the newest code that was sent."""
    match = re.search(r"\ue001(\d{8})\ue001", sent(site, "password_code")[-1].body)
    assert match is not None
    return match.group(1)


def with_mobile(site: Site, name: str = "member") -> None:
    with site.city.write() as session:
        session.get_one(Person, site.city.people[name]).mobile = MOBILE


def test_a_reset_answers_everybody_alike_and_mails_only_known_people(
    any_site: Site,
) -> None:
    with_mobile(any_site)
    any_site.city.disable("road_member")
    mails = ("member@pmc.example", "nobody@pmc.example", "road-member@pmc.example")
    assert {request_password(any_site, mail) for mail in mails} == {"/forgotten/sent?by=mail"}
    assert {
        request_password(any_site, identifier)
        for identifier in ("98220 12345", "98220 99999", "gibberish")
    } == {"/forgotten/sent?by=mobile"}
    assert [notice.address for notice in sent(any_site, "password_link")] == ["member@pmc.example"]
    codes = sent(any_site, "password_code")
    assert [(code.address, code.channel) for code in codes] == [(MOBILE, "sms")]
    assert any_site.nobody().get("/forgotten/sent?by=mail").status_code == 200


def test_a_link_sets_another_password_once_and_signs_nobody_in(any_site: Site) -> None:
    member = any_site.browser("member")
    request_password(any_site, "member@pmc.example")
    path, nobody = link_path(any_site), any_site.nobody()
    assert nobody.get(path).status_code == 200
    assert nobody.get(path).status_code == 200
    response = nobody.post(path, {"new_password": NEW})
    assert (response.status_code, response.headers["Location"]) == (302, "/sign-in")
    assert nobody.cookie() == ""
    assert member.get("/").status_code == 401, "every session ends"
    assert any_site.nobody().sign_in("member").status_code == 401
    assert any_site.nobody().sign_in("member", NEW).status_code == 302
    for again in (nobody.get(path), nobody.post(path, {"new_password": NEW + "!"})):
        assert again.status_code == 404
    verbs = any_site.city.verbs("people", any_site.city.people["member"])
    assert verbs[-2:] == ["forget_password", "reset_password"]
    notices = sent(any_site, "access_changed")
    assert [notice.address for notice in notices] == ["member@pmc.example"]


def test_a_code_by_sms_sets_another_password_once(site: Site) -> None:
    with_mobile(site)
    request_password(site, "98220 12345")
    fields = {"identifier": "०९८२२०१२३४५", "code": newest_code(site), "new_password": NEW}
    nobody = site.nobody()
    assert nobody.post("/forgotten/code", fields).status_code == 302
    assert nobody.cookie() == ""
    assert site.nobody().sign_in("member", NEW).status_code == 302
    again = nobody.post("/forgotten/code", {**fields, "new_password": NEW + "!"})
    assert again.status_code == 422
    assert site.nobody().sign_in("member", NEW + "!").status_code == 401


def test_a_code_cannot_be_guessed_without_end(site: Site) -> None:
    with_mobile(site)
    request_password(site, MOBILE)
    right = newest_code(site)
    wrong = f"{(int(right) + 1) % 10**8:08}"
    fields = {"identifier": MOBILE, "new_password": NEW}
    for _try in range(MOST_PER_IDENTIFIER):
        response = site.nobody().post("/forgotten/code", {**fields, "code": wrong})
        error = "संकेतांक बरोबर नाही किंवा त्याची मुदत संपली आहे. नवीन मागवावा."
        assert Page(response.text).error_at("code") == error
    response = site.nobody().post("/forgotten/code", {**fields, "code": right})
    assert response.status_code == 422


@pytest.mark.parametrize("by", ["link", "code"])
def test_a_reset_link_or_code_expires(site: Site, by: str) -> None:
    with_mobile(site)
    request_password(site, "member@pmc.example" if by == "link" else MOBILE)
    path = link_path(site) if by == "link" else "/forgotten/code"
    fields = {"new_password": NEW}
    if by == "code":
        fields |= {"identifier": MOBILE, "code": newest_code(site)}
    site.city.clock.move(LINK_LASTS if by == "link" else CODE_LASTS)
    assert site.nobody().post(path, fields).status_code in (404, 422)
    assert site.nobody().sign_in("member", NEW).status_code == 401


def test_a_new_reset_link_invalidates_the_previous_one(site: Site) -> None:
    request_password(site, "member@pmc.example")
    first = link_path(site)
    request_password(site, "member@pmc.example")
    assert site.nobody().get(first).status_code == 404
    assert site.nobody().get(link_path(site)).status_code == 200


def test_disabling_a_person_invalidates_the_reset_link(site: Site) -> None:
    request_password(site, "member@pmc.example")
    path = link_path(site)
    site.city.disable("member")
    assert site.nobody().get(path).status_code == 404
    assert site.nobody().post(path, {"new_password": NEW}).status_code == 404


def test_a_refused_password_does_not_use_up_the_link_or_code(site: Site) -> None:
    request_password(site, "member@pmc.example")
    path = link_path(site)
    response = site.nobody().post(path, {"new_password": "लहान"})
    assert response.status_code == 422
    assert Page(response.text).error_at("new_password") == "किमान १२ अक्षरे असावीत."
    assert site.nobody().post(path, {"new_password": NEW}).status_code == 302


def test_resets_of_one_account_are_throttled_without_being_visible(site: Site) -> None:
    places = {request_password(site, "member@pmc.example") for _ in range(MOST_PER_IDENTIFIER + 3)}
    assert places == {"/forgotten/sent?by=mail"}
    assert len(sent(site, "password_link")) == MOST_PER_IDENTIFIER
    site.city.clock.move(timedelta(minutes=16))
    request_password(site, "member@pmc.example")
    assert len(sent(site, "password_link")) == MOST_PER_IDENTIFIER + 1


def test_many_resets_from_one_address_are_throttled_but_sign_in_is_not(site: Site) -> None:
    site.give_password("member")
    nobody = site.nobody()
    for number in range(MOST_PER_ADDRESS):
        request_password(site, f"guess{number}@pmc.example", nobody)
    response = nobody.post("/forgotten", {"identifier": "member@pmc.example"})
    assert response.status_code == 429
    assert "लागोपाठ फार प्रयत्न झाले." in Page(response.text)
    assert nobody.sign_in("member").status_code == 302


def test_the_history_does_not_contain_what_was_typed(site: Site) -> None:
    request_password(site, "member@pmc.example")
    with site.city.read() as session:
        events = session.scalars(select(Event).where(Event.verb == "forget_password")).all()
        assert [event.details for event in events] == [{}]


def test_a_reset_without_an_address_or_number_is_an_error_at_its_field(site: Site) -> None:
    response = site.nobody().post("/forgotten", {"identifier": ""})
    assert response.status_code == 422
    error = "आपला ईमेल पत्ता किंवा मोबाइल क्रमांक लिहावा."
    assert Page(response.text).error_at("identifier") == error
