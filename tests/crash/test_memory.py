"""Pages that may have only so much memory more meet huge pictures: these are refused in words."""

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
from tests.crash.counter import Counter
from tests.journey.flow import texts

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

TOO_LARGE = "पिक्सेल"
ROOM = 60_000_000
"""Bytes that a worker may have beside what it has: the picture takes 160 million."""


def _flat(side: int) -> bytes:
    """So large a picture in few bytes."""
    out = BytesIO()
    Image.new("RGBA", (side, side), "teal").save(out, "PNG", compress_level=9)
    return out.getvalue()


def _bomb() -> bytes:
    """A few bytes that say they are a picture of 60,000 by 60,000 points."""
    small = _flat(8)
    return small[:16] + struct.pack(">II", 60_000, 60_000) + small[24:]


def test_pages_without_memory_for_a_picture_refuse_it_and_go_on(counter: Counter) -> None:
    web = counter.open()
    (worker,) = set(web.session()) - {web.pid}
    submission = _hands_in(counter, worker)
    _drafts(counter, worker, submission)
    assert set(web.session()) == {web.pid, worker}, "no other process took its place"


def _limit(worker: int, room: int | None) -> None:
    """So many bytes beside what it has; None lifts the limit."""
    pages = int(Path(f"/proc/{worker}/statm").read_text().split()[0])
    most = resource.RLIM_INFINITY if room is None else pages * resource.getpagesize() + room
    resource.prlimit(worker, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def _hands_in(counter: Counter, worker: int) -> str:
    """A bomb is refused by what it says of itself, a huge picture where memory ends."""
    notice = notices.as_of(now())["ward-hours"]
    member = counter.person("kiran-wabale")
    page = member.get("/submissions/new")
    values = {
        "kind": notice.kind.value,
        "title": notice.mr.title,
        "text_mr": notice.mr.body,
        "text_en": notice.en.body,
        "act": "add",
    }
    huge = ("files", ("huge.png", _flat(6_300)))
    bomb = ("files", ("bomb.png", _bomb()))
    _limit(worker, ROOM)
    refused = member.send(page, "#hand-in", values, files=[huge, bomb], code=422)
    for name in ("huge.png", "bomb.png"):
        assert f"“{name}”" in refused.text
    assert refused.text.count(TOO_LARGE) >= 2
    assert notice.mr.title in refused.html
    assert _number(counter, Submission) == 0
    _limit(worker, None)
    response = member.send(refused, "#hand-in", values, files=[huge])
    sent = member.send(response, "#hand-in", {"alt_mr": ["वेळापत्रक"], "act": "send"})
    assert _number(counter, Submission) == 1
    return sent.path


def _drafts(counter: Counter, worker: int, submission: str) -> None:
    """Its renditions are not made either; what was written stays in the form."""
    notice = notices.as_of(now())["ward-hours"]
    clerk = counter.person("swati-ranpise")
    page = clerk.send(clerk.get(submission), "/draft")
    written = {**texts(page, notice), "alt_0_mr": "वेळापत्रक", "alt_0_en": "Timetable"}
    _limit(worker, ROOM)
    refused = clerk.send(page, "#draft", {**written, "then": "save"}, code=422)
    assert TOO_LARGE in refused.text
    assert _number(counter, Revision) == 0
    _limit(worker, None)
    clerk.send(refused, "#draft", {"then": "save"})
    assert _number(counter, Revision) == 1


def _number(counter: Counter, kind: type[Submission | Revision]) -> int:
    with counter.database.reading() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0
