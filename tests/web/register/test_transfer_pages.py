"""The pages of transfers: a typed and pasted list, its confirmation, and the hand-over."""

from __future__ import annotations

import io
import re

import pytest
from openpyxl import Workbook
from werkzeug.test import TestResponse

from publisher.models.people import Appointment
from publisher.models.transfers import TransferList
from publisher.transfers.carry_out import tick_transfers
from publisher.working_time import day_bounds
from tests.support.spreadsheets import merged_workbook
from tests.web.site import Site

ORDER = {"in_force_on": "1/12/2026", "order_number": "आ-५१/२०२६"}
ROW = {
    "person_0": "मेधा सातपुते",
    "from_department_0": "पाणीपुरवठा विभाग",
    "to_department_0": "पथ विभाग",
}


def prepare(site: Site, **fields: str) -> int:
    response = site.browser("lead").post("/transfers/new", {**ORDER, **ROW, **fields})
    assert response.status_code == 302, response.text
    return int(response.headers["Location"].rpartition("/")[2])


def test_a_typed_and_pasted_list_is_confirmed_and_carried_out(site: Site) -> None:
    list_id = prepare(site, pasted="शैलजा कुदळे\troad\twater\n")
    lead, admin = site.browser("lead"), site.browser("admin")
    assert f"/transfers/{list_id}/confirm" not in lead.get(f"/transfers/{list_id}").text
    assert "दुसऱ्या व्यक्तीने पुष्टी" in lead.get("/people").text
    page = admin.get(f"/transfers/{list_id}").text
    digest = re.findall(r'name="digest" value="(\w+)"', page)[0]
    assert "शैलजा कुदळे" in page
    response = admin.post(f"/transfers/{list_id}/confirm", {"digest": digest})
    assert response.status_code == 302
    with site.city.read() as session:
        transfer_list = session.get_one(TransferList, list_id)
        assert transfer_list.confirmed_at == site.city.now
        site.city.clock.at = day_bounds(transfer_list.in_force_on)[0]
    assert tick_transfers(site.city.database, now=site.city.clock) == 1
    admin = site.browser("admin")  # the session has ended since
    assert "अंमलबजावणी झाली" in admin.get(f"/transfers/{list_id}").text
    past = admin.get(f"/people/{site.city.people['first']}").text
    assert "पाणीपुरवठा विभाग" in past
    assert "पथ विभाग" in past


def test_each_problem_is_shown_at_its_row_and_nothing_typed_is_lost(site: Site) -> None:
    fields = {**ORDER, **ROW, "person_3": "कोणी नाही", "to_department_3": "<b>road"}
    page = site.browser("lead").post(
        "/transfers/new", {**fields, "pasted": "नितीन घोलप,water,moon,king,९"}
    )
    assert page.status_code == 422
    for text in ('id="person_1-error"', 'id="to_department_1-error"', 'id="role_2-error"'):
        assert text in page.text
    for text in ('value="मेधा सातपुते"', 'value="&lt;b&gt;road"', 'value="moon"', ">king 9<"):
        assert text in page.text


def send_file(site: Site, content: bytes, **fields: str) -> TestResponse:
    file = ("file", ("बदल्या.xlsx", content))
    return site.browser("lead").post("/transfers/new", {**ORDER, **fields}, files=[file])


def workbook(*rows: tuple[str, ...]) -> bytes:
    book, content = Workbook(), io.BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(content)
    return content.getvalue()


HEADINGS = ("नाव", "कोठून", "कोठे", "पद", "क्रम")
FILES = {
    "xlsx": workbook(HEADINGS, ("शैलजा कुदळे", "road", "water", "समन्वयक", "१")),
    "utf-8": "नाव;कोठून;कोठे;पद;क्रम\nशैलजा कुदळे;road;water;समन्वयक;१\n".encode("utf-8-sig"),
    "utf-16": "नाव\tकोठून\tकोठे\nशैलजा कुदळे\troad\twater\n".encode("utf-16"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_list_comes_from_a_file_beside_what_is_typed(site: Site, name: str) -> None:
    response = send_file(site, FILES[name], **ROW)
    assert response.status_code == 302, response.text
    list_id = int(response.headers["Location"].rpartition("/")[2])
    with site.city.read() as session:
        rows = session.get_one(TransferList, list_id).rows
        moves = [(row.before.person.name_mr, row.department.code, row.rank) for row in rows]
    rank = 1 if name != "utf-16" else None
    assert moves == [("मेधा सातपुते", "road", None), ("शैलजा कुदळे", "water", rank)]


def test_rows_of_a_file_stand_in_the_form_with_their_problems(site: Site) -> None:
    """Also a first row that is no known heading: nobody is left out unseen."""
    response = send_file(site, workbook(("कोणी नाही", "", "road"), ("=1+1", "", "moon")), **ROW)
    assert response.status_code == 422
    for number, text in ((1, "कोणी नाही"), (2, "=1+1")):
        assert f'id="person_{number}-error"' in response.text
        assert f'value="{text}"' in response.text
    assert 'id="to_department_2-error"' in response.text
    read = send_file(site, FILES["xlsx"], step="rows")
    assert read.status_code == 200
    assert 'value="शैलजा कुदळे"' in read.text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"%PDF-1.7 nothing", "शीर्षकांखाली एकही ओळ नाही."),
        (b"PK\x03\x04 nothing", "ही यादी CSV किंवा XLSX प्रकारातील नाही."),
        (merged_workbook(), "तक्त्यापासून खूप लांबपर्यंत चौकटी एकत्र केल्या आहेत"),
        (workbook(*[(f"नाव {number}", "water", "road") for number in range(101)]), "१००"),
    ],
)
def test_a_file_that_is_no_list_is_refused_at_its_field(
    site: Site, content: bytes, sentence: str
) -> None:
    response = send_file(site, content, **ROW)
    assert response.status_code == 422
    assert 'id="file-error"' in response.text
    assert sentence in response.text
    assert 'value="मेधा सातपुते"' in response.text, "what was typed stays"


def test_the_thirty_first_of_june_is_refused_at_its_field(site: Site) -> None:
    fields = {**ORDER, **ROW, "in_force_on": "31/6/2027"}
    page = site.browser("lead").post("/transfers/new", fields)
    assert page.status_code == 422
    assert 'id="in_force_on-error"' in page.text
    assert 'value="मेधा सातपुते"' in page.text


def test_more_rows_come_without_losing_what_was_typed(site: Site) -> None:
    lead = site.browser("lead")
    many = "\n".join(f"नाव {number},water,road" for number in range(12))
    page = lead.post("/transfers/new", {**ORDER, "pasted": many, "step": "rows"})
    assert page.status_code == 200
    assert 'value="नाव 11"' in page.text
    assert 'name="person_14"' in page.text
    assert 'name="person_15"' not in page.text
    too_many = "\n".join(f"नाव {number},water,road" for number in range(5000))
    page = lead.post("/transfers/new", {**ORDER, "pasted": too_many})
    assert page.status_code == 422
    assert 'id="pasted-error"' in page.text
    assert "नाव 4999" in page.text


def test_what_changed_since_is_said_and_a_list_is_cancelled(site: Site) -> None:
    list_id = prepare(site)
    admin = site.browser("admin")
    page = admin.post(f"/transfers/{list_id}/confirm", {"digest": "old"})
    assert page.status_code == 409
    assert admin.post(f"/transfers/{list_id}/cancel").status_code == 302
    assert admin.post(f"/transfers/{list_id}/cancel").status_code == 409
    assert site.browser("lead").get("/transfers/999").status_code == 404


def test_a_head_hands_over_and_the_last_officer_does_not_end_before(site: Site) -> None:
    city = site.city
    city.comment(under=city.live()[0])
    city.end("second")
    person_id, office_id = city.people["first"], city.appointments["first"]
    path = f"/people/{person_id}/appointments/{office_id}/end"
    refused = site.browser("admin").post(path)
    assert refused.status_code == 409
    assert f"/hand-over/{office_id}" in refused.text
    head = site.browser("head")
    assert f"/hand-over/{office_id}" in head.get("/people/waiting").text
    page = head.get(f"/hand-over/{office_id}").text
    assert "प्रलंबित टिप्पण्या: १" in page
    fields = {"target_id": str(city.appointments["head"])}
    assert head.post(f"/hand-over/{office_id}", fields).status_code == 302
    assert site.browser("admin").post(path).status_code == 302
    with city.read() as session:
        assert session.get_one(Appointment, office_id).state == "ended"
