"""The cell writes reminder letters of a call, prints them, and takes all away as files."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

import pytest

from publisher.papers.letter_exports import tick_letter_exports
from tests.nominations.steps import Calls
from tests.papers import reading
from tests.web.site import Browser, Site


@pytest.fixture
def calls(site: Site) -> Calls:
    return Calls(site.city)


def make_files(site: Site) -> None:
    """Let the clock make all files that were asked for."""
    settings = site.app.extensions["house"].settings
    while tick_letter_exports(site.city.database, settings, now=site.city.now):
        pass


def link(browser: Browser, page: str, pattern: str) -> str:
    """Return the path of the first link on a page that matches."""
    match = re.search(f'href="({pattern})"', browser.get(page).text)
    assert match is not None
    return match[1]


def test_letters_are_written_by_one_press_and_shown_with_their_pdf(
    site: Site, calls: Calls
) -> None:
    calls.head()
    page, lead = f"/calls/{calls.open('garden', 'road')}", site.browser("lead")
    assert "लिहायची २ स्मरणपत्रे लिहा" in lead.get(page).text
    response = lead.post(f"{page}/letters")
    assert response.location == page
    shown = lead.get(page).text
    assert "२ स्मरणपत्रे लिहिली" in shown
    assert "PMC/SP/2026/0001" in shown
    assert "विभागप्रमुखांना: चारुता" in shown
    assert "ईमेलनेही" in shown
    assert "पुढील स्मरणपत्राचा पहिला दिवस" in shown
    assert "स्मरणपत्रे लिहा<" not in shown
    pdf = lead.get(link(lead, page, r"/calls/letters/\d+\.pdf"))
    assert pdf.headers["Content-Disposition"].startswith("attachment; filename=PMC-SP-2026-0001-")
    assert "स्मरणपत्र" in reading.whole(pdf.data)
    lead.post(f"{page}/letters")
    assert "सध्या कोणतेही स्मरणपत्र लिहायचे नाही" in lead.get(page).text


def test_one_departments_letter_is_written_or_the_reason_is_told(site: Site, calls: Calls) -> None:
    page, lead = f"/calls/{calls.open('road')}", site.browser("lead")
    path = f"{page}/{calls.addressee('road').id}/letter"
    assert "वरिष्ठ कार्यालय: नोंदलेले नाही" in lead.get(page).text
    assert "पथ" in lead.get(f"{page}?view=without_line").text
    assert lead.post(path).location == page
    refused = lead.post(path)
    assert refused.status_code == 409
    assert "डिसेंबर २०२६." in refused.text
    calls.wait(7)
    lead = site.browser("lead")
    refused = lead.post(path)
    assert refused.status_code == 409
    assert "वरिष्ठ कार्यालय नोंदलेले नाही" in refused.text
    calls.report_to("road", "health")
    assert "वरिष्ठ कार्यालय: नोंदलेले नाही" not in lead.get(page).text
    assert lead.post(path).status_code == 302
    assert "वरिष्ठ कार्यालयास" in lead.get(page).text


def test_all_letters_come_as_one_pdf_and_one_zip_with_progress(site: Site, calls: Calls) -> None:
    page, lead = f"/calls/{calls.open('garden', 'road')}", site.browser("lead")
    assert lead.post(f"{page}/letters/files").status_code == 409
    lead.post(f"{page}/letters")
    assert lead.post(f"{page}/letters/files").location == page
    assert "<progress" in lead.get(page).text
    assert lead.get("/calls/letters/files/1.zip").status_code == 404
    assert "<progress" not in lead.get("/exports").text
    assert lead.get("/exports/1/file").status_code == 404
    make_files(site)
    assert "<progress" not in lead.get(page).text
    pdf = lead.get(link(lead, page, r"/calls/letters/files/1\.pdf"))
    assert len(reading.texts(pdf.data)) == 2
    archive = lead.get(link(lead, page, r"/calls/letters/files/1\.zip"))
    assert archive.mimetype == "application/zip"
    assert len(zipfile.ZipFile(BytesIO(archive.data)).namelist()) == 2
    assert site.browser("admin").get("/calls/letters/files/1.pdf").status_code == 404


def test_a_letter_that_cannot_be_printed_says_why(site: Site, calls: Calls) -> None:
    calls.head(name="محمد علی")
    page, lead = f"/calls/{calls.open('garden')}", site.browser("lead")
    lead.post(f"{page}/letters")
    assert lead.get("/calls/letters/1.pdf").location == page
    assert "PDF" in lead.get(page).text
    lead.post(f"{page}/letters/files")
    make_files(site)
    shown = lead.get(page).text
    assert "<progress" not in shown
    assert "एकेक उघडा" in shown
