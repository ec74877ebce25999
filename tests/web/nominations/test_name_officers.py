"""A head names two officers on a phone by the link of a call, without an account."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from approvals.policy import Role
from publisher.models.notifications import Notice
from publisher.models.people import Appointment
from publisher.people.appointments import record_person
from publisher.settings.sms import SmsTemplate
from tests.nominations.steps import MOBILE, Calls
from tests.web.html_page import Page
from tests.web.site import Browser, Site

FIELDS = {
    "first_name_mr": "सुनंदा पाटील",
    "first_designation": "उप अभियंता",
    "first_service_class": "official",
    "first_mobile": "९८२२० १११११",
    "first_mail": "patil@pmc.example",
    "second_name_mr": "रमेश मोरे",
    "second_designation": "लिपिक",
    "second_service_class": "employee",
    "second_mobile": "98220 22222",
    "second_mail": "",
    "order_number": "उद्यान/११२",
    "ordered_on": "20/11/2026",
}
LANDLINE, PROPOSAL, SIGN_IN = "हा लँडलाइन क्रमांक आहे", "हा प्रस्ताव आहे", "आपला मोबाइल क्रमांक"

NAMED = "विभागाचे समन्वयक नेमले आहेत"
WAY_ON = "तेथून नवीन लिंक मिळू शकते"


def with_sms(site: Site) -> None:
    """Set up the two templates without which no code is sent."""
    context = site.app.extensions["house"]
    template = SmsTemplate("1", "{#var#}", ("secret",))
    templates = {"link_code": template, "nomination_code": template}
    sms = replace(context.settings.sms, sms_url="http://127.0.0.1:9/", sms_templates=templates)
    site.app.extensions["house"] = replace(context, settings=replace(context.settings, sms=sms))


@pytest.fixture
def calls(site: Site) -> Calls:
    with_sms(site)
    return Calls(site.city)


def paths(calls: Calls) -> list[str]:
    """Return the paths of the links that were sent, oldest first."""
    bodies = [notice.body for notice in calls.notices("name_officers")]
    return list(dict.fromkeys(re.findall(r"/name-officers/[\w-]+", " ".join(bodies))))


def code(calls: Calls, kind: str = "nomination_code") -> str:
    """Return the newest code, which went to the head's mobile alone."""
    notice = calls.notices(kind)[-1]
    assert (notice.channel, notice.address) == ("sms", MOBILE)
    return str(notice.variables["secret"]).strip("\ue001")


def called(calls: Calls) -> str:
    calls.head()
    calls.open()
    (path,) = paths(calls)
    return path


def send(browser: Browser, path: str, step: str = "check", **fields: str) -> str:
    response = browser.post(path, {**FIELDS, "step": step, **fields})
    return browser.get(path).text if response.status_code == 302 else response.text


def test_the_list_of_corrections_says_of_which_officer(calls: Calls, site: Site) -> None:
    empty = dict.fromkeys(FIELDS, "")
    page = Page(send(site.nobody(), called(calls), **empty))
    links = [tag.text for tag in page.all if tag.tag == "a" and tag.get("href").startswith("#")]
    assert "समन्वयक १: पदनाम: ही माहिती भरावी." in links
    assert "समन्वयक २: पदनाम: ही माहिती भरावी." in links


def test_the_page_shows_what_will_be_stored_and_the_sms_the_same(calls: Calls, site: Site) -> None:
    path = called(calls)
    fields = {"first_name_mr": " सुनंदा   पाटील ", "second_mobile": "०९८२२०-२२२२२"}
    page = send(site.nobody(), path, **fields)
    assert ("second_mobile", "+९१\u00a0९८२२०\u00a0२२२२२") in Page(page).form("name-officers")
    assert ("first_name_mr", "सुनंदा पाटील") in Page(page).form("name-officers")
    assert calls.notices("nomination_code")[-1].variables["first"] == "सुनंदा पाटील"


def test_the_last_day_is_the_one_of_the_mail_not_the_midnight_after_it(
    calls: Calls, site: Site
) -> None:
    page = site.nobody().page(called(calls)).text
    assert "५ डिसेंबर" in page
    assert "६ डिसेंबर" not in page


def test_a_link_that_is_over_says_what_a_head_can_do(calls: Calls, site: Site) -> None:
    path = called(calls)
    browser = site.nobody()
    changed = path[:-1] + ("a" if path[-1] != "a" else "b")
    assert WAY_ON in browser.get(changed).text
    calls.wait(11)
    assert WAY_ON in browser.get(path).text
    late = browser.post(path, FIELDS)
    assert late.status_code == 404
    assert WAY_ON in late.text
    assert "सुनंदा पाटील" in late.text, "what was written can be copied"


def test_one_present_officer_is_not_promised_to_be_kept(calls: Calls, site: Site) -> None:
    path = called(calls)
    with calls.city.write() as session:
        record_person(
            session,
            actor=calls.city.actor("lead"),
            now=calls.city.now,
            name_mr="अरुंधती",
            mobile="9822055555",
            role=Role.OFFICER,
            department_id=calls.city.departments["garden"],
        )
    page = site.nobody().page(path).text
    assert "ते कोण आहेत ते पाहण्यासाठी संकेतांक लागतो" in page
    assert "कायम ठेवण्यासाठी" not in page


def test_the_link_goes_by_mail_and_by_sms(calls: Calls) -> None:
    called(calls)
    ways = {(notice.channel, notice.address) for notice in calls.notices("name_officers")}
    assert ways == {("mail", "charuta@pmc.example"), ("sms", MOBILE)}


def test_a_head_names_two_officers_without_account_or_session(site: Site, calls: Calls) -> None:
    path = called(calls)
    browser = site.nobody()
    browser.page(path)
    assert "सुनंदा पाटील" in send(browser, path)
    notice = calls.notices("nomination_code")[-1]
    assert notice.variables["first"] == "सुनंदा पाटील"
    assert notice.variables["second"] == "रमेश मोरे"
    assert [row.state for row in calls.officers()] == []
    send(browser, path, "name", code="12345678")
    assert calls.officers() == []
    send(browser, path, "name", code=code(calls))
    assert [row.state for row in calls.officers()] == ["confirmed", "confirmed"]
    assert browser.cookie() == ""
    with site.city.read() as session:
        head = session.scalars(select(Appointment).where(Appointment.role == "head")).all()[-1]
        assert head.person.password_hash is None
    again = browser.post(path, {**FIELDS, "step": "check"})
    assert again.status_code == 409
    assert "चारुता" in again.text


def test_opening_the_link_uses_nothing_up_and_shows_no_officer(site: Site, calls: Calls) -> None:
    path = called(calls)
    calls.name()
    calls.wait(1)
    calls.open()
    path = paths(calls)[-1]
    browser = site.nobody()
    for _ in range(3):
        page = browser.get(path).text
        assert "सुनंदा" not in page
        assert "patil@" not in page
    send(browser, path, "send")
    shown = send(browser, path, "look", code=code(calls, "link_code"))
    assert "सुनंदा" in shown
    digest = re.findall(r'name="digest" value="(\w+)"', shown)[-1]
    send(browser, path, "keep", code=code(calls, "link_code"), digest=digest)
    assert calls.addressee().answered_at is not None


def test_a_code_counts_for_exactly_what_the_page_showed(site: Site, calls: Calls) -> None:
    path = called(calls)
    browser = site.nobody()
    send(browser, path)
    right = code(calls)
    send(browser, path, "name", code=right, second_name_mr="दुसरे कोणी")
    assert calls.officers() == []
    send(browser, path, "name", code=right)
    assert len(calls.officers()) == 2


def test_of_two_tabs_the_newest_code_counts_and_the_other_says_so(site: Site, calls: Calls) -> None:
    path, browser, other = called(calls), site.nobody(), {"second_name_mr": "दुसरे कोणी"}
    send(browser, path, **other)
    first_code = code(calls)
    send(browser, path)
    assert "संकेतांक बरोबर नाही" in send(browser, path, "name", code=first_code, **other)
    newest = code(calls).translate(str.maketrans("0123456789", "०१२३४५६७८९"))
    assert NAMED in send(browser, path, "name", code=f"{newest[:4]} {newest[4:]}")
    assert [row.person.name_mr for row in calls.officers()] == ["सुनंदा पाटील", "रमेश मोरे"]
    for _ in range(6):  # pressed again, or after going back: never a wrong code
        again = browser.post(path, {**FIELDS, **other, "step": "name", "code": first_code})
        assert again.status_code == 409
        assert "चारुता यांनी आधीच दिली आहेत" in again.text
        assert "संकेतांक" not in again.text


def test_five_wrong_codes_close_the_page_for_fifteen_minutes(site: Site, calls: Calls) -> None:
    path = called(calls)
    browser = site.nobody()
    send(browser, path)
    for _ in range(5):
        send(browser, path, "name", code="11111111")
    assert "पंधरा मिनिटांनी" in send(browser, path, "name", code=code(calls))
    assert calls.officers() == []
    calls.wait(0.02)
    send(browser, path)
    send(browser, path, "name", code=code(calls))
    assert len(calls.officers()) == 2


def test_what_is_wrong_is_said_at_its_place_and_all_is_kept(site: Site, calls: Calls) -> None:
    path = called(calls)
    response = site.nobody().post(path, {**FIELDS, "second_mobile": "020-25501000"})
    assert response.status_code == 422
    assert LANDLINE in response.text
    for name, value in FIELDS.items():
        if name not in {"second_mobile", "first_service_class", "second_service_class"}:
            assert f'value="{value}"' in response.text or value == "", name
    assert calls.notices("nomination_code") == []


def test_a_head_without_a_mobile_signs_in_and_makes_a_proposal(site: Site, calls: Calls) -> None:
    calls.city.end("head")
    browser = site.browser("health_head")
    calls.open("health")
    (path,) = paths(calls)
    assert SIGN_IN in site.nobody().get(path).text
    assert site.nobody().post(path, FIELDS).status_code == 409
    assert PROPOSAL in browser.get(path).text
    send(browser, path)
    assert PROPOSAL in send(browser, path, "name"), "also once it is done"
    assert [row.state for row in calls.officers("health")] == ["recorded", "recorded"]
    calls.confirm(*(row.id for row in calls.officers("health")))
    page = browser.page(path)
    assert PROPOSAL not in page
    assert [tag.text for tag in page.all if tag.tag == "h1"] == ["नावे दिली"]


def test_somebody_else_who_is_signed_in_is_told_whose_link_it_is(site: Site, calls: Calls) -> None:
    path = called(calls)
    response = site.browser("admin").get(path)
    assert response.status_code == 403
    assert "चारुता" in response.text
    assert site.browser("admin").post(path, FIELDS).status_code == 404


def test_a_head_who_has_signed_in_begins_from_the_product(site: Site, calls: Calls) -> None:
    browser = site.browser("health_head")
    response = browser.post("/name-officers")
    assert response.status_code == 302
    assert PROPOSAL in browser.get(response.location).text
    assert site.browser("lead").post("/name-officers").status_code == 403


def test_the_link_is_dead_after_its_day(site: Site, calls: Calls) -> None:
    path = called(calls)
    calls.wait(11)
    assert site.nobody().get(path).status_code == 404
    with site.city.read() as session:
        notices = session.scalars(select(Notice).where(Notice.kind == "name_officers")).all()
        assert len(notices) == 2


def test_the_token_of_a_personal_link_is_in_no_log(
    site: Site, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    path, browser = called(calls), site.nobody()
    without_csrf = browser.client.post(path, base_url=browser.base, data=FIELDS)
    assert without_csrf.status_code == 400
    assert "400 POST /name-officers/" in caplog.text
    assert path.rpartition("/")[2] not in caplog.text


def test_a_day_that_cannot_be_read_is_said_beside_what_else_is_wrong(
    site: Site, calls: Calls
) -> None:
    wrong = {**FIELDS, "ordered_on": "31/6/2026", "second_mobile": "020-25501000"}
    refused = site.nobody().post(called(calls), wrong)
    page = Page(refused.text)
    assert refused.status_code == 422
    assert LANDLINE in page.error_at("second_mobile")
    assert "दिनदर्शिकेत असा दिवस नाही" in page.error_at("ordered_on")
    assert page.by_id("ordered_on").get("value") == "31/6/2026"
