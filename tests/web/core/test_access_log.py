"""Each request has an id, and is logged without what must be in no log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from publisher.database.session import Database
from publisher.settings.logs import ACCESS, JsonFormatter, request_id
from tests.support.processes import free_port
from tests.web.html_page import Page
from tests.web.site import Site, app_context, make_app
from web.app import create_app

TOKEN = "Ab3_" * 10 + "-xy"
HEADERS = {"X-Request-ID": "from-the-proxy.1"}


class Lines(logging.Handler):
    """Keeps what was logged, with the id of the request."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.objects: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line of a record, and what it is in JSON."""
        self.lines.append(f"[{request_id.get()}] {record.getMessage()}")
        self.objects.append(json.loads(JsonFormatter().format(record)))


@pytest.fixture
def log_lines() -> Iterator[Lines]:
    """Keep the lines of the log of requests."""
    handler, logger = Lines(), logging.getLogger(ACCESS)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.fixture
def requests(log_lines: Lines) -> list[str]:
    """Return the lines of the log of requests."""
    return log_lines.lines


def test_a_request_is_logged_with_its_id_and_what_was_answered(
    site: Site, requests: list[str]
) -> None:
    response = site.nobody().get("/sign-in")
    number = response.headers["X-Request-ID"]
    (line,) = requests
    begin, _, seconds = line.rpartition(" ")
    size = response.headers["Content-Length"]
    assert begin == f"[{number}] 127.0.0.1 GET /sign-in 200 {size}"
    assert float(seconds) >= 0


def test_in_json_status_bytes_and_seconds_are_numbers(site: Site, log_lines: Lines) -> None:
    response = site.nobody().get("/sign-in")
    site.app.test_client().head("/sign-in")
    whole, head = log_lines.objects
    assert (whole["status"], whole["bytes"]) == (200, int(response.headers["Content-Length"]))
    assert isinstance(whole["seconds"], float)
    assert (head["status"], head["bytes"]) == (200, None)
    assert log_lines.lines[1].split(" ")[2:6] == ["HEAD", "/sign-in", "200", "-"]


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        (f"/approve/{TOKEN}", "/approve/***"),
        (f"/approve/{TOKEN[:-1]}", "/approve/***"),
        ("/approve/short.", "/approve/***"),
        (f"/approve/{TOKEN}/", "/approve/***/"),
        (f"/approve/{TOKEN}/more/of/it", "/approve/***/more/of/it"),
        (f"/approv/{TOKEN[:25]}", "/approv/***"),
        (f"/feeds/{TOKEN}.ics", "/feeds/***.ics"),
        (f"/mail/department/{TOKEN}", "/mail/department/***"),
        (f"/invitation/{TOKEN}", "/invitation/***"),
        (f"/forgotten/link/{TOKEN}", "/forgotten/link/***"),
        ("/code/spot-of-a-code", "/code/***"),
        ("/accounts/back/x?oauth_token=a&oauth_verifier=b", "/accounts/back/x?***"),
        ("/search?q=A+Name", "/search?***"),
        ("/a%0A2026-11-30%20b", "/a%0A2026-11-30%20b"),
    ],
)
def test_neither_tokens_nor_what_was_searched_for_are_logged(
    site: Site, requests: list[str], path: str, logged: str
) -> None:
    site.nobody().get(path)
    assert requests[0].split(" ")[3] == logged


def test_every_page_with_a_token_in_its_address_is_logged_without(
    site: Site, requests: list[str]
) -> None:
    rules = [rule for rule in site.app.url_map.iter_rules() if "token" in rule.arguments]
    assert len(rules) > 10
    for rule in rules:
        site.nobody().get(rule.rule.replace("<token>", TOKEN).partition("<")[0])
    assert len(requests) == len(rules)
    assert not [line for line in requests if TOKEN[:21] in line]


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [("from-the-proxy.1", True), ("a" * 65, False), ("a b", False), ("ä", False), ("", False)],
)
def test_a_trusted_proxys_id_is_taken_if_it_is_harmless(
    site: Site, tmp_path: Path, text: str, is_taken: bool
) -> None:
    context = app_context(site.city, tmp_path)
    app = create_app(replace(context, settings=replace(context.settings, trusted_proxies=1)))
    response = app.test_client().get("/sign-in", headers={"X-Request-ID": text})
    assert (response.headers["X-Request-ID"] == text) is is_taken
    assert response.headers.getlist("X-Request-ID") != [""]


def test_a_clients_own_id_is_not_taken(site: Site) -> None:
    response = site.app.test_client().get("/sign-in", headers=HEADERS)
    assert response.headers["X-Request-ID"] != HEADERS["X-Request-ID"]


def test_an_error_page_shows_the_id_and_the_log_has_it(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    response = site.browser("member").get("/people")
    assert response.status_code == 403
    assert response.headers["X-Request-ID"] in Page(response.text)
    assert "403 GET /people" in caplog.text


def test_open_pages_that_ask_while_the_database_is_away_are_one_loop(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(f"postgresql://nagarvani@127.0.0.1:{free_port()}/nagarvani")
    client = make_app(site.city, tmp_path, database=database).test_client()
    cookie = site.browser("member").cookie()
    with client.session_transaction(base_url="https://localhost") as cookies:
        cookies["sign_in"] = cookie
    for path in ("/changes", "/"):
        assert client.get(path, base_url="https://localhost").status_code == 503
    loops = [(record.getMessage(), getattr(record, "loop", "")) for record in caplog.records]
    assert ("503 GET /changes", "open pages") in loops
    assert ("503 GET /", "") in loops
    assert {loop for message, loop in loops if message.startswith("the database: ")} == {"pages"}
    database.dispose()
