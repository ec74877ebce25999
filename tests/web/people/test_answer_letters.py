"""A head's letter on paper is typed with its scan, and a second person confirms both officers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from publisher.models.nominations import Nomination
from publisher.models.people import Department
from publisher.operations.retention import UNUSED, tick_retention
from tests.nominations.steps import MOBILE, Calls, states
from tests.support.clamd import VIRUS, ScriptedClamd, finds, says, scripted
from tests.web import pictures
from tests.web.html_page import Page
from tests.web.nominations.test_name_officers import FIELDS
from tests.web.site import Browser, File, Site

PATH, WAITING = "/people/new/letter", "/people/waiting"
PDF: File = ("पत्र.pdf", b"%PDF-1.7 letter")
NEEDED, AWAY = "पत्राची स्कॅन प्रत निवडावी", "व्हायरस तपासणी सध्या होऊ शकत नाही"


@pytest.fixture
def calls(site: Site) -> Calls:
    """The garden department, which has no head on record, is called."""
    steps = Calls(site.city)
    steps.open()
    return steps


@pytest.fixture
def scanner(site: Site) -> Iterator[ScriptedClamd]:
    """A scanner that the site's settings name."""
    with scripted() as server:
        context = site.app.extensions["house"]
        settings = replace(context.settings, clamd_url=server.url)
        site.app.extensions["house"] = replace(context, settings=settings)
        yield server


def send(
    browser: Browser, calls: Calls, *files: File, kept: str = "", **fields: str
) -> TestResponse:
    """Send the form of a letter of the garden department."""
    department_id = str(calls.city.departments["garden"])
    values = {**FIELDS, "department_id": department_id, "kept": kept, **fields}
    return browser.post(PATH, values, files=[("files", file) for file in files])


def path_of_scan(browser: Browser) -> str:
    """Return where the list of those who wait leads for the scan."""
    paths: set[str] = set(re.findall(r'href="(/people/letters/\d+)"', browser.get(WAITING).text))
    assert len(paths) == 1
    return paths.pop()


@pytest.mark.twin
def test_a_letter_is_typed_and_a_second_person_confirms_both(
    any_site: Site,
) -> None:
    calls = Calls(any_site.city)
    call_id, lead = calls.open(), any_site.browser("lead")
    call = lead.get(f"/calls/{call_id}").text
    assert f'href="{PATH}?department=garden"' in call
    form = lead.page(f"{PATH}?department=garden")
    assert dict(form.form("letter"))["department_id"] == str(calls.city.departments["garden"])
    response = send(lead, calls, PDF)
    assert (response.status_code, response.headers["Location"]) == (302, WAITING)
    assert states(calls.officers()) == ["recorded", "recorded"]
    assert not lead.page(WAITING).named("chosen")
    admin = any_site.browser("admin")
    waiting = admin.page(WAITING)
    assert waiting.text.count("पत्र क्र. उद्यान/११२, दि.") == 2
    scan = admin.get(path_of_scan(admin))
    assert (scan.data, scan.mimetype) == (PDF[1], "application/pdf")
    assert scan.headers["Content-Disposition"].startswith("attachment; ")
    chosen = [("chosen", box.get("value")) for box in waiting.named("chosen")]
    assert len(chosen) == 2
    assert admin.post(WAITING, chosen).status_code == 302
    assert states(calls.officers()) == ["confirmed", "confirmed"]
    (officer, _second) = calls.officers()
    assert "पत्र क्र. उद्यान/११२" in admin.page(f"/people/{officer.person_id}")
    assert PATH not in lead.get(f"/calls/{call_id}").text


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(site: Site, calls: Calls) -> None:
    calls.head()
    lead = site.browser("lead")
    wrong = {"second_mobile": "020-25501000", "ordered_on": "कधीतरी", "department_id": ""}
    response = send(lead, calls, **wrong)
    assert response.status_code == 422
    page = Page(response.text)
    assert NEEDED in page.error_at("files")
    assert "लँडलाइन" in page.error_at("second_mobile")
    assert page.error_at("department_id")
    assert page.error_at("ordered_on")
    typed = dict(page.form("letter"))
    assert {name: typed[name] for name in {**FIELDS, **wrong}} == {**FIELDS, **wrong}
    page = Page(send(lead, calls, PDF, first_mobile=MOBILE).text)
    assert "विभागप्रमुख स्वतः समन्वयक होऊ शकत नाहीत" in page.error_at("first_mobile")
    assert calls.officers() == []


def test_a_scan_that_was_stored_is_carried_by_the_page(site: Site, calls: Calls) -> None:
    lead = site.browser("lead")
    page = Page(send(lead, calls, PDF, second_name_mr="").text)
    assert "पत्र.pdf" in page
    (token,) = (field.get("value") for field in page.named("kept"))
    assert send(site.browser("admin"), calls, kept=token).status_code == 422, "of another person"
    assert send(lead, calls, kept=token).status_code == 302
    admin = site.browser("admin")
    assert admin.get(path_of_scan(admin)).data == PDF[1]


def test_a_carried_scan_that_was_removed_meanwhile_is_asked_for(site: Site, calls: Calls) -> None:
    lead = site.browser("lead")
    page = Page(send(lead, calls, PDF, second_name_mr="").text)
    (token,) = (field.get("value") for field in page.named("kept"))
    site.city.clock.move(UNUSED)
    assert tick_retention(site.city.database, site.city.store, now=site.city.now) > 0
    later = site.browser("lead")
    assert NEEDED in Page(send(later, calls, kept=token).text).error_at("files")


def test_a_scan_is_kept_when_old_uploads_are_removed(site: Site, calls: Calls) -> None:
    assert send(site.browser("lead"), calls, PDF).status_code == 302
    site.city.clock.move(UNUSED + timedelta(days=1))
    tick_retention(site.city.database, site.city.store, now=site.city.now)
    admin = site.browser("admin")
    assert admin.get(path_of_scan(admin)).data == PDF[1]


def test_a_photo_of_the_letter_is_taken_without_its_place(site: Site, calls: Calls) -> None:
    photo = pictures.with_place()
    assert send(site.browser("lead"), calls, ("पत्र.jpg", photo)).status_code == 302
    admin = site.browser("admin")
    served = admin.get(path_of_scan(admin))
    assert served.mimetype == "image/jpeg"
    assert len(served.data) < len(photo)


@pytest.mark.parametrize(
    "file",
    [("पत्र.txt", b"text"), ("पत्र.pdf", b"no PDF"), ("पत्र.mp4", b"\0\0\0\x18ftypmp42" + bytes(99))],
)
def test_only_a_pdf_or_a_photo_is_a_scan(site: Site, calls: Calls, file: File) -> None:
    response = send(site.browser("lead"), calls, file)
    assert response.status_code == 422
    assert Page(response.text).error_at("files")
    assert calls.officers() == []


def test_a_virus_is_refused_and_nothing_is_recorded(
    site: Site, calls: Calls, scanner: ScriptedClamd
) -> None:
    scanner.answer, lead = finds(b"letter"), site.browser("lead")
    assert VIRUS in Page(send(lead, calls, PDF).text).error_at("files")
    assert list(site.city.store.digests()) == []
    assert send(lead, calls, ("पत्र.pdf", b"%PDF-1.7 clean")).status_code == 302
    assert len(calls.officers()) == 2


def test_without_an_answer_of_the_scanner_nothing_is_recorded(
    site: Site, calls: Calls, scanner: ScriptedClamd
) -> None:
    scanner.answer, lead = says("stream: ERROR"), site.browser("lead")
    page = Page(send(lead, calls, PDF).text)
    assert AWAY in page.error_at("files")
    assert page.named("kept") == []
    assert calls.officers() == []
    scanner.answer = says("stream: OK")
    assert send(lead, calls, PDF).status_code == 302


def test_the_same_letter_is_not_recorded_twice(site: Site, calls: Calls) -> None:
    assert send(site.browser("lead"), calls, PDF).status_code == 302
    response = send(site.browser("admin"), calls, PDF)
    assert response.status_code == 409
    assert "आधीच" in response.text
    with site.city.read() as session:
        assert len(session.scalars(select(Nomination)).all()) == 1


def test_a_scan_is_for_those_who_may_confirm(site: Site, calls: Calls) -> None:
    with site.city.write() as session:
        garden = session.get_one(Department, site.city.departments["garden"])
        garden.reports_to_id = site.city.departments["health"]
    send(site.browser("lead"), calls, PDF)
    path = path_of_scan(site.browser("admin"))
    statuses = {
        name: site.browser(name).get(path).status_code
        for name in ("lead", "health_head", "head", "clerk", "auditor", "garden_member")
    }
    expected = {"lead": 200, "health_head": 200, "head": 404}
    assert statuses == {**expected, "clerk": 403, "auditor": 403, "garden_member": 403}
    assert site.nobody().get(path).status_code == 401
    assert path in site.browser("health_head").get(WAITING).text


@pytest.mark.parametrize("name", ["clerk", "health_head", "garden_member"])
def test_nobody_else_types_letters(site: Site, calls: Calls, name: str) -> None:
    browser = site.browser(name)
    assert browser.get(PATH).status_code == 403
    assert send(browser, calls, PDF).status_code == 403
    assert calls.officers() == []


def test_who_records_people_finds_the_form(site: Site) -> None:
    assert f'href="{PATH}"' in site.browser("lead").get("/people/new").text
    assert f'href="{PATH}"' not in site.browser("health_head").get("/people/new").text
