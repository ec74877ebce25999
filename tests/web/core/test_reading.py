"""A request reads all of a page in one transaction, which is open for no longer than it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

import psycopg
import pytest
from sqlalchemy import Connection, event, func, select
from sqlalchemy.pool import QueuePool
from typing_extensions import Buffer
from werkzeug.test import TestResponse

from approvals.policy import Role
from publisher.auth import sessions
from publisher.intake.uploads import UploadedFile
from publisher.models.submissions import Submission
from publisher.platforms.base.types import Health
from publisher.reports import export
from tests.support.memory_platform.platform import MemoryPlatform
from tests.web import pictures
from tests.web.home.test_two_appointments import form_fields
from tests.web.html_page import Page
from tests.web.sign_in.test_sign_in_pages import appoint_again
from tests.web.site import BASE_URL, Browser, Site
from tests.web.submissions.test_bad_submissions import TYPED
from web.core.context import ctx
from web.core.counts import actor_counts
from web.core.database import end_reading, reading

pytestmark = pytest.mark.twin

WORDS = TYPED["text_mr"][0]


def connections_in_use(site: Site) -> int:
    """Return how many connections of the application are not in its pool."""
    pool = site.city.database.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


class WatchedBody(BytesIO):
    """The body of a request; `on_read` is called each time that a part of it is read."""

    def __init__(self, content: bytes, on_read: Callable[[], None]) -> None:
        super().__init__(content)
        self._on_read = on_read

    def readinto(self, buffer: Buffer) -> int:
        """Read a part of the body, as werkzeug does."""
        self._on_read()
        return super().readinto(buffer)


def send_watched(browser: Browser, on_read: Callable[[], None]) -> TestResponse:
    """Make a submission with a photo, through a body that is watched."""
    fields = form_fields(browser)
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in [*fields, ("csrf_token", browser.token)]
    ]
    photo = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    content = "".join(parts).encode() + photo + pictures.jpeg() + b"\r\n--edge--\r\n"
    return browser.client.post(
        "/submissions/new",
        base_url=BASE_URL,
        input_stream=WatchedBody(content, on_read),
        content_type="multipart/form-data; boundary=edge",
        content_length=len(content),
        headers={"Sec-Fetch-Site": "same-origin"},
    )


def test_no_connection_is_held_while_a_body_arrives(any_site: Site) -> None:
    held: list[int] = []
    member = any_site.browser("member")
    response = send_watched(member, lambda: held.append(connections_in_use(any_site)))
    assert response.status_code == 302
    assert set(held) == {0}


def test_a_session_that_ends_while_a_body_arrives_hands_in_nothing(any_site: Site) -> None:
    city = any_site.city

    def sign_out() -> None:
        with city.write() as session:
            sessions.end_all(session, person_id=city.people["member"], now=city.now)

    response = send_watched(any_site.browser("member"), sign_out)
    assert response.status_code == 401
    assert ("kept:text_mr", WORDS) in Page(response.text).form("sign-in")
    assert submissions_of(any_site) == 0


def test_an_appointment_that_ends_while_a_body_arrives_hands_in_nothing(any_site: Site) -> None:
    city = any_site.city
    appoint_again(any_site, "member", Role.MEMBER, "garden")
    ended: list[str] = []

    def end_first_appointment() -> None:
        if not ended:
            ended.append("member")
            city.end("member")

    response = send_watched(any_site.browser("member"), end_first_appointment)
    assert response.status_code == 409
    assert WORDS in response.text
    assert submissions_of(any_site) == 0


def submissions_of(site: Site) -> int:
    """Return the number of submissions."""
    with site.city.read() as session:
        return session.scalar(select(func.count()).select_from(Submission)) or 0


@pytest.mark.parametrize("path", ["/submissions.csv", "export", "photo"])
def test_no_connection_is_held_while_an_answer_is_sent(any_site: Site, path: str) -> None:
    city = any_site.city
    submission_id = city.hand_in(files=(UploadedFile("a.jpg", pictures.jpeg()),))
    clerk = any_site.browser("clerk")
    if path == "export":
        clerk.post("/exports", {"list": ""})
        export.tick_exports(city.database, now=city.now)
        path = "/exports/1/file"
    if path == "photo":
        path = f"/submissions/{submission_id}/files/1"
    response = clerk.client.get(path, base_url=BASE_URL, buffered=False)
    assert response.status_code == 200
    held = [connections_in_use(any_site) for _part in response.iter_encoded()]
    response.close()
    assert held
    assert set(held) == {0}


def test_a_download_that_was_cut_off_goes_on_where_it_ended(site: Site) -> None:
    content = pictures.video(30) + bytes(range(256)) * 10
    submission_id = site.city.hand_in(files=(UploadedFile("a.mp4", content),))
    member, path = site.browser("member"), f"/submissions/{submission_id}/files/1"
    whole = member.get(path)
    assert (whole.data, whole.headers["Content-Length"]) == (content, str(len(content)))
    assert whole.headers["Accept-Ranges"] == "bytes"
    rest = member.get(path, **{"Range": "bytes=100-", "If-Range": whole.headers["ETag"]})
    assert (rest.status_code, rest.data) == (206, content[100:])
    assert rest.headers["Content-Range"] == f"bytes 100-{len(content) - 1}/{len(content)}"
    another = member.get(path, **{"Range": "bytes=100-", "If-Range": '"another"'})
    assert (another.status_code, another.data) == (200, content)
    assert member.get(path, Range=f"bytes={len(content)}-").status_code == 416
    same = member.get(path, **{"If-None-Match": whole.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")


class _WatchingPlatform(MemoryPlatform):
    """Notes how many connections are in use whenever the account is checked."""

    def __init__(self, site: Site) -> None:
        super().__init__(now=site.city.clock, name="x")
        self.held: list[int] = []
        self._site = site

    def check(self) -> Health:
        """Note the connections, then check the account."""
        self.held.append(connections_in_use(self._site))
        return super().check()


def test_no_connection_is_held_while_a_platform_is_asked(any_site: Site) -> None:
    city = any_site.city
    platform = _WatchingPlatform(any_site)
    city.platforms[city.accounts["x"]] = platform
    admin = any_site.browser("admin")
    assert admin.post(f"/accounts/{city.accounts['x']}/check", {}).status_code == 302
    assert platform.held == [0]


@contextmanager
def a_request(site: Site) -> Iterator[None]:
    """Handle a request that does nothing, as in a view."""
    with site.app.test_request_context():
        yield


def test_a_page_sees_one_state_of_the_database(any_site: Site) -> None:
    count = select(func.count()).select_from(Submission)
    with a_request(any_site):
        with reading() as session:
            before = session.scalar(count)
        any_site.city.hand_in()
        with reading() as session:
            assert session.scalar(count) == before == 0
        end_reading()
        with reading() as session:
            assert session.scalar(count) == 1


def test_the_tabs_are_counted_once_in_a_snapshot_and_again_after_it(any_site: Site) -> None:
    clerk = any_site.city.actor("clerk")
    with a_request(any_site):
        with reading() as session:
            before = actor_counts(session, clerk)
        any_site.city.hand_in()
        with reading() as session:
            assert actor_counts(session, clerk) is before
        end_reading()
        with reading() as session:
            assert actor_counts(session, clerk) != before


def test_what_was_read_stays_readable_after_the_reading_ended(any_site: Site) -> None:
    any_site.city.hand_in()
    with a_request(any_site):
        with reading() as session:
            submission = session.scalars(select(Submission)).one()
        end_reading()
        assert connections_in_use(any_site) == 0
        assert submission.title


def test_the_end_of_a_request_closes_what_it_reads_in(any_site: Site) -> None:
    with a_request(any_site), reading() as session:
        session.scalar(select(func.count()).select_from(Submission))
        assert connections_in_use(any_site) == 1
    assert connections_in_use(any_site) == 0


def test_a_session_that_a_view_leaves_open_is_seen(any_site: Site) -> None:
    """The test of access asks for connections in use after each request."""
    with a_request(any_site):
        session = ctx.database.session_for_reading()
        session.scalar(select(func.count()).select_from(Submission))
    assert connections_in_use(any_site) == 1
    session.close()


@pytest.mark.proof
def test_a_page_whose_connection_breaks_says_so_and_the_next_one_works(any_site: Site) -> None:
    """PostgreSQL ends the connection before each statement of the page in turn."""
    if any_site.city.database.is_sqlite:
        pytest.skip("SQLite has no connection that could break")
    clerk = any_site.browser("clerk")
    # Its heading names a person, who is read after the layout, which does without a database.
    draft = f"/posts/{any_site.city.start(any_site.city.hand_in())}/draft"
    for path in ("/", draft):
        with cutting(any_site, at=0) as counter:
            clerk.page(path)
            statements = counter[0]
        assert statements > 5
        for position in range(1, statements + 1):
            with cutting(any_site, at=position) as counter:
                response = clerk.get(path)
            assert counter[0] >= position
            assert response.status_code in (200, 503), (path, position, response.status_code)
            assert clerk.get(path).status_code == 200


@pytest.mark.proof
def test_a_form_whose_connection_breaks_comes_back_with_its_texts(any_site: Site) -> None:
    """PostgreSQL ends the connection before each statement of the form's answer in turn."""
    if any_site.city.database.is_sqlite:
        pytest.skip("SQLite has no connection that could break")
    member = any_site.browser("member")

    def hand_in(position: int) -> tuple[int, TestResponse]:
        words = {name: values[0] for name, values in TYPED.items()}
        words |= {"title": f"पाणी {position}", "form_token": f"breaks-{position}"}
        with cutting(any_site, at=position) as counter:
            response = member.post("/submissions/new", words)
        return counter[0], response

    statements, _response = hand_in(0)
    for position in range(1, statements + 1):
        _count, response = hand_in(position)
        assert response.status_code in (302, 503), (position, response.status_code)
        assert response.status_code == 302 or f"पाणी {position}" in response.text or position < 3


@contextmanager
def cutting(site: Site, *, at: int) -> Iterator[list[int]]:
    """End all connections before the statement number `at`; count the statements."""
    url = site.city.database.url.replace("postgresql+psycopg://", "postgresql://")
    count = [0]

    def cut(_connection: Connection, *_rest: object) -> None:
        count[0] += 1
        if count[0] == at:
            with psycopg.connect(url, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    event.listen(site.city.database.engine, "before_cursor_execute", cut)
    try:
        yield count
    finally:
        event.remove(site.city.database.engine, "before_cursor_execute", cut)
