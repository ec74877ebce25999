"""The pages of a department's shared address, and "it is the department's" in the forms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from publisher.models.departments import DepartmentAddress
from publisher.models.notifications import Notice
from publisher.models.people import Appointment, Person
from publisher.settings.sms import read_templates
from tests.support.runs import REGISTERED_SMS
from tests.web.html_page import Page
from tests.web.site import PASSWORD, Site

SHARED = "first@pmc.example"
MOBILE = "+915550001111"
PAGE = "/departments/water/addresses"
WAITS = "सामायिक पत्ता आपल्या पुष्टीच्या प्रतीक्षेत"


@pytest.fixture
def site(any_site: Site) -> Site:
    """The site on both databases."""
    return any_site


def person(site: Site, name: str = "first") -> Person:
    with site.city.read() as session:
        return session.get_one(Person, site.city.people[name])


def with_mobile(site: Site, name: str = "first") -> None:
    """Give somebody with a password a second channel, in a city that sends SMS."""
    site.give_password(name)
    context = site.app.extensions["house"]
    texts = read_templates(REGISTERED_SMS)
    sms = replace(context.settings.sms, sms_url="http://127.0.0.1:9/", sms_templates=texts)
    settings = replace(context.settings, sms=sms)
    site.app.extensions["house"] = replace(context, settings=settings)
    with site.city.write() as session:
        session.get_one(Person, site.city.people[name]).mobile = MOBILE


def shared(site: Site) -> dict[str, str]:
    """Return the code of the department of each shared address."""
    with site.city.read() as session:
        rows = session.scalars(select(DepartmentAddress))
        return {row.mail: row.department.code for row in rows}


def typed_of(site: Site, **changes: str) -> dict[str, str]:
    water = str(site.city.departments["water"])
    fields = {"name_mr": "वसंत काळे", "name_en": "Vasant", "mail": SHARED, "mobile": "5550002222"}
    return {**fields, "role": "member", "department_id": water, "order_number": "४५", **changes}


def pressed(page: Page, department: str = "पाणीपुरवठा विभाग") -> dict[str, str]:
    """Return what the button "it is the department's" sends."""
    (button,) = page.named("shared_by")
    assert department in button.text
    return {**dict(page.form("shared")), "shared_by": button.get("value")}


def test_the_departments_page_shows_its_addresses(site: Site) -> None:
    lead = site.browser("lead")
    assert PAGE in lead.get("/departments/water").text
    assert lead.post(PAGE, {"mail": "Water@pmc.example"}).status_code == 302
    assert shared(site) == {"water@pmc.example": "water"}
    for reader in ("lead", "clerk", "auditor"):
        assert "water@pmc.example" in site.browser(reader).page("/departments/water")
    assert PAGE not in site.browser("clerk").get("/departments/water").text
    assert "water@pmc.example" in lead.page(PAGE)
    with site.city.read() as session:
        address_id = session.scalars(select(DepartmentAddress.id)).one()
    assert lead.post(f"{PAGE}/{address_id}/remove").status_code == 302
    assert shared(site) == {}


def test_only_who_records_people_opens_the_page(site: Site) -> None:
    for by, code in {"clerk": 403, "first": 403, "auditor": 403, "health_head": 404}.items():
        browser = site.browser(by)
        assert browser.get(PAGE).status_code == code
        assert browser.post(PAGE, {"mail": "water@pmc.example"}).status_code == code
        assert browser.post(f"{PAGE}/1/remove").status_code == code
        assert browser.post(f"{PAGE}/1/confirm").status_code == code
    assert shared(site) == {}


def address_id(site: Site) -> int:
    with site.city.read() as session:
        return session.scalars(select(DepartmentAddress.id)).one()


def test_a_head_finds_and_confirms_on_today_what_the_cell_recorded(site: Site) -> None:
    head, lead = site.browser("head"), site.browser("lead")
    assert lead.post(PAGE, {"mail": "water@pmc.example"}).status_code == 302
    assert WAITS not in lead.page("/"), "who recorded it does not confirm it"
    assert WAITS not in site.browser("health_head").page("/")
    today = head.page("/")
    assert WAITS in today
    assert "आपल्याकडे प्रलंबित: १" in today
    assert PAGE in head.get("/people/waiting").text
    assert f"{PAGE}/{address_id(site)}/confirm" in head.get(PAGE).text
    assert head.post(f"{PAGE}/{address_id(site)}/confirm").status_code == 302
    assert WAITS not in head.page("/")
    with site.city.read() as session:
        assert session.scalars(select(DepartmentAddress)).one().confirmed_at is not None


def test_a_head_records_an_address_that_the_staff_confirm(site: Site) -> None:
    head = site.browser("head")
    assert PAGE in head.get("/people/waiting").text
    assert head.post(PAGE, {"mail": "water@pmc.example"}).status_code == 302
    assert head.post(f"{PAGE}/{address_id(site)}/confirm").status_code == 409
    assert WAITS in site.browser("lead").page("/")
    taken = head.post(PAGE, {"mail": SHARED})
    assert taken.status_code == 422
    assert "/people/" not in taken.text.partition("<main")[2].replace("/people/waiting", "")
    assert not Page(taken.text).named("shared_by")


@pytest.mark.parametrize("language", ["mr", "en", "hi"])
def test_a_person_is_refused_it_at_the_field_saying_whose_it_is(site: Site, language: str) -> None:
    admin = site.browser("admin")
    assert admin.post(PAGE, {"mail": "water@pmc.example"}).status_code == 302
    admin.post("/language", {"lang": language})
    name = "Water Supply" if language == "en" else "पाणीपुरवठा विभाग"
    typed = typed_of(site, mail="water@pmc.example")
    for path in ("/people/new", f"/people/{site.city.people['second']}/contacts"):
        response = admin.post(path, typed)
        assert response.status_code == 422
        assert name in Page(response.text).error_at("mail")
    other = admin.post("/departments/road/addresses", {"mail": "water@pmc.example"})
    assert name in Page(other.text).error_at("mail")


def test_its_owner_cannot_choose_it_in_the_profile(site: Site) -> None:
    site.browser("admin").post(PAGE, {"mail": "water@pmc.example"})
    typed = {"value": "water@pmc.example", "password": PASSWORD}
    response = site.browser("second").post("/profile/mail", typed)
    assert response.status_code == 422
    assert "पाणीपुरवठा विभाग" in response.text


def test_one_press_makes_it_the_departments_and_keeps_what_was_typed(site: Site) -> None:
    with_mobile(site)
    admin = site.browser("admin")
    refused = admin.post("/people/new", typed_of(site))
    assert refused.status_code == 422
    sent = pressed(Page(refused.text))
    assert {name: sent[name] for name in typed_of(site)} == typed_of(site)
    answer = admin.post("/people/new", sent)
    assert answer.status_code == 200
    assert shared(site) == {SHARED: "water"}
    assert (person(site).mail, person(site).mobile) == (None, MOBILE)
    page = Page(answer.text)
    assert SHARED in page
    kept = dict(page.form("person"))
    assert {name: kept[name] for name in typed_of(site)} == typed_of(site, mail="")
    assert admin.post("/people/new", {**kept, "mail": "vasant@pmc.example"}).status_code == 302
    with site.city.read() as session:
        query = select(Appointment).join(Appointment.person)
        recorded = session.scalars(query.where(Person.mail == "vasant@pmc.example")).one()
        assert recorded.department_id == site.city.departments["water"]


def test_the_contact_form_offers_it_too_and_keeps_the_number(site: Site) -> None:
    with_mobile(site)
    path = f"/people/{site.city.people['second']}/contacts"
    admin = site.browser("admin")
    refused = admin.post(path, {"mail": SHARED, "mobile": "5550002222"})
    answer = admin.post(path, pressed(Page(refused.text)))
    assert answer.status_code == 200
    assert shared(site) == {SHARED: "water"}
    assert dict(Page(answer.text).form("contacts")) == {
        "mail": "second@pmc.example",
        "mobile": "5550002222",
    }


def test_the_departments_own_page_offers_it_too(site: Site) -> None:
    with_mobile(site)
    admin = site.browser("admin")
    refused = admin.post("/departments/road/addresses", {"mail": SHARED})
    sent = pressed(Page(refused.text), "पथ विभाग")
    assert admin.post("/departments/road/addresses", sent).status_code == 302
    assert shared(site) == {SHARED: "road"}


def test_an_only_channel_is_named_with_a_link_and_stays(site: Site) -> None:
    site.give_password("first")
    admin = site.browser("admin")
    sent = pressed(Page(admin.post("/people/new", typed_of(site)).text))
    answer = admin.post("/people/new", sent)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert "मेधा सातपुते" in page.error_at("mail")
    assert f"/people/{site.city.people['first']}" in answer.text
    assert not page.named("shared_by")
    assert dict(page.form("person"))["name_mr"] == "वसंत काळे"
    assert (person(site).mail, shared(site)) == (SHARED, {})


def test_a_newcomer_reached_by_sms_alone_is_not_cut_off_without_sms(site: Site) -> None:
    with site.city.write() as session:
        session.get_one(Person, site.city.people["first"]).mobile = MOBILE
    admin = site.browser("admin")
    sent = pressed(Page(admin.post("/people/new", typed_of(site)).text))
    assert admin.post("/people/new", sent).status_code == 422
    assert (person(site).mail, shared(site)) == (SHARED, {})
    with site.city.read() as session:
        assert session.scalars(select(Notice).where(Notice.kind == "invitation")).all() == []


def test_a_taken_number_alone_offers_no_shared_address(site: Site) -> None:
    with_mobile(site)
    typed = typed_of(site, mail="vasant@pmc.example", mobile=MOBILE)
    refused = site.browser("admin").post("/people/new", typed)
    assert refused.status_code == 422
    assert not Page(refused.text).named("shared_by")


@pytest.mark.parametrize("department", ["0", "x", "999999", str(2**63)])
def test_a_button_of_no_department_changes_nothing(site: Site, department: str) -> None:
    with_mobile(site)
    sent = {**typed_of(site), "shared_by": department}
    assert site.browser("admin").post("/people/new", sent).status_code == 422
    assert (person(site).mail, shared(site)) == (SHARED, {})


def test_who_may_not_record_the_holder_takes_no_address_off_them(site: Site) -> None:
    with_mobile(site, "admin")
    sent = {**typed_of(site, mail="admin@pmc.example")}
    sent["shared_by"] = str(site.city.departments["water"])
    lead = site.browser("lead")
    assert lead.post("/people/new", sent).status_code in (403, 409)
    assert (person(site, "admin").mail, shared(site)) == ("admin@pmc.example", {})


def test_an_officer_is_not_left_to_a_mobile_that_nothing_reaches(site: Site) -> None:
    context = site.app.extensions["house"]
    with_mobile(site)
    site.app.extensions["house"] = context  # without SMS
    lead = site.browser("lead")
    refused = lead.post("/people/new", typed_of(site))
    again = lead.post("/people/new", pressed(Page(refused.text)))
    assert again.status_code == 422
    assert person(site).mail == SHARED
    assert shared(site) == {}
