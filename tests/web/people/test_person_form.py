"""The form that records a person: it presumes nothing, and shows every error at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import select

from approvals.policy import Role
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Person
from publisher.notifications.sms import find_unknown_templates, missing_codes
from publisher.settings.sms import SmsTemplate, read_templates
from tests.support.runs import REGISTERED_SMS
from tests.web.html_page import Page
from tests.web.site import Site

MAIL = "vasant@pmc.example"


def fields_of(site: Site, **changes: str) -> dict[str, str]:
    """Return the fields of a form that records an officer of the roads."""
    department_id = str(site.city.departments["road"])
    fields = {"name_mr": "वसंत काळे", "mail": MAIL, "role": "officer"}
    return {**fields, "department_id": department_id, **changes}


def options_of(page: Page, name: str) -> list[tuple[str, str]]:
    """Return value and text of each option of a drop-down list."""
    field = page.named(name)[0]
    own = [element for element in page.all if element.within("select") is field]
    return [(option.get("value"), option.text) for option in own if option.tag == "option"]


def recorded(site: Site) -> list[Role]:
    with site.city.read() as session:
        query = select(Appointment.role).join(Appointment.person).where(Person.mail == MAIL)
        return list(session.scalars(query))


@pytest.mark.parametrize("address", ["/people/new", "/people/new?department=road"])
def test_no_role_is_preselected_and_admin_is_last(site: Site, address: str) -> None:
    page = site.browser("admin").page(address)
    roles = [value for value, _text in options_of(page, "role")]
    assert (roles[0], roles[-1]) == ("", "admin")
    fields = dict(page.form("person"))
    assert fields["role"] == ""
    chosen = str(site.city.departments["road"]) if "?" in address else ""
    assert fields["department_id"] == chosen


@pytest.mark.parametrize("language", ["mr", "en"])
def test_departments_are_sorted_in_the_language_of_the_page(site: Site, language: str) -> None:
    browser = site.browser("admin")
    browser.post("/language", {"lang": language})
    names = [text for _value, text in options_of(browser.page("/people/new"), "department_id")][1:]
    assert names == sorted(names)
    assert len(names) == len(site.city.departments)


def test_every_error_is_shown_at_once_and_everything_typed_is_kept(site: Site) -> None:
    typed = fields_of(site, name_mr="", mail="vasant", mobile="12", role="", department_id="")
    typed |= {"order_number": "आ" * 81, "name_en": "Vasant Kale"}
    response = site.browser("admin").post("/people/new", typed)
    assert response.status_code == 422
    page = Page(response.text)
    wrong = ("name_mr", "mail", "mobile", "role", "department_id", "order_number")
    assert all(page.error_at(name) for name in wrong)
    kept = dict(page.form("person"))
    assert {name: kept[name] for name in typed} == typed


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"mail": "first@pmc.example"}, "name_mr"),
        ({"mail": "clerk@pmc.example", "mobile": "+91 55500 11223"}, "mobile"),
        ({"name_mr": "मेधा सातपुते", "mail": "first@pmc.example", "mobile": "5550008888"}, "mobile"),
    ],
)
def test_who_has_the_address_is_named_with_a_link(
    site: Site, typed: dict[str, str], wrong: str
) -> None:
    first = site.city.people["first"]
    with site.city.write() as session:
        session.get_one(Person, first).mobile = "+915550011223"
    response = site.browser("admin").post("/people/new", fields_of(site, **typed))
    page = Page(response.text)
    assert response.status_code == 422
    assert "मेधा सातपुते" in page.error_at(wrong)
    link = next(own for own in page.all if own.get("href") == f"/people/{first}")
    assert "मेधा सातपुते" in link.text


def test_who_may_see_no_person_is_told_of_nobody(site: Site) -> None:
    member = site.browser("member")
    typed = fields_of(site, mail="first@pmc.example")
    assert member.post("/people/new", typed).status_code == 403
    assert member.get(f"/people/{site.city.people['first']}").status_code == 403


def test_a_second_appointment_begins_with_what_is_recorded(site: Site) -> None:
    browser, city = site.browser("admin"), site.city
    address = f"/people/new?person={city.people['first']}"
    own_page = browser.page(f"/people/{city.people['admin']}")
    assert not [own for own in own_page.all if "/people/new?person" in own.get("href")]
    page = browser.page(f"/people/{city.people['first']}")
    assert [own for own in page.all if own.get("href") == address]
    fields = dict(browser.page(address).form("person"))
    assert (fields["role"], fields["department_id"]) == ("", "")
    assert (fields["name_mr"], fields["mail"]) == ("मेधा सातपुते", "first@pmc.example")
    fields |= {"role": "officer", "department_id": str(city.departments["garden"])}
    assert browser.post("/people/new", fields).status_code == 302
    with city.read() as session:
        query = select(Appointment).where(Appointment.person_id == city.people["first"])
        assert len(session.scalars(query).all()) == 2


@pytest.mark.parametrize("person", ["0", "x", "999999", str(2**63)])
def test_an_unknown_person_leaves_the_form_empty(site: Site, person: str) -> None:
    page = site.browser("admin").page(f"/people/new?person={person}")
    assert dict(page.form("person"))["name_mr"] == ""


def test_a_mobile_alone_is_enough_where_invitations_have_an_sms_text(site: Site) -> None:
    typed = fields_of(site, mail="", mobile="+91 55500 11299")
    context, admin = site.app.extensions["house"], site.browser("admin")
    templates = read_templates(REGISTERED_SMS)
    some = {kind: template for kind, template in templates.items() if kind != "invitation"}
    expected: tuple[tuple[str, Mapping[str, SmsTemplate], str], ...] = (
        ("", {}, "एसएमएस सेवा सुरू केलेली नाही"),
        ("http://127.0.0.1:9/", some, "मजकूर नोंदणीकृत नाही"),
        ("http://127.0.0.1:9/", templates, ""),
    )
    for url, texts, sentence in expected:
        sms = replace(context.settings.sms, sms_url=url, sms_templates=texts)
        settings = replace(context.settings, sms=sms)
        site.app.extensions["house"] = replace(context, settings=settings)
        response = admin.post("/people/new", typed)
        assert response.status_code == (422 if sentence else 302)
        assert not sentence or sentence in Page(response.text).error_at("mail")
    with site.city.read() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == "invitation")).one()
    assert (notice.channel, notice.address) == ("sms", "+915550011299")
    assert missing_codes(sms) == find_unknown_templates(sms) == []


def test_an_admin_is_asked_for_once_more_in_words(site: Site) -> None:
    browser = site.browser("admin")
    assert not browser.page("/people/new").named("sure")
    response = browser.post("/people/new", fields_of(site, role="admin"))
    assert response.status_code == 422
    assert "सर्वांची नियुक्ती करतात" in Page(response.text).error_at("sure")
    assert recorded(site) == []
    sure = fields_of(site, role="admin", sure="y")
    assert browser.post("/people/new", sure).status_code == 302
    assert recorded(site) == [Role.ADMIN]
