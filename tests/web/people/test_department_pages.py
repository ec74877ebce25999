"""The pages of departments: changes by orders, their history, and why a change is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, event

from approvals.policy import Role
from publisher.database.session import Database
from publisher.models.desk import Snippet
from publisher.models.people import Department, Person
from publisher.models.submissions import Submission
from publisher.operations.departments.close import tick_departments
from publisher.working_time import local_day
from tests.web.html_page import Page
from tests.web.sign_in.test_sign_in_pages import appoint_again
from tests.web.site import Browser, Site

ORDER = "सामान्य प्रशासन/४५/२०२६"


def order(on: date) -> list[tuple[str, str]]:
    """Return the form fields of an order that is in force from this day."""
    return [("in_force_on", f"{on:%d/%m/%Y}"), ("order_number", ORDER)]


def today(site: Site) -> date:
    return local_day(site.city.now)


def rename(browser: Browser, on: date, code: str = "road") -> int:
    fields = [("name_mr", "रस्ते विभाग"), ("name_en", "Streets"), *order(on)]
    return browser.post(f"/departments/{code}/rename", fields).status_code


def test_a_department_is_added_and_listed(any_site: Site) -> None:
    lead = any_site.browser("lead")
    page = lead.page("/departments/new")
    assert ("in_force_on", "२५ नोव्हेंबर २०२६") in page.form("department")
    fields = [("name_mr", "पर्यावरण विभाग"), ("name_en", "Environment"), ("kind", "department")]
    water = str(any_site.city.departments["water"])
    response = lead.post(
        "/departments/new", [*fields, ("other_id", water), *order(today(any_site))]
    )
    assert response.headers["Location"] == "/departments/environment"
    page = lead.page("/departments/environment")
    assert ORDER in page
    assert "पाणीपुरवठा विभाग यांच्या अधीन" in page
    assert "पर्यावरण विभाग" in lead.page("/departments")


def test_only_who_keeps_the_register_sees_short_names(site: Site) -> None:
    for name, sees in (("lead", True), ("clerk", False)):
        for path in ("/departments", "/departments/road"):
            tags = site.browser(name).page(path).all
            assert ("road" in [tag.text.strip() for tag in tags]) is sees, (name, path)


def test_a_renamed_department_is_found_by_its_old_name_and_says_so(site: Site) -> None:
    lead = site.browser("lead")
    assert rename(lead, today(site)) == 302
    page = lead.page("/departments/road")
    assert "पूर्वीचे नाव: पथ विभाग" in page
    assert "नाव ‘रस्ते विभाग’ केले; पूर्वीचे नाव ‘पथ विभाग’" in page
    assert "प्रसाद केंजळे" in page, "who recorded it"
    search_page = lead.page("/departments?q=पथ")
    assert "रस्ते विभाग" in search_page
    assert "पूर्वीचे नाव: पथ विभाग" in search_page


def test_a_change_for_a_later_day_waits_and_can_be_cancelled(site: Site) -> None:
    lead = site.browser("lead")
    assert rename(lead, today(site) + timedelta(days=3)) == 302
    page = lead.page("/departments/road")
    assert "नाव ‘रस्ते विभाग’ होणार" in page
    drops = [form.get("action") for form in page.all if form.get("action").endswith("/drop")]
    assert len(drops) == 1
    assert lead.post(drops[0].replace("road", "water")).status_code == 404
    assert lead.post(drops[0]).status_code == 302
    site.city.clock.move(timedelta(days=3))
    assert tick_departments(site.city.database, now=site.city.clock) == 0
    assert "रस्ते विभाग" not in site.browser("lead").page("/departments")


def test_a_missing_or_invalid_value_is_an_error_and_no_input_is_lost(site: Site) -> None:
    lead = site.browser("lead")
    fields = [("name_mr", "रस्ते विभाग"), ("name_en", "Streets"), ("order_number", "")]
    day = [("in_force_on", "31/2/2026")]
    page = Page(lead.post("/departments/road/rename", [*fields, *day]).text)
    assert page.error_at("in_force_on") == "दिनदर्शिकेत असा दिवस नाही. दिवस व महिना तपासावा."
    assert page.by_id("in_force_on").get("value") == "31/2/2026"
    page = Page(lead.post("/departments/road/rename", [*fields, *order(today(site))[:1]]).text)
    assert page.error_at("order_number") == "ही माहिती भरावी."
    assert dict(page.form("rename"))["name_en"] == "Streets"


def test_closing_a_department_is_refused_with_links_to_its_open_work(any_site: Site) -> None:
    item = any_site.city.hand_in(department="garden")
    admin = any_site.browser("admin")
    response = admin.post("/departments/garden/close", order(today(any_site)))
    page = Page(response.text)
    assert response.status_code == 409
    assert "हे प्रलंबित आहे; ते आधी निकाली काढावे:" in page
    links = [link.get("href") for link in page.all if link.tag == "a"]
    assert f"/submissions/{item}" in links
    assert dict(page.form("close"))["order_number"] == ORDER
    assert "विभाग बंद करा" in admin.page("/departments/garden")


def test_a_closed_department_shows_since_when_and_offers_no_action(site: Site) -> None:
    admin = site.browser("admin")
    assert admin.post("/departments/garden/close", order(today(site))).status_code == 302
    page = admin.page("/departments/garden")
    assert "२४ नोव्हेंबर २०२६ रोजी संपुष्टात आला." in page
    assert "विभागाचे नाव बदला" not in page
    assert "उद्यान विभाग" not in admin.page("/departments")
    assert "कार्यरत नाही" in admin.page("/departments?q=उद्यान")


def test_merging_moves_people_and_work_or_is_refused_with_what_cannot_move(
    site: Site,
) -> None:
    admin = site.browser("admin")
    item = site.city.hand_in(department="garden")
    road = [("other_id", str(site.city.departments["road"])), *order(today(site))]
    assert admin.post("/departments/garden/merge", road).status_code == 302
    assert "पथ विभाग मध्ये विलीन केला" in admin.page("/departments/garden")
    assert site.browser("garden_member").get(f"/submissions/{item}").status_code == 200
    site.city.in_review("road")
    water = [("other_id", str(site.city.departments["water"])), *order(today(site))]
    response = admin.post("/departments/road/merge", water)
    assert response.status_code == 409
    page = Page(response.text)
    assert "निकाली न निघालेली पोस्ट" in page
    assert "दुसऱ्या विभागात जागा नाही" in page


def test_open_work_that_delays_a_closing_is_on_the_department_s_page(site: Site) -> None:
    admin = site.browser("admin")
    tomorrow = today(site) + timedelta(days=1)
    assert admin.post("/departments/garden/close", order(tomorrow)).status_code == 302
    assert "बंद होणार" in admin.page("/departments/garden")
    item = site.city.hand_in(department="garden")
    site.city.clock.move(timedelta(days=1))
    page = site.browser("admin").page("/departments/garden")
    assert "बदलाची तारीख आली आहे, पण हे अद्याप प्रलंबित आहे." in page
    assert f"/submissions/{item}" in [link.get("href") for link in page.all]


def test_a_department_can_report_to_another_but_not_in_a_circle(site: Site) -> None:
    admin = site.browser("admin")
    office = site.city.departments["information-technology"]
    fields = [("other_id", str(office)), *order(today(site))]
    assert admin.post("/departments/road/place", fields).status_code == 302
    ring = [("other_id", str(site.city.departments["road"])), *order(today(site))]
    response = admin.post("/departments/information-technology/place", ring)
    assert response.status_code == 422
    assert "अधीन असू शकत नाही" in Page(response.text).error_at("other_id")
    with site.city.read() as session:
        assert session.get_one(Department, site.city.departments["road"]).reports_to_id == office


def test_a_persons_page_shows_appointments_orders_and_who_closed_access(
    site: Site,
) -> None:
    appoint_again(site, "member", Role.OFFICER, "garden")
    site.city.end("garden_member")
    admin = site.browser("admin")
    with site.city.write() as session:
        member = session.get_one(Person, site.city.people["member"])
        member.appointments[0].order_number = "आ-१००"
    path = f"/people/{site.city.people['member']}"
    page = admin.page(path)
    assert "आ-१००" in page
    assert admin.post(f"{path}/disable").status_code == 302
    sentence = "आज दुपारी १२:०० पासून बंद; बंद करणारे: अरुण टेकवडे"
    assert sentence in " ".join(admin.page(path).text.replace("\u00a0", " ").split())


@pytest.mark.parametrize("page", ["/departments", "/departments/water", "/people"])
def test_a_page_of_the_register_reads_no_history_as_a_whole(site: Site, page: str) -> None:
    browser = site.browser("lead")
    with _recorded_queries(site.city.database) as queries:
        assert browser.get(page).status_code == 200
    with site.city.database.engine.connect() as connection:
        plans = [
            str(row[3])
            for statement, values in queries
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert [plan for plan in plans if plan.startswith("SCAN events")] == []


@contextmanager
def _recorded_queries(database: Database) -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    """Collect every statement with its parameters."""
    executed: list[tuple[str, tuple[object, ...]]] = []

    def note(
        _connection: Connection,
        _cursor: object,
        statement: str,
        values: tuple[object, ...],
        *_: object,
    ) -> None:
        if "SELECT" in statement:
            executed.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield executed
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_a_form_keeps_a_department_that_ended_after_it_was_chosen(site: Site) -> None:
    city = site.city
    ward = city.add_department("aundh", kind="ward-office", until_on=today(site))
    submission_id = city.hand_in()
    change_path, member = f"/submissions/{submission_id}/change", site.browser("member")
    form = [*member.page(change_path).form("hand-in"), ("wards", str(ward))]
    assert member.post(change_path, form).status_code == 302
    city.snippet("पाणी बंद", department="aundh", text_mr="पाणी नाही.")
    with city.read() as session:
        text_path = f"/texts/{session.query(Snippet).one().id}"
    city.clock.move(timedelta(days=1))
    member, clerk = site.browser("member"), site.browser("clerk")
    member.post(change_path, _renamed(member.page(change_path).form("hand-in"), "title"))
    clerk.post(text_path, _renamed(clerk.page(text_path).form("text"), "name"))
    with city.read() as session:
        submission = session.get_one(Submission, submission_id)
        text = session.query(Snippet).one()
        assert (submission.title, [office.id for office in submission.wards]) == ("नवीन", [ward])
        assert (text.name, text.department_id) == ("नवीन", ward)
    new_form = site.browser("member").page("/submissions/new")
    assert new_form.named("wards") == []


def _renamed(fields: list[tuple[str, str]], field: str) -> list[tuple[str, str]]:
    return [(name, "नवीन" if name == field else value) for name, value in fields]
