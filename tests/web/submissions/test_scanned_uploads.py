"""Uploads of the form pass the virus scanner; what waits for it is neither served nor shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from publisher.intake import scans
from publisher.models.submissions import ScanResult, SubmissionFile
from tests.support.clamd import VIRUS, ScriptedClamd, finds, says, scripted
from tests.web import pictures
from tests.web.html_page import Page
from tests.web.site import Browser, Site
from tests.web.submissions.test_bad_submissions import TYPED

WAITS = "व्हायरस तपासणी बाकी आहे"


@pytest.fixture
def scanner(site: Site) -> Iterator[ScriptedClamd]:
    """A scanner that the site's settings name."""
    with scripted() as server:
        context = site.app.extensions["house"]
        settings = replace(context.settings, clamd_url=server.url)
        site.app.extensions["house"] = replace(context, settings=settings)
        yield server


def submit(member: Browser, name: str, content: bytes) -> tuple[int, str]:
    """Send the form with a file; return the status and the page that it leads to."""
    pairs = [(field, value) for field, values in TYPED.items() for value in values]
    response = member.post("/submissions/new", pairs, files=[("files", (name, content))])
    if response.status_code != 302:
        return response.status_code, response.text
    return 302, response.headers["Location"]


def test_a_virus_is_told_at_the_field_and_nothing_is_stored(
    site: Site, scanner: ScriptedClamd
) -> None:
    scanner.answer, member = finds(b"virus"), site.browser("member")
    status, html = submit(member, "सूचना.pdf", b"%PDF-1.7 virus")
    assert status == 422
    error = f"“सूचना.pdf” या फाइलमध्ये व्हायरस आहे ({VIRUS}). ती घेतली नाही."
    assert Page(html).error_at("files") == error
    assert list(site.city.store.digests()) == []
    status, _path = submit(member, "सूचना.pdf", b"%PDF-1.7 clean")
    assert status == 302
    with site.city.read() as session:
        assert session.scalars(select(SubmissionFile.scan)).all() == [ScanResult.CLEAN]


def test_a_file_that_waits_is_neither_served_nor_drafted_until_clean(
    site: Site, scanner: ScriptedClamd
) -> None:
    scanner.answer, member = says("stream: ERROR"), site.browser("member")
    row = member.post("/submissions/files", files=[("files", ("टाकी.jpg", pictures.jpeg()))]).text
    assert WAITS in row
    assert "<img" not in row
    status, path = submit(member, "टाकी.jpg", pictures.jpeg())
    assert status == 302
    page = member.page(path)
    assert WAITS in page
    assert not [image for image in page.all if "/files/" in image.get("src")]
    with site.city.read() as session:
        (file,) = session.scalars(select(SubmissionFile)).all()
    served = f"{path}/files/{file.id}"
    assert [member.get(served).status_code, member.get(f"{served}?size=wide").status_code] == [
        404,
        404,
    ]
    clerk = site.browser("clerk")
    draft = clerk.post(f"{path}/draft", {}).headers["Location"]
    assert WAITS in clerk.page(draft)
    assert not clerk.page(draft).named("picture")
    scanner.answer = says("stream: OK")
    count = scans.tick_scans(
        site.city.database, site.city.store, scanner.client(), now=site.city.clock
    )
    assert count == 1
    assert WAITS not in member.page(path)
    assert member.get(served).status_code == 200
    assert [field.get("value") for field in clerk.page(draft).named("picture")] == [file.sha256]


def test_a_virus_that_is_found_later_is_named_on_the_page(
    site: Site, scanner: ScriptedClamd
) -> None:
    member = site.browser("member")
    _status, path = submit(member, "सूचना.pdf", b"%PDF-1.7")
    with site.city.write() as session:
        columns = {"scan": ScanResult.INFECTED, "scan_note": VIRUS}
        session.execute(update(SubmissionFile).values(columns))
    page = member.page(path)
    assert f"या फाइलमध्ये व्हायरस आहे ({VIRUS})" in page
    assert not [link for link in page.all if "/files/" in link.get("href")]
    assert member.page(f"{path}/change").named("kept"), "it can be removed there"


def test_a_row_from_before_a_scanner_was_set_waits_for_it(site: Site) -> None:
    member = site.browser("member")
    upload = [("files", ("सूचना.pdf", b"%PDF-1.7"))]
    row = Page(f"<body>{member.post('/submissions/files', files=upload).text}</body>")
    token = row.named("kept")[0].get("value")
    context = site.app.extensions["house"]
    settings = replace(context.settings, clamd_url="unix:/nowhere/clamd.ctl")
    site.app.extensions["house"] = replace(context, settings=settings)
    assert WAITS in member.post("/submissions/files", {"kept": token}).text
