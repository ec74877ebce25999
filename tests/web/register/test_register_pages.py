"""A file of officers is read on a page: its columns once, its plan, and then all or nothing."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from publisher.models.departments import RegisterFile
from publisher.models.people import Appointment, Person
from publisher.states import AppointmentState
from tests.support.city_people import DAY
from tests.support.spreadsheets import merged_workbook
from tests.web.html_page import Page
from tests.web.site import Browser, Site

GOOD = "विभाग,नाव,पदनाम,मोबाईल\ngarden,अनिता जोशी,लिपिक,५५५०० ०४३२१\n"
BAD = GOOD + "उद्यान विभग,रवी काळे,,5550004322\nhealth,सुधा जोग,,020 2550 1000\n"


def send(browser: Browser, content: bytes, kind: str = "officers") -> TestResponse:
    return browser.post("/register/import", {"kind": kind}, files=[("file", ("यादी.csv", content))])


def opened(browser: Browser, text: str = GOOD, kind: str = "officers") -> str:
    """Upload a file, keep what its columns mean as guessed, and return the path of its plan."""
    path = send(browser, text.encode(), kind).headers["Location"]
    page = browser.page(path)
    if "प्रत्येक स्तंभ एकदा तपासावा" in page:
        assert browser.post(f"{path}/columns", list(page.form("columns"))).status_code == 302
    return path


def carry_out(browser: Browser, path: str, **more: str) -> TestResponse:
    fields = {**dict(browser.page(path).form("plan")), **more}
    return browser.post(path, fields)


def officers(site: Site, department: str) -> list[tuple[str, AppointmentState]]:
    with site.city.read() as session:
        query = select(Appointment).where(
            Appointment.department_id == site.city.departments[department],
            Appointment.rank.is_not(None),
        )
        return [(row.person.name_mr, row.state) for row in session.scalars(query)]


def test_a_file_is_recorded_after_its_plan_was_seen(any_site: Site) -> None:
    lead = any_site.browser("lead")
    path = opened(lead)
    page = lead.page(path)
    assert "अनिता जोशी" in page
    assert "नोंद होईल" in page
    assert officers(any_site, "garden") == []
    response = carry_out(lead, path)
    assert response.headers["Location"] == "/people/waiting"
    assert officers(any_site, "garden") == [("अनिता जोशी", AppointmentState.RECORDED)]
    with any_site.city.read() as session:
        file = session.scalars(select(RegisterFile)).one()
        assert file.rows == [], "what was carried out is not kept"
        appointment = session.scalars(select(Appointment).order_by(Appointment.id.desc())).first()
        assert appointment is not None
        assert appointment.recorded_by_id == any_site.city.people["lead"]
    assert "यादीनुसार नोंदी झाल्या आहेत" in lead.page(path)
    again = opened(lead)
    assert "यादीत नवे काही नाही" in lead.page(again), "the columns were not asked for again"


def test_a_small_workbook_of_all_cells_merged_is_refused_at_its_field(site: Site) -> None:
    lead, before = site.browser("lead"), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    response = send(lead, merged_workbook())
    assert response.status_code == 422
    assert "तक्त्यापासून खूप लांबपर्यंत चौकटी एकत्र केल्या आहेत" in response.text
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kilobytes


def test_a_refused_row_holds_the_file_back_unless_it_is_left_out(site: Site) -> None:
    lead = site.browser("lead")
    path = opened(lead, BAD)
    page = lead.page(path)
    assert "“उद्यान विभग” या नावाचा विभाग नाही." in page
    assert "सुधा जोग: हा लँडलाइन क्रमांक आहे." in page
    response = carry_out(lead, path)
    assert response.status_code == 409
    assert "२ ओळी नोंदवता येत नाहीत" in response.text
    assert officers(site, "garden") == []
    garden = str(site.city.departments["garden"])
    chosen = {"text": "उद्यान विभग", "department_id": garden}
    assert lead.post(f"{path}/department", chosen).status_code == 302
    assert carry_out(lead, path, skips_refused="y").status_code == 302
    assert [name for name, _state in officers(site, "garden")] == ["अनिता जोशी", "रवी काळे"]


def test_what_changed_since_the_page_was_opened_is_shown_again(site: Site) -> None:
    lead = site.browser("lead")
    path = opened(lead)
    fields = dict(lead.page(path).form("plan"))
    with site.city.write() as session:
        person = session.get_one(Person, site.city.people["garden_member"])
        person.mobile = "+915550004321"
    response = lead.post(path, fields)
    assert response.status_code == 409
    assert "बदलले आहे" in response.text
    assert officers(site, "garden") == []


def hrefs_of(page: Page) -> set[str]:
    return {tag.attributes["href"] for tag in page.all if tag.tag == "a"}


def test_a_file_is_its_uploaders_and_ends_after_a_day(site: Site) -> None:
    lead = site.browser("lead")
    path = opened(lead)
    page = lead.page("/register/import")
    assert path in hrefs_of(page)
    assert "एका दिवसाने ती व तिच्या ओळी नष्ट होतात" in page
    assert site.browser("admin").get(path).status_code == 404
    site.city.clock.move(DAY)
    assert site.browser("lead").get(path).status_code == 404
    assert path not in hrefs_of(site.browser("lead").page("/register/import"))


def test_columns_that_are_missing_are_asked_for(site: Site) -> None:
    lead = site.browser("lead")
    path = send(lead, "कोण,कुठे\nअनिता,garden\n".encode()).headers["Location"]
    response = lead.post(f"{path}/columns", {"column-0": "first_name", "column-1": "department"})
    assert response.status_code == 422
    page = Page(response.text)
    assert "“मोबाइल क्रमांक” कोणत्याही स्तंभाला दिलेले नाही" in page
    assert ("column-0", "first_name") in page.form("columns"), "what was chosen stays"


def test_heads_report_to_offices_above_by_an_order(site: Site) -> None:
    lead = site.browser("lead")
    text = "खाते,नाव,मोबाईल,वरिष्ठ कार्यालय\ngarden,विजय राणे,5550004325,health\n"
    path = opened(lead, text, "heads")
    response = carry_out(lead, path, order_number="")
    assert response.status_code == 422
    assert "वरिष्ठ कार्यालयांच्या अधीन ज्या आदेशाने" in response.text
    assert carry_out(lead, path, order_number="आस्था/१").status_code == 302
    assert "आरोग्य विभाग यांच्या अधीन" in lead.page("/departments/garden")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "यादीत काहीच नाही."),
        (b"\xd0\xcf\x11\xe0", "जुन्या Excel प्रकारातील"),
        (b"a,b\n\xff\xfa", "अक्षरे वाचता येत नाहीत"),
        (b"PK\x03\x04", "CSV किंवा XLSX प्रकारातील नाही"),
    ],
)
def test_a_file_that_is_no_table_is_refused_at_its_field(
    site: Site, content: bytes, says: str
) -> None:
    response = send(site.browser("lead"), content)
    assert response.status_code == 422
    assert says in response.text


def test_the_exports_of_the_form_are_read_on_the_page_too(site: Site) -> None:
    exports = Path(__file__).parents[2] / "register" / "exports"
    lead = site.browser("lead")
    for export in sorted(exports.glob("*.csv")):
        assert send(lead, export.read_bytes()).status_code == 302, export.name
