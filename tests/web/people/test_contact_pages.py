"""The pages that correct somebody's mail and mobile, and ask the owner."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from publisher.models.notifications import Notice
from publisher.models.people import ContactChange, Person
from tests.support.city_people import DAY, HOUR
from tests.web.html_page import Page
from tests.web.sign_in.test_second_factor import sign_in_to_the_code, with_app
from tests.web.site import PASSWORD, Site

NEW = "medha.new@pmc.example"


@pytest.fixture
def site(any_site: Site) -> Site:
    """The site on both databases."""
    return any_site


def path_of(site: Site, name: str = "first") -> str:
    return f"/people/{site.city.people[name]}"


def ask(site: Site, *, by: str = "admin", name: str = "first", mail: str = NEW) -> int:
    """Send the form, and return the change that waits; 0 if none does."""
    response = site.browser(by).post(path_of(site, name) + "/contacts", {"mail": mail})
    assert response.status_code == 302
    with site.city.read() as session:
        query = select(ContactChange.id).where(ContactChange.ended_at.is_(None))
        return session.scalar(query) or 0


def mail_of(site: Site, name: str = "first") -> str | None:
    with site.city.read() as session:
        return session.get_one(Person, site.city.people[name]).mail


def test_a_newcomers_mistyped_mail_is_mended_and_invited_anew(site: Site) -> None:
    admin = site.browser("admin")
    assert "ईमेल किंवा मोबाइल दुरुस्त करा" in admin.page(path_of(site))
    page = admin.page(path_of(site) + "/contacts")
    assert dict(page.form("contacts")) == {"mail": "first@pmc.example", "mobile": ""}
    assert ask(site) == 0
    assert mail_of(site) == NEW
    with site.city.read() as session:
        query = select(Notice.address).where(Notice.kind == "invitation")
        assert list(session.scalars(query)) == [NEW]
    assert "पुष्टी" in site.browser("lead").page("/people/waiting")


def test_the_owner_accepts_on_their_own_page_after_the_password(site: Site) -> None:
    owner = site.browser("first")
    change_id = ask(site)
    assert "/profile/contacts" in owner.get("/profile").text
    assert NEW in owner.page("/profile/contacts")
    site.city.clock.move(HOUR)
    accept = f"/profile/contacts/{change_id}/accept"
    assert "current-password" in owner.post(accept).text, "the password is asked for first"
    assert mail_of(site) == "first@pmc.example"
    assert owner.post("/confirm", {"password": PASSWORD}).status_code in (200, 302)
    assert owner.post(accept).status_code == 302
    assert mail_of(site) == NEW


def test_the_owner_refuses_what_is_not_theirs(site: Site) -> None:
    owner = site.browser("first")
    change_id = ask(site)
    stranger = site.browser("second")
    assert stranger.post(f"/profile/contacts/{change_id}/refuse").status_code == 404
    assert owner.post(f"/profile/contacts/{change_id}/refuse").status_code == 302
    assert NEW not in site.browser("admin").get(path_of(site)).text


def test_the_second_one_agrees_on_the_persons_page(site: Site) -> None:
    site.give_password("first")
    change_id = ask(site, by="lead")
    act = f"{path_of(site)}/contacts/{change_id}/second"
    assert act not in site.browser("lead").get(path_of(site)).text
    assert site.browser("lead").post(act).status_code == 409
    admin = site.browser("admin")
    assert act in admin.get(path_of(site)).text
    assert admin.post(act).status_code == 302
    with site.city.read() as session:
        change = session.get_one(ContactChange, change_id)
        assert change.in_force_at == site.city.now + DAY


def test_who_has_each_of_the_addresses_is_named_with_a_link(site: Site) -> None:
    with site.city.write() as session:
        session.get_one(Person, site.city.people["head"]).mobile = "+915550001111"
    typed = {"mail": "second@pmc.example", "mobile": "55500 01111"}
    response = site.browser("admin").post(path_of(site) + "/contacts", typed)
    assert response.status_code == 422
    page = Page(response.text)
    assert page.error_at("mail") == "हा ईमेल पत्ता नितीन घोलप यांचा आहे."
    assert page.error_at("mobile")
    assert dict(page.form("contacts")) == typed
    assert all(path_of(site, name) in response.text for name in ("second", "head"))


def test_only_who_may_record_the_person_opens_the_page(site: Site) -> None:
    for by, name, status in (
        ("clerk", "first", 403),
        ("lead", "admin", 403),
        ("lead", "lead", 409),
    ):
        assert site.browser(by).get(path_of(site, name) + "/contacts").status_code == status


def test_without_sms_a_number_alone_is_refused_in_words(site: Site) -> None:
    typed = {"name_mr": "वसंत काळे", "mobile": "5550001111", "role": "officer"}
    typed["department_id"] = str(site.city.departments["road"])
    admin = site.browser("admin")
    for path in ("/people/new", path_of(site) + "/contacts"):
        response = admin.post(path, typed)
        assert response.status_code == 422
        assert "एसएमएस" in Page(response.text).error_at("mail")


def test_an_owner_with_an_app_types_its_code_before_accepting(site: Site) -> None:
    app = with_app(site, "first")
    change_id = ask(site)
    owner = sign_in_to_the_code(site, "first")
    assert owner.post("/sign-in/factor", {"code": app.code(site.city.now)}).status_code == 302
    owner.forget_token()
    site.city.clock.move(HOUR)
    accept = f"/profile/contacts/{change_id}/accept"
    assert owner.post("/confirm", {"password": PASSWORD}).status_code in (200, 302)
    asked = Page(owner.post(accept).text)
    assert mail_of(site) == "first@pmc.example", "the password alone is not enough"
    typed = dict(asked.form("prove")) | {"password": PASSWORD, "code": app.code(site.city.now)}
    assert owner.post("/confirm", typed).status_code == 200
    assert owner.post(accept).status_code == 302
    assert mail_of(site) == NEW
