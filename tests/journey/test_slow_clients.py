"""Clients that send or read slowly lose nothing, and hold no transaction of the database."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from publisher.models.submissions import Submission, SubmissionFile
from tests.journey.http_browser import Visitor
from tests.journey.installation import Installation
from tests.support.processes import Starter
from tests.web import pictures

MEGABYTE = 1024 * 1024
SIZE = 100 * MEGABYTE
SENDING_TIME = 60.0
READING_TIME = 10.0
CUT_OFF = 2
"""Seconds after which PostgreSQL ends a session that is idle in a transaction."""

BOUNDARY = "edge-of-a-part"
pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]


@pytest.fixture
def installation(postgres_url: str, start: Starter, tmp_path: Path) -> Iterator[Installation]:
    """Start all processes on PostgreSQL, which cuts off idle transactions after two seconds."""
    options = f"&options=-c%20idle_in_transaction_session_timeout%3D{CUT_OFF}s"
    running = Installation(start, postgres_url, tmp_path, database_options=options)
    running.set_up()
    yield running
    running.database.dispose()


class DrippingBody(BytesIO):
    """The body of a request, which takes a given time to be sent."""

    def __init__(self, content: bytes, seconds: float) -> None:
        super().__init__(content)
        self._rate = len(content) / seconds
        self._began_at = time.monotonic()

    def read(self, size: int | None = -1) -> bytes:
        """Read a part, once it is its turn."""
        due_at = self._began_at + self.tell() / self._rate
        time.sleep(max(0.0, due_at - time.monotonic()))
        return super().read(size)


@dataclass
class LongestIdle:
    """The longest time for which a session was seen idle in a transaction, in seconds."""

    seconds: float = 0.0
    looks: int = field(default=0)


@contextmanager
def watching(database_url: str) -> Iterator[LongestIdle]:
    """Watch the sessions of this database ten times a second."""
    longest, is_over = LongestIdle(), threading.Event()

    def look() -> None:
        address = database_url.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address, autocommit=True) as connection:
            while not is_over.wait(0.1):
                row = connection.execute(
                    "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - state_change)), 0) "
                    "FROM pg_stat_activity WHERE datname = current_database() "
                    "AND state LIKE 'idle in transaction%'"
                ).fetchone()
                assert row is not None
                longest.seconds = max(longest.seconds, float(row[0]))
                longest.looks += 1

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield longest
    finally:
        is_over.set()
        thread.join()


def hand_in(visitor: Visitor, video: bytes) -> int:
    """Hand in a video, whose body drips for a minute; return the status code."""
    page = visitor.get("/submissions/new")
    typed = {
        "title": "जलशुद्धीकरण केंद्र",
        "text_mr": "नवे केंद्र सुरू झाले.",
        "kind": "press_note",
        "act": "send",
    }
    fields = dict(page.form("#hand-in").fields) | typed
    parts = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ).encode()
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="kendra.mp4"\r\n'
        "Content-Type: video/mp4\r\n\r\n"
    ).encode()
    content = parts + head + video + f"\r\n--{BOUNDARY}--\r\n".encode()
    response = visitor.browser.post(
        visitor.base + "/submissions/new",
        data=DrippingBody(content, SENDING_TIME),
        headers={
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Referer": visitor.base + "/submissions/new",
            "Sec-Fetch-Site": "same-origin",
        },
        allow_redirects=False,
        timeout=60,
    )
    return response.status_code


def download(visitor: Visitor, path: str) -> str:
    """Read a file, pausing for longer than the cut-off; return its SHA-256."""
    digest = hashlib.sha256()
    with visitor.browser.get(visitor.base + path, stream=True, timeout=60) as response:
        assert response.status_code == 200
        for part in response.iter_content(10 * MEGABYTE):
            digest.update(part)
            time.sleep(READING_TIME / (SIZE / (10 * MEGABYTE)))
    return digest.hexdigest()


def test_a_video_that_drips_for_a_minute_arrives_whole_and_is_read_slowly(
    installation: Installation,
) -> None:
    video = pictures.video(75)
    video += bytes(SIZE - len(video))
    member, clerk = installation.visitor("kiran-wabale"), installation.visitor("swati-ranpise")
    with watching(installation.database_url) as idle:
        assert hand_in(member, video) == 302
        with installation.database.reading() as session:
            file = session.scalars(select(SubmissionFile)).one()
            submission = session.scalars(select(Submission)).one()
        path = f"/submissions/{submission.id}/files/{file.id}"
        assert download(clerk, path) == hashlib.sha256(video).hexdigest()
        assert clerk.get(f"/submissions/{submission.id}").code == 200
    assert file.size == SIZE
    assert idle.looks > SENDING_TIME
    assert idle.seconds < 1
