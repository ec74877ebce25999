"""Tests of the test helpers, on which all other tests depend."""

from __future__ import annotations

import gc
import signal
import smtplib
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
import requests
from playwright.sync_api import BrowserContext, Page
from pytest_socket import SocketConnectBlockedError
from sqlalchemy import select, text

from publisher.database.session import Database
from publisher.models.people import Department
from tests.support.accessibility import Findings
from tests.support.city_people import add_department
from tests.support.database_pool import DatabasePool
from tests.support.mail import MailServer, serving
from tests.support.memory_platform.store import PostStore
from tests.support.open_connections import Connections
from tests.support.postgres import Server
from tests.support.processes import Starter, plain_environment
from tests.support.runs import CHECKOUT, MARK, Run, is_alive

pytestmark = pytest.mark.twin

WAITS = """
import pathlib, sys, time
print("here")
pathlib.Path(sys.argv[1]).write_text("ready")
time.sleep(60)
"""
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("both")
time.sleep(60)
"""


def test_a_test_gets_a_migrated_database_on_both_kinds(database: Database) -> None:
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1


def test_each_test_has_a_database_of_its_own(postgres: Server) -> None:
    first_url, two = postgres.create(), postgres.create()
    try:
        with psycopg.connect(postgres.plain_url(first_url), autocommit=True) as first:
            first.execute("CREATE TABLE only_here (x int)")
        with psycopg.connect(postgres.plain_url(two)) as second:
            assert second.execute("SELECT to_regclass('only_here')").fetchone() == (None,)
    finally:
        postgres.drop(first_url)
        postgres.drop(two)


def test_a_lent_database_is_as_new_each_time(database_pool: DatabasePool) -> None:
    first = Database(database_pool.acquire())
    with first.transaction() as session:
        first_id = add_department(session, "water").id
    first.dispose()
    second = Database(database_pool.acquire())
    with second.transaction() as session:
        assert session.scalars(select(Department.id)).all() == []
        assert session.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
        assert add_department(session, "water").id == first_id
    second.dispose()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE deliveries ADD COLUMN colour integer",
        "ALTER TABLE deliveries ALTER COLUMN claimed_by TYPE varchar(100)",
        "ALTER TABLE comments ADD CONSTRAINT refuse CHECK (text <> '')",
        "DROP INDEX ix_deliveries_account_due",
        "CREATE TABLE only_here (x int)",
    ],
)
def test_a_lent_database_whose_tables_were_changed_is_lent_no_more(
    database_pool: DatabasePool, change: LiteralString
) -> None:
    # That of the worker may be replaced at any time, as it has been used often enough.
    with closing(DatabasePool(database_pool.server)) as pool:
        changed = pool.acquire()
        with psycopg.connect(changed.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(change)
        assert (lent := pool.acquire()) != changed
        assert pool.acquire() == lent


def test_who_stays_connected_is_cut_before_the_next_test(database_pool: DatabasePool) -> None:
    forgotten = psycopg.connect(database_pool.acquire().replace("+psycopg", ""))
    forgotten.execute("LOCK TABLE alembic_version")
    database_pool.acquire()
    with pytest.raises(psycopg.OperationalError):
        forgotten.execute("SELECT 1")
    forgotten.close()


def test_the_runs_databases_are_durable_as_the_product_asks(database: Database) -> None:
    assert database.check_durable() is None


def test_the_test_that_left_a_connection_open_is_named(
    database_url: str, database_connections: Connections
) -> None:
    assert Database(database_url).revision()
    with Database(database_url) as closed, Database(database_url) as in_use:
        assert closed.revision()
        closed.dispose()
        assert in_use.revision()
        (test,) = database_connections.close_leaked()
    assert "test_the_test_that_left_a_connection_open_is_named" in test


def test_nothing_but_loopback_is_reached() -> None:
    with pytest.warns(UserWarning, match="10.0.0.1"), pytest.raises(SocketConnectBlockedError):
        requests.get("http://10.0.0.1/", timeout=1)


def test_a_started_command_is_waited_for_and_stopped(start: Starter, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    started = start([sys.executable, "-c", WAITS, str(ready)], ready=ready)
    assert "here" in started.written_output()
    assert started.session() == [started.pid]
    assert started.stop() == -signal.SIGTERM
    assert not is_alive(started.pid)


def test_a_command_that_ends_before_it_is_ready_is_told_with_its_words(
    start: Starter, tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match="I cannot"):
        start([sys.executable, "-c", "print('I cannot')"], ready=tmp_path / "never")


def test_what_a_command_started_ends_with_it(start: Starter) -> None:
    parent = start([sys.executable, "-c", PARENT])
    parent.wait_for("both")
    both = parent.session()
    assert len(both) == 2
    parent.stop()
    assert [pid for pid in both if is_alive(pid)] == []


def test_started_commands_do_not_inherit_the_products_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NAGARVANI_BASE_URL", "http://elsewhere.example")
    environment = plain_environment({"NAGARVANI_CITY_CODE": "PMC"})
    assert "NAGARVANI_BASE_URL" not in environment
    assert environment["NAGARVANI_CITY_CODE"] == "PMC"


def test_what_a_test_starts_belongs_to_its_run(start: Starter, run: Run, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    started = start([sys.executable, "-c", WAITS, str(ready)], ready=ready)
    assert started.pid in run.processes()


def test_a_run_inside_a_run_ends_with_it(start: Starter, run: Run, tmp_path: Path) -> None:
    outer, inner = Run(tmp_path / "outer"), tmp_path / "outer" / "registry" / "1-x"
    inner.mkdir(parents=True)
    call, ready = [sys.executable, "-c", WAITS], tmp_path / "ready"
    started = start([*call, str(ready)], ready=ready, environment={MARK: str(inner)})
    assert Run(tmp_path / "out").processes() == []
    assert started.pid not in run.processes()
    assert outer.end() == [started.pid]
    started.popen.wait(10)
    assert not inner.exists()


def test_a_free_port_can_be_taken(free_port: int) -> None:
    with socket.create_server(("127.0.0.1", free_port)) as listener:
        assert listener.getsockname()[1] == free_port


def test_the_platform_in_memory_gives_each_post_of_many_threads_its_own_id() -> None:
    store, interval = PostStore(lambda: datetime.now(UTC)), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            posts = list(threads.map(lambda _: store.keep("city", "a" * 200, None), range(2_000)))
    finally:
        sys.setswitchinterval(interval)
    assert len({post.platform_id for post in posts}) == len(posts)


def test_every_planted_bug_can_still_be_planted() -> None:
    patches = sorted((CHECKOUT / "tests/mutants").glob("*.patch"))
    assert patches
    for patch in patches:
        check = ["git", "apply", "--check", str(patch)]
        done = subprocess.run(check, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{patch.name}: {done.stderr}"


def test_the_mail_server_takes_and_refuses_mail(mail_server: MailServer) -> None:
    with smtplib.SMTP("127.0.0.1", mail_server.port) as client:
        client.sendmail("a@example.in", ["b@example.in"], "Subject: =?utf-8?b?4KSo?=\r\n\r\nx\r\n")
        mail_server.response = "451 later"
        with pytest.raises(smtplib.SMTPDataError, match="later"):
            client.sendmail("a@example.in", ["b@example.in"], "Subject: x\r\n\r\nx\r\n")
    assert [mail.subject for mail in mail_server.to("b@example.in")] == ["न"]
    assert mail_server.wait_for(1)[0].text.strip() == "x"


@pytest.mark.ci
@pytest.mark.parametrize("line", [b"", b"HELO here\r\n"])
def test_clients_that_stay_leave_the_mail_server_no_open_socket(line: bytes) -> None:
    """The last ones are being accepted when the server ends."""
    with warnings.catch_warnings(record=True) as caught, ExitStack() as clients:
        warnings.simplefilter("always")
        with serving() as server:
            for _ in range(20):
                address = ("127.0.0.1", server.port)
                client = clients.enter_context(socket.create_connection(address))
                client.sendall(line)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_axe_tells_what_is_wrong_and_what_it_cannot_decide(
    page: Page, axe: Callable[[Page], Findings]
) -> None:
    page.set_content(
        "<html><body><main><img src=x><p style='background:url(x)'>text</p></main></body></html>"
    )
    violations = axe(page)
    assert "image-alt" in {finding.rule for finding in violations.violations}
    assert "color-contrast" in {finding.rule for finding in violations.incompletes}


def test_windows_have_the_asked_width_and_pune_time(window: Callable[..., BrowserContext]) -> None:
    opened = window(width=1280, locale="en-IN").new_page()
    zone = "Intl.DateTimeFormat().resolvedOptions().timeZone"
    assert opened.evaluate(f"[innerWidth, navigator.language, {zone}]") == [
        1280,
        "en-IN",
        "Asia/Calcutta",  # as Chromium still calls it
    ]


def test_the_browser_reaches_nothing_outside(page: Page) -> None:
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://pune.example/")
