"""The sandbox as a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import sys
import time
from pathlib import Path

import pytest
import requests

from sandbox.server import SandboxAddresses
from tests.sandbox.platform_clients import CITY_PAGE, graph, ledger, post_mail, x_client
from tests.support.processes import RunningCommand, Starter

pytestmark = pytest.mark.proof


def start_sandbox(start: Starter, tmp_path: Path) -> tuple[RunningCommand, dict[str, object]]:
    ready = tmp_path / "ready.json"
    ready.unlink(missing_ok=True)
    call = [sys.executable, "-m", "sandbox", "--port", "0", "--smtp-port", "0"]
    call += ["--state", str(tmp_path / "state"), "--ready", str(ready)]
    started = start(call, ready=ready)
    return started, json.loads(ready.read_text())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_and_remembers_everything(
    start: Starter, tmp_path: Path, number: signal.Signals
) -> None:
    first, places = start_sandbox(start, tmp_path)
    url = str(places["url"])
    x_client(url).create_tweet(text="पोस्ट")
    graph(url).put_object("me", "feed", message="पोस्ट")
    post_mail(int(str(places["smtp_port"])))
    before = [ledger(url, platform) for platform in ("x", "facebook")]
    assert first.stop(number) == 0
    second, places = start_sandbox(start, tmp_path)
    url = str(places["url"])
    assert [ledger(url, platform) for platform in ("x", "facebook")] == before
    assert len(requests.get(f"{url}/letterbox.json", timeout=5).json()) == 1
    assert x_client(url).create_tweet(text="नवी")["data"]["id"] > before[0][0]["id"]
    assert places["pid"] == second.pid


def test_after_a_kill_what_was_answered_is_still_there(start: Starter, tmp_path: Path) -> None:
    first, places = start_sandbox(start, tmp_path)
    post_id = x_client(str(places["url"])).create_tweet(text="पोस्ट")["data"]["id"]
    first.kill()
    _, places = start_sandbox(start, tmp_path)
    assert [entry["id"] for entry in ledger(str(places["url"]), "x")] == [post_id]


def test_no_token_stands_in_what_it_says(start: Starter, tmp_path: Path) -> None:
    started, places = start_sandbox(start, tmp_path)
    graph(str(places["url"])).get_object("me")
    started.wait_for("graph.facebook.com/v26.0/me")
    assert "TOKEN" not in started.written_output()


def test_the_ledger_is_written_durably(start: Starter, tmp_path: Path) -> None:
    start_sandbox(start, tmp_path)
    beside = sqlite3.connect(tmp_path / "state" / "sandbox.sqlite3")
    try:
        assert beside.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        beside.close()


@pytest.mark.parametrize(
    ("host", "path", "kind", "token"),
    [
        ("graph.facebook.com", f"/{CITY_PAGE.id}/feed", "x-www-form-urlencoded", CITY_PAGE.token),
        ("graph.facebook.com", "/", "x-www-form-urlencoded", CITY_PAGE.token),
        ("api.twitter.com", "/2/tweets", "json", ""),
    ],
)
def test_who_stops_in_the_midst_of_a_request_keeps_nobody_else_waiting(
    sandbox_server: SandboxAddresses, host: str, path: str, kind: str, token: str
) -> None:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/{kind}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: 100\r\n\r\nmessage="
    )
    with socket.create_connection(("127.0.0.1", sandbox_server.port)) as caller:
        caller.sendall(head.encode())
        time.sleep(0.3)
        assert requests.get(f"{sandbox_server.url}/faults.json", timeout=10).ok
