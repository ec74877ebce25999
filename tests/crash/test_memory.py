"""A web worker with limited memory refuses huge pictures with an error message."""

from __future__ import annotations

import resource
import struct
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from demo import notices
from publisher.models.posts import Revision
from publisher.models.submissions import Submission
from publisher.now import now
from tests.crash.web_installation import WebInstallation
from tests.journey.flow import texts

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

TOO_LARGE = "पिक्सेल"
MEMORY_LEFT = 60_000_000
"""Bytes that the worker may still allocate: the picture needs 160 million."""


def _large_picture(side: int) -> bytes:
    """Return a large picture that compresses to few bytes."""
    out = BytesIO()
    Image.new("RGBA", (side, side), "teal").save(out, "PNG", compress_level=9)
    return out.getvalue()


def _bomb() -> bytes:
    """Return a few bytes whose header declares a picture of 60,000 by 60,000 pixels."""
    small = _large_picture(8)
    return small[:16] + struct.pack(">II", 60_000, 60_000) + small[24:]


def test_pages_without_memory_for_a_picture_refuse_it_and_go_on(
    web_installation: WebInstallation,
) -> None:
    web = web_installation.start_web()
    (worker,) = set(web.session()) - {web.pid}
    submission = _hand_in(web_installation, worker)
    _draft(web_installation, worker, submission)
    assert set(web.session()) == {web.pid, worker}, "no other process took its place"


def _limit(worker: int, memory_left: int | None) -> None:
    """Limit the worker's memory to this many bytes more; None lifts the limit."""
    pages = int(Path(f"/proc/{worker}/statm").read_text().split()[0])
    limit = (
        resource.RLIM_INFINITY
        if memory_left is None
        else pages * resource.getpagesize() + memory_left
    )
    resource.prlimit(worker, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def _hand_in(installation: WebInstallation, worker: int) -> str:
    """The bomb is refused by its header, the huge picture when memory runs out."""
    notice = notices.notices_by_key(now())["ward-hours"]
    member = installation.visitor("kiran-wabale")
    page = member.get("/submissions/new")
    values = {
        "kind": notice.kind.value,
        "title": notice.mr.title,
        "text_mr": notice.mr.body,
        "text_en": notice.en.body,
        "act": "add",
    }
    huge = ("files", ("huge.png", _large_picture(6_300)))
    bomb = ("files", ("bomb.png", _bomb()))
    _limit(worker, MEMORY_LEFT)
    refused = member.send(page, "#hand-in", values, files=[huge, bomb], code=422)
    for name in ("huge.png", "bomb.png"):
        assert f"“{name}”" in refused.text
    assert refused.text.count(TOO_LARGE) >= 2
    assert notice.mr.title in refused.html
    assert _row_count(installation, Submission) == 0
    _limit(worker, None)
    response = member.send(refused, "#hand-in", values, files=[huge])
    sent = member.send(response, "#hand-in", {"alt_mr": ["वेळापत्रक"], "act": "send"})
    assert _row_count(installation, Submission) == 1
    return sent.path


def _draft(installation: WebInstallation, worker: int, submission: str) -> None:
    """Renditions are not made either, and the form keeps its texts."""
    notice = notices.notices_by_key(now())["ward-hours"]
    clerk = installation.visitor("swati-ranpise")
    page = clerk.send(clerk.get(submission), "/draft")
    written = {**texts(page, notice), "alt_0_mr": "वेळापत्रक", "alt_0_en": "Timetable"}
    _limit(worker, MEMORY_LEFT)
    refused = clerk.send(page, "#draft", {**written, "then": "save"}, code=422)
    assert TOO_LARGE in refused.text
    assert _row_count(installation, Revision) == 0
    _limit(worker, None)
    clerk.send(refused, "#draft", {"then": "save"})
    assert _row_count(installation, Revision) == 1


def _row_count(installation: WebInstallation, kind: type[Submission | Revision]) -> int:
    with installation.database.reading() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0
