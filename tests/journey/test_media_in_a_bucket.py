"""A web of two processes keeps its media in a bucket: a long video goes in, and out in ranges.

What the bucket is, `tests.support.object_line` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from publisher.database.session import Database
from publisher.media.files import LIMITS, FileKind
from publisher.models.submissions import SubmissionFile
from tests.journey.http_browser import Visitor
from tests.journey.installation import SECRET, wait_for
from tests.journey.slow_client import BOUNDARY, form
from tests.support.city import city
from tests.support.object_line import new_bucket, object_line
from tests.support.object_stores import bucket_variables
from tests.support.passwords import PASSWORD, give_password
from tests.support.processes import RunningCommand, Starter, free_port
from tests.web import pictures

pytestmark = [pytest.mark.journey, pytest.mark.proof]

NEW = "/submissions/new"
VIDEO = LIMITS[FileKind.VIDEO]
MEGABYTE = 1024 * 1024
MOST_GROWTH = 150
"""Megabytes by which the largest process grows, less than the video; measured were 50 to 86."""


@dataclass
class Site:
    """A web whose media are in a bucket."""

    base: str
    process: RunningCommand
    database: Database
    cache: Path

    def member(self) -> Visitor:
        """Return the browser of a member who is signed in."""
        visitor = Visitor(self.base)
        fields = {"identifier": "member@pmc.example", "password": PASSWORD}
        visitor.send(visitor.get("/sign-in"), "#sign-in", fields)
        return visitor

    def most_memory(self) -> int:
        """Return the most megabytes that a process of the web has had at any moment."""
        texts = [Path(f"/proc/{pid}/status").read_text() for pid in self.process.session()]
        return max(int(re.findall(r"VmHWM:\s*(\d+)", text)[0]) for text in texts) // 1024


@pytest.fixture
def site(on_sqlite: Database, start: Starter, tmp_path: Path) -> Iterator[Site]:
    give_password(city(on_sqlite, tmp_path), "member", PASSWORD)
    base = f"http://127.0.0.1:{(port := free_port())}"
    with object_line() as line:
        variables = bucket_variables(line, new_bucket(), tmp_path)
        process = start.nagarvani(
            *("web", "--port", str(port), "--workers", "2"),
            environment={
                "NAGARVANI_DATABASE_URL": on_sqlite.url,
                "NAGARVANI_SECRET_KEY": SECRET,
                "NAGARVANI_BASE_URL": base,
                **{f"NAGARVANI_{name}": text for name, text in variables.items()},
            },
        )
        wait_for(lambda: _responds(base), what="the pages")
        yield Site(base, process, on_sqlite, tmp_path / "cache")


def _responds(base: str) -> bool:
    try:
        return requests.get(base + "/sign-in", timeout=5).ok
    except requests.ConnectionError:
        return False


def video_form(token: str) -> bytes:
    """Return a form with a video of 200 MB."""
    fields = {"csrf_token": token, "title": "नवे केंद्र", "text_mr": "सुरू झाले.", "act": "send"}
    beginning = pictures.video(75)
    content = beginning + bytes(VIDEO - len(beginning))
    return form(fields | {"kind": "press_note"}, file=content)


def test_a_video_of_200_megabytes_goes_in_and_out_of_a_bucket(site: Site) -> None:
    visitor = site.member()
    before = site.most_memory()
    token = dict(visitor.get(NEW).form("#hand-in").fields)["csrf_token"]
    response = visitor.browser.post(
        site.base + NEW,
        data=video_form(token),
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
        timeout=120,
        allow_redirects=False,
    )
    assert response.status_code == 302, response.text
    with site.database.reading() as session:
        file = session.scalars(select(SubmissionFile)).one()
    assert file.size == VIDEO
    address = f"{site.base}/submissions/{file.submission_id}/files/{file.id}"
    check_ranges(visitor, address)
    for copy in site.cache.glob("??/??/*"):
        copy.unlink()
    check_ranges(visitor, address)  # from the bucket
    assert site.most_memory() - before < MOST_GROWTH


def check_ranges(visitor: Visitor, address: str) -> None:
    """Check that a part of the video, its end, and all of it come as they were asked for."""
    for asked, first, length in (
        (f"bytes=0-{MEGABYTE - 1}", 0, MEGABYTE),
        (f"bytes={VIDEO - 1000}-", VIDEO - 1000, 1000),
    ):
        part = visitor.browser.get(address, headers={"Range": asked}, timeout=60)
        assert part.status_code == 206
        last = first + length - 1
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{VIDEO}"
        assert len(part.content) == length
        assert part.content.startswith(pictures.video(75) if first == 0 else bytes(1000))
    past = visitor.browser.get(address, headers={"Range": f"bytes={VIDEO}-"}, timeout=60)
    assert past.status_code == 416
    with visitor.browser.get(address, timeout=60, stream=True) as whole:
        assert whole.headers["Content-Length"] == str(VIDEO)
        assert sum(map(len, whole.iter_content(MEGABYTE))) == VIDEO
