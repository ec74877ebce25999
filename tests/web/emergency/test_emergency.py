"""The pages of emergency posts, step by step, without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from publisher.emergency import alerts
from publisher.emergency.template_editing import BlankForm
from publisher.platforms.base.protocol import RefusalCode, Refused
from publisher.states import DeliveryState
from tests.support import emergency_steps
from tests.support.city import statements
from tests.support.city_people import HOUR, MINUTE
from tests.web.html_page import Page
from tests.web.site import PASSWORD, Browser, Site

ORDER_FIELDS = {
    "word_name": "विलास थोपटे",
    "word_post": "अग्निशमन केंद्र अधिकारी",
    "word_how": "radio",
}
Fields = Iterable[tuple[str, str]]


@pytest.fixture
def site(any_site: Site) -> Site:
    """The site on both databases."""
    return any_site


def with_blanks(fields: Fields, blanks: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the page's form with these fields filled in."""
    return [(name, value) for name, value in fields if name not in blanks] + list(blanks.items())


def submit(
    browser: Browser, path: str, before: TestResponse, blanks: Mapping[str, str]
) -> TestResponse:
    """Fill in the page's form, and send it."""
    return browser.post(path, with_blanks(Page(before.text).form("lane"), blanks))


def open_confirmation(browser: Browser, template_id: int) -> tuple[str, TestResponse]:
    """Go through all steps to the confirmation page; return its form's path and the page."""
    path = f"/emergency/publish/{template_id}"
    first = browser.get(path)
    assert first.status_code == 200, first.text
    second = submit(browser, path, first, emergency_steps.BLANK_TEXTS)
    assert second.status_code == 200, Page(second.text).errors
    third = submit(browser, path, second, ORDER_FIELDS)
    assert third.status_code == 200, Page(third.text).errors
    return path, third


def test_the_person_on_duty_publishes_an_emergency_text_in_three_steps(site: Site) -> None:
    template_id = emergency_steps.prepare_template(site.city, duty="member")
    browser = site.browser("member")
    assert f"/emergency/publish/{template_id}" in browser.get("/emergency").text
    path, third = open_confirmation(browser, template_id)
    page = Page(third.text)
    assert page.text.count(emergency_steps.MARATHI) == 2
    assert page.text.count(emergency_steps.ENGLISH) == 2
    assert "विलास थोपटे, अग्निशमन केंद्र अधिकारी" in page
    done = browser.post(path, page.form("lane"))
    assert done.status_code == 302
    site.city.tick_dispatch()
    used = browser.page(done.location)
    assert used.text.count(emergency_steps.MARATHI) == 2
    deliveries = emergency_steps.deliveries(site.city, int(done.location.rpartition("/")[2]))
    assert {delivery.state for delivery in deliveries} == {DeliveryState.PUBLISHED}


def test_a_date_is_chosen_from_the_next_days_and_stands_beside_tomorrow(site: Site) -> None:
    form = replace(
        emergency_steps.FORM,
        text_mr="शाळांना {date} सुट्टी. मदत: {helpline}",
        text_en="Schools are closed {date}. Help: {helpline}",
        blanks=(BlankForm("date", "date"), BlankForm("helpline", "helpline")),
    )
    path = f"/emergency/publish/{emergency_steps.prepare_template(site.city, form=form)}"
    browser = site.browser("clerk")
    first = browser.get(path)
    assert "उद्या (दि. २६ नोव्हेंबर)" in Page(first.text)
    second = submit(browser, path, first, {"blank-0": "2026-11-26", "blank-1": "101"})
    third = Page(submit(browser, path, second, ORDER_FIELDS).text)
    assert "शाळांना उद्या (दि. २६ नोव्हेंबर) सुट्टी. मदत: १०१" in third
    assert "Schools are closed tomorrow (26 November). Help: 101" in third


def test_a_double_click_on_publish_leads_to_the_same_page_twice(site: Site) -> None:
    browser = site.browser("clerk")
    path, third = open_confirmation(browser, emergency_steps.prepare_template(site.city))
    sent = Page(third.text).form("lane")
    assert browser.post(path, sent).location == browser.post(path, sent).location


def test_an_old_sign_in_is_confirmed_by_password_and_no_input_is_lost(site: Site) -> None:
    browser = site.browser("clerk")
    template_id = emergency_steps.prepare_template(site.city)
    site.city.clock.move(11 * MINUTE)
    path, third = open_confirmation(browser, template_id)
    response = browser.post(path, Page(third.text).form("lane"))
    proof = with_blanks(Page(response.text).form("prove"), {"password": PASSWORD})
    proved = browser.post("/confirm", proof)
    done = browser.post(path, Page(proved.text).form_to(path))
    assert done.status_code == 302
    assert "/emergency/uses/" in done.location


def test_what_is_wrong_is_told_at_its_field_and_everything_stays(site: Site) -> None:
    browser = site.browser("clerk")
    path = f"/emergency/publish/{emergency_steps.prepare_template(site.city)}"
    wrong = {
        **emergency_steps.BLANK_TEXTS,
        "blank-1-mr": "Katraj",
        "blank-2": "25:00",
        "blank-3": "22",
    }
    response = submit(browser, path, browser.get(path), wrong)
    page = Page(response.text)
    assert response.status_code == 422
    assert page.error_at("blank-1-mr")
    assert page.error_at("blank-2")
    assert page.error_at("blank-3")
    assert dict(page.form("lane"))["blank-1-en"] == "Katraj"
    assert dict(page.form("lane"))["blank-0"] == "1"


def test_going_back_a_step_keeps_all_input(site: Site) -> None:
    browser = site.browser("clerk")
    path, third = open_confirmation(browser, emergency_steps.prepare_template(site.city))
    back = submit(browser, path, third, {"back": "blanks"})
    assert dict(Page(back.text).form("lane"))["blank-1-mr"] == "कात्रज"
    assert dict(Page(back.text).form("lane"))["word_name"] == ORDER_FIELDS["word_name"]
    word = submit(browser, path, back, {})
    assert dict(Page(word.text).form("lane"))["word_how"] == "radio"


def test_an_emergency_plan_that_has_changed_meanwhile_is_shown_again(site: Site) -> None:
    browser = site.browser("clerk")
    path, third = open_confirmation(browser, emergency_steps.prepare_template(site.city))
    stale = with_blanks(Page(third.text).form("lane"), {"seen_plan": "something else"})
    again = browser.post(path, stale)
    assert again.status_code == 409
    assert browser.post(path, Page(again.text).form("lane")).status_code == 302


def test_only_the_person_on_duty_has_the_emergency_link_in_the_bar(site: Site) -> None:
    emergency_steps.add_duty(site.city, "first")
    on_duty, off_duty = site.browser("first"), site.browser("second")
    assert 'href="/emergency"' in on_duty.get("/").text
    assert 'href="/emergency"' not in off_duty.get("/").text
    assert off_duty.get("/emergency").status_code == 403
    site.city.clock.move(13 * HOUR)
    late = site.browser("first")
    assert 'href="/emergency"' not in late.get("/").text


def test_off_duty_no_step_can_be_taken(site: Site) -> None:
    template_id = emergency_steps.prepare_template(site.city, duty="member")
    lead = site.browser("lead")
    assert lead.get(f"/emergency/publish/{template_id}").status_code == 403
    sent = {"step": "confirm", **emergency_steps.BLANK_TEXTS, **ORDER_FIELDS, "token": "x"}
    assert lead.post(f"/emergency/publish/{template_id}", sent).status_code == 403


def test_the_department_ratifies_or_refuses_with_a_reason(site: Site) -> None:
    use_id = emergency_steps.publish_new(site.city)
    officer, path = site.browser("first"), f"/emergency/uses/{use_id}"
    assert "/ratify" in officer.get(path).text
    assert officer.post(f"{path}/refuse", {"reason": ""}).status_code == 422
    assert officer.post(f"{path}/refuse", {"reason": "ठिकाण चुकीचे आहे."}).status_code == 302
    assert "ठिकाण चुकीचे आहे." in officer.page(path)
    assert officer.post(f"{path}/ratify").status_code == 409
    assert "/ratify" not in site.browser("road_officer").get("/emergency/uses").text
    assert site.browser("road_officer").get(path).status_code == 404


def test_a_template_goes_from_the_cell_to_its_department(site: Site) -> None:
    clerk, officer = site.browser("clerk"), site.browser("first")
    fields = {
        "name_mr": "आग",
        "name_en": "Fire",
        "department_id": str(site.city.departments["water"]),
        "text_mr": "{place} येथे आग.",
        "text_en": "Fire at {place}.",
        "late_limit": "30",
        "blanks-0-name": "place",
        "blanks-0-kind": "place",
        "blanks-0-most": "40",
    }
    refused = clerk.post("/emergency/templates/new", {**fields, "text_en": "Fire at {where}."})
    assert Page(refused.text).error_at("text_en")
    path = clerk.post("/emergency/templates/new", fields).location
    assert officer.post(f"{path}/return", {"seen": "1", "reason": "मजकूर वाढवा."}).status_code == 302
    assert "मजकूर वाढवा." in clerk.page(path)
    changed = {**fields, "seen": "1", "text_mr": "{place} येथे मोठी आग."}
    assert clerk.post(f"{path}/edit", changed).status_code == 302
    assert clerk.post(f"{path}/edit", changed).status_code == 409
    assert officer.post(f"{path}/approve", {"seen": "1"}).status_code == 409
    assert officer.post(f"{path}/approve", {"seen": "2"}).status_code == 302
    assert officer.post(f"{path}/withdraw", {"seen": "2", "reason": "थांबा."}).status_code == 302
    assert clerk.post(f"{path}/end").status_code == 302


def test_the_roster_says_who_is_on_duty_now_and_next(site: Site) -> None:
    admin = site.browser("admin")
    emergency_steps.signed_in(site.city, "second")
    until = {"until_at": "27/11/2026 9:00"}
    fields = {"person_id": str(site.city.people["second"]), **until}
    assert admin.post("/duty", fields).status_code == 302
    assert "नितीन घोलप" in site.browser("member").page("/duty")
    again = admin.post("/duty", fields)
    assert again.status_code == 422
    assert Page(again.text).error_at("person_id")
    own = {"person_id": str(site.city.people["admin"]), **until}
    assert admin.post("/duty", own).status_code == 409
    assert admin.post("/duty/1/end").status_code == 302
    assert "नितीन घोलप" in admin.page("/duty")


def test_the_person_on_duty_takes_charge_of_a_stuck_emergency_delivery(site: Site) -> None:
    city = site.city
    ids = emergency_steps.add_one_of_each(city, "water", "first")
    member = site.browser("garden_member")
    assert f"/emergency/alerts/{ids['alert_id']}/take" in member.get("/emergency").text
    response = member.post(f"/emergency/alerts/{ids['alert_id']}/take")
    assert response.location == f"/emergency/uses/{ids['use_id']}"
    assert member.get(response.location).status_code == 200
    assert "सुनील पोटे" in site.browser("clerk").page("/emergency")
    assert (
        site.browser("clerk").post(f"/emergency/alerts/{ids['alert_id']}/take").status_code == 409
    )


def test_every_other_page_of_the_post_stands_too(site: Site) -> None:
    """An emergency's post has no submission; if it is refused, it is drafted again."""
    use_id = emergency_steps.publish_new(site.city)
    site.city.tick_dispatch()
    post_id = emergency_steps.post_of(site.city, use_id)
    officer, clerk = site.browser("first"), site.browser("clerk")
    assert "कार्योत्तर" in officer.page("/").text
    officer.post(f"/emergency/uses/{use_id}/refuse", {"reason": "चूक."})
    for path in (
        "/",
        "/decisions",
        "/calendar",
        f"/posts/{post_id}",
        f"/posts/{post_id}/draft",
        f"/posts/{post_id}/review",
        f"/deliveries/{emergency_steps.deliveries(site.city, use_id)[0].id}",
    ):
        assert clerk.get(path).status_code == 200, path
    assert f"/emergency/uses/{use_id}" in clerk.get("/decisions").text
    assert "कार्योत्तर मान्यता नाकारली" in clerk.page(f"/posts/{post_id}").text


@pytest.mark.twin
def test_emergency_lists_run_as_many_queries_for_many_rows_as_for_few(site: Site) -> None:
    city, paths = site.city, ("/emergency/uses", "/emergency/templates", "/emergency", "/", "/duty")
    template_id = emergency_steps.prepare_template(city, duty="first")
    for number in range(2):
        _add_another(site, template_id, number)
    browser = site.browser("first")
    few = [_query_count(browser, site, path) for path in paths]
    for name in ("member", "head", "second", "clerk"):
        emergency_steps.add_duty(city, name)
    for number in range(2, 7):
        _add_another(site, template_id, number)
    assert [_query_count(browser, site, path) for path in paths] == few


def _add_another(site: Site, template_id: int, number: int) -> None:
    """Add one more use that failed on X, an alert, and a template that waits for approval."""
    site.city.platform("x").fail_next(Refused(RefusalCode.PERMISSION))
    form = emergency_steps.use_form(site.city, template_id, token=f"no-{number}")
    emergency_steps.publish(site.city, template_id, by="first", form=form)
    site.city.tick_dispatch()
    emergency_steps.add_template(site.city)
    alerts.tick_alerts(site.city.database, sms=emergency_steps.NO_SMS, now=site.city.clock)


def _query_count(browser: Browser, site: Site, path: str) -> int:
    browser.page(path)
    with statements(site.city.database) as executed:
        browser.page(path)
    return len(executed)


def test_who_gave_the_word_is_asked_for_an_office_not_for_a_post(site: Site) -> None:
    path = f"/emergency/publish/{emergency_steps.prepare_template(site.city, duty='member')}"
    browser = site.browser("member")
    second = submit(browser, path, browser.get(path), emergency_steps.BLANK_TEXTS)
    labels = [tag for tag in Page(second.text).all if tag.tag == "label"]
    label = next(tag.text for tag in labels if tag.get("for") == "word_post")
    assert "पद" in label.split()
    assert "पोस्ट" not in label
