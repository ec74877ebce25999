"""Pages while the database, the platforms, the machine or the settings are in trouble."""

from __future__ import annotations

import gc
import io
import logging
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from werkzeug.test import TestResponse

from publisher.database.session import Database
from publisher.delivery.accounts.credentials import Vault
from publisher.models.deliveries import Account
from publisher.platforms.base.protocol import Platform
from publisher.platforms.registry import open_platform
from tests.support.city import City
from tests.support.processes import free_port
from tests.web.html_page import Page
from tests.web.site import BASE_URL, SECRET, Browser, Site, make_app, open_site
from tests.web.submissions.test_bad_submissions import TYPED

LONG = {"text_mr": ["शनिवारी पाणीपुरवठा बंद राहील. " * 500]}
"""A text longer than the free space in a page of the database."""

PAIRS = [(name, value) for name, values in (TYPED | LONG).items() for value in values]
UNREACHABLE = "प्रणाली सध्या उपलब्ध नाही. कोणताही बदल झालेला नाही."
MEGABYTE = 1024 * 1024


def check_kept(browser: Browser) -> list[tuple[str, str]]:
    """Expect 503 when handing in, without lost input; return the fields to send again."""
    path = "/submissions/new"
    form = [*PAIRS, ("form_token", "in-trouble")]
    response = browser.post(path, form)
    page = Page(response.text)
    assert response.status_code == 503
    assert UNREACHABLE in page
    assert "आपला मजकूर खाली आहे; या बटणाने तो पुढे पाठविला जाईल." in page
    sent_on = page.form_to(path)
    assert sorted(sent_on) == sorted(form)
    return sent_on


@pytest.fixture
def impatient_site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site on SQLite that waits a twentieth of a second for a lock, instead of ten seconds."""
    database = Database(sqlite_url)
    event.listen(database.engine, "connect", _wait_shortly)
    yield open_site(database, tmp_path)
    database.dispose()


def _wait_shortly(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=50")
    cursor.close()


def file_of(city: City) -> str:
    """Return the database's file."""
    return str(make_url(city.database.url).database)


def test_a_locked_database_keeps_the_form_and_takes_it_once_it_is_free(
    impatient_site: Site,
) -> None:
    member = impatient_site.browser("member")
    assert member.token
    other = sqlite3.connect(file_of(impatient_site.city), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    sent_on = check_kept(member)
    other.execute("ROLLBACK")
    other.close()
    assert member.post("/submissions/new", sent_on).status_code == 302


def test_a_full_database_keeps_the_form_and_takes_it_once_there_is_room(
    impatient_site: Site,
) -> None:
    member, city = impatient_site.browser("member"), impatient_site.city
    assert member.token
    event.listen(city.database.engine, "connect", _limit_pages)
    city.database.dispose()
    sent_on = check_kept(member)
    event.remove(city.database.engine, "connect", _limit_pages)
    city.database.dispose()
    assert member.post("/submissions/new", sent_on).status_code == 302


def _limit_pages(connection: DBAPIConnection, _record: object) -> None:
    """Limit the database to its current number of pages."""
    cursor = connection.cursor()
    cursor.execute("VACUUM")
    cursor.execute("PRAGMA page_count")
    (pages,) = cursor.fetchone() or (0,)
    cursor.execute(f"PRAGMA max_page_count={pages}")
    cursor.close()


@contextmanager
def database_closed(address: str) -> Iterator[None]:
    """Forbid connections to a PostgreSQL database, and end the existing ones."""
    plain = address.replace("postgresql+psycopg", "postgresql")
    name = sql.Identifier(str(make_url(address).database))
    around = plain.replace(f"/{make_url(address).database}", "/postgres")
    shutting = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    parting = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(around, autocommit=True) as connection:
        connection.execute(shutting.format(name, sql.SQL("false")))
        connection.execute(parting, [make_url(address).database])
        try:
            yield
        finally:
            connection.execute(shutting.format(name, sql.SQL("true")))


@pytest.fixture
def postgres_site(postgres_url: str, tmp_path: Path) -> Iterator[Site]:
    """The site on PostgreSQL alone."""
    database = Database(postgres_url)
    yield open_site(database, tmp_path)
    database.dispose()


def test_a_form_survives_a_lost_database_and_is_saved_once_it_is_back(
    postgres_site: Site,
) -> None:
    member = postgres_site.browser("member")
    assert member.token
    with database_closed(postgres_site.city.database.url):
        sent_on = check_kept(member)
        page = Page(member.get("/").text)
        assert member.get("/").status_code == 503
        assert "प्रणाली सध्या उपलब्ध नाही किंवा देखभालीचे काम सुरू आहे." in page
    assert member.post("/submissions/new", sent_on).status_code == 302


def test_a_database_lost_in_the_middle_of_a_request_gets_its_error_page(
    postgres_site: Site,
) -> None:
    """The database fails after the session was read, so that the page's frame has no counts."""
    member, waiting = postgres_site.browser("member"), []
    assert member.token

    def go_away() -> None:
        waiting.append(database_closed(postgres_site.city.database.url))
        waiting[-1].__enter__()

    postgres_site.app.before_request_funcs[None].append(go_away)
    try:
        check_kept(member)
    finally:
        waiting[0].__exit__(None, None, None)


def test_a_database_at_a_wrong_port_is_a_page_that_says_so(site: Site, tmp_path: Path) -> None:
    database = Database(f"postgresql://nagarvani@127.0.0.1:{free_port()}/nagarvani")
    app = make_app(site.city, tmp_path, database=database)
    member = site.browser("member")
    member.app, stranger = app, app.test_client()
    with stranger.session_transaction(base_url=BASE_URL) as cookies:
        cookies["sign_in"] = member.cookie()
    browser = Browser(app, stranger)
    check_kept(browser)
    database.dispose()


def test_a_log_of_trouble_holds_nothing_that_somebody_typed(
    impatient_site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    member = impatient_site.browser("member")
    assert member.token
    other = sqlite3.connect(file_of(impatient_site.city), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with caplog.at_level(logging.DEBUG):
        check_kept(member)
    other.close()
    assert "database" in caplog.text
    assert TYPED["title"][0] not in caplog.text
    assert TYPED["outward_number"][0] not in caplog.text


def site_with_unreachable_x(site: Site) -> Site:
    """The same city with an X address on which nothing listens."""
    city, nowhere = site.city, f"http://127.0.0.1:{free_port()}"
    sealed = Vault(SECRET, ()).seal(
        {
            "consumer_key": "a",
            "consumer_secret": "b",
            "access_token": "c",
            "access_token_secret": "d",
        }
    )
    with city.write() as session:
        session.get_one(Account, city.accounts["x"]).credentials = sealed

    def open_account(account: Account) -> Platform:
        return open_platform(
            account.platform,
            Vault(SECRET, ()).open(account.credentials),
            {"x_api_url": nowhere, "graph_api_url": nowhere, "graph_api_version": "v26.0"},
            now=city.clock,
        )

    app = make_app(city, city.store.root.parent, open_account=open_account)
    return Site(city, app)


def test_a_platform_that_is_away_is_said_in_a_sentence(site: Site) -> None:
    admin = site_with_unreachable_x(site).browser("admin")
    response = admin.post(f"/accounts/{site.city.accounts['x']}/check")
    assert response.status_code == 302
    page = admin.page(response.headers["Location"])
    assert page.notices() == ["सोशल मिडिया खाते अद्याप सुरू झालेले नाही."]


class GeneratedBody(io.RawIOBase):
    """A request body that is generated while it is read; `given` counts its bytes."""

    def __init__(self, head: bytes, size: int, tail: bytes = b"") -> None:
        self.head = head
        self.left = size
        self.tail = tail
        self.given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the head, then the same letter repeatedly, until the size is reached."""
        if not self.left:
            tail, self.tail = self.tail, b""
            return tail
        length = min(self.left, size if size >= 0 else self.left, MEGABYTE)
        piece = (self.head[:length] + b"a" * length)[:length]
        self.head, self.left = self.head[length:], self.left - length
        self.given += length
        return piece

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # bytes-like enough
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


HEAD = (
    b'--edge\r\nContent-Disposition: form-data; name="title"\r\n\r\nwater\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="files"; filename="film.mp4"\r\n'
    b"Content-Type: video/mp4\r\n\r\n"
)


def upload(
    browser: Browser, body: GeneratedBody, *, length: int | None, path: str = "/submissions/new"
) -> TestResponse:
    """Send a body in chunks, with or without a Content-Length."""
    headers = {} if length is None else {"CONTENT_LENGTH": str(length)}
    with warnings.catch_warnings():
        # Werkzeug leaves the spooled part of a body that was cut off to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        response = browser.client.open(
            path,
            method="POST",
            base_url=BASE_URL,
            environ_overrides={
                "wsgi.input": body,
                "wsgi.input_terminated": True,
                "CONTENT_TYPE": "multipart/form-data; boundary=edge",
                "HTTP_SEC_FETCH_SITE": "same-origin",
                **headers,
            },
        )
        gc.collect()
    return response


END = b"\r\n--edge--\r\n"


@pytest.mark.proof
@pytest.mark.parametrize(("who", "size"), [("member", 5_000), ("", 300)])
def test_more_than_is_ever_read_is_refused_before_a_byte_of_it_is(
    site: Site, who: str, size: int
) -> None:
    browser = site.browser(who) if who else site.nobody()
    body = GeneratedBody(HEAD, size * MEGABYTE, END)
    response = upload(browser, body, length=size * MEGABYTE + len(END))
    page = Page(response.text)
    assert (response.status_code, body.given) == (413, 0)
    assert "जे पाठविले ते मर्यादेपेक्षा मोठे आहे" in page
    assert "मजकूर किंवा सर्व फाइल मिळून मर्यादेपेक्षा मोठ्या आहेत. काहीही साठविलेले नाही." in page


@pytest.mark.proof
def test_other_forms_take_no_more_than_64_megabytes_on_the_way(site: Site) -> None:
    body = GeneratedBody(HEAD, 200 * MEGABYTE)
    response = upload(site.browser("member"), body, length=None, path="/submissions/1/note")
    assert response.status_code == 413
    assert body.given <= 66 * MEGABYTE


@pytest.mark.proof
def test_a_video_of_300_megabytes_is_read_whole_and_the_form_is_kept(site: Site) -> None:
    """The body is sent in chunks, and the part beyond the limit is discarded."""
    member = site.browser("member")
    token = f'--edge\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{member.token}\r\n'
    body = GeneratedBody(token.encode() + HEAD, 300 * MEGABYTE, END)
    response = upload(member, body, length=None)
    page = Page(response.text)
    assert response.status_code == 422
    assert body.given == 300 * MEGABYTE
    assert page.named("title")[0].get("value") == "water"
    assert page.error_at("files") == ("“film.mp4” ही फाइल मर्यादेपेक्षा मोठी आहे. लहान फाइल निवडावी.")


@pytest.mark.proof
def test_a_video_sent_without_a_session_is_named_and_the_text_kept(site: Site) -> None:
    response = upload(site.nobody(), GeneratedBody(HEAD, 100 * MEGABYTE, END), length=None)
    page = Page(response.text)
    assert response.status_code == 401
    assert "या फाइल पुन्हा निवडाव्यात: film.mp4" in page
    assert ("kept:title", "water") in page.form("sign-in")


@pytest.mark.proof
def test_a_text_without_end_is_refused_as_well(site: Site) -> None:
    """A field that is not a file is kept in memory, so its limit is much lower."""
    body = GeneratedBody(HEAD.replace(b'; filename="film.mp4"', b""), 60 * MEGABYTE)
    assert upload(site.browser("member"), body, length=None).status_code == 413
    assert body.given < 3 * MEGABYTE


@pytest.mark.ci
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("BASE_URL", "nagarvani.example", "write an address that begins with https:// or http://"),
        ("SECRET_KEY", "short", "write at least 32 characters that nobody can guess"),
        ("DATABASE_URL", "oracle://x/y", "write sqlite:////path/to/file.db or postgresql://"),
    ],
)
def test_a_wrong_setting_at_start_is_one_sentence_and_no_traceback(
    tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", "import cli; cli.main()", "web", "--port", "65000"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), f"NAGARVANI_{name}": value, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith(f"NAGARVANI_{name}: ")
    assert sentence in done.stderr
    assert name == "BASE_URL" or value not in done.stderr
