"""Two processes of a web count together, and go on counting when one of them is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import requests

from publisher.database.session import Database
from tests.journey.installation import SECRET, wait_for
from tests.support.processes import RunningCommand, Starter

pytestmark = [pytest.mark.journey, pytest.mark.proof, pytest.mark.timeout(180)]

TOKEN = "an-invented-token-of-forty-characters-xx"
COUNT = 'nagarvani_request_seconds_count{part="unknown",status="4xx"} '


def get(port: int, path: str, **headers: str) -> requests.Response:
    """Ask a web, each time by a connection of its own."""
    return requests.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=30)


def runs(port: int) -> bool:
    """Return whether a web answers."""
    try:
        return get(port, "/healthz").ok
    except requests.ConnectionError:
        return False


def unknown_pages(port: int) -> float:
    """Return how many requests for unknown pages were counted."""
    lines = get(port, "/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(COUNT)).removeprefix(COUNT))


def start_web(start: Starter, environment: dict[str, str], port: int) -> RunningCommand:
    """Start a web of two processes, and wait until it answers."""
    command = ("web", "--port", str(port), "--workers", "2")
    web = start.nagarvani(*command, environment=environment)
    wait_for(lambda: runs(port), what="the pages")
    return web


def test_counts_outlive_a_killed_process_and_their_files_do_not(
    on_sqlite: Database, start: Starter, tmp_path: Path, free_port: int
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {
        "NAGARVANI_DATABASE_URL": on_sqlite.url,
        "NAGARVANI_MEDIA_DIR": str(tmp_path / "media"),
        "NAGARVANI_SECRET_KEY": SECRET,
        "NAGARVANI_METRICS_TOKEN": TOKEN,
        "NAGARVANI_TRUSTED_PROXIES": "1",
        "TMPDIR": str(temporary),
    }
    web = start_web(start, environment, free_port)
    forwarded = {"X-Forwarded-For": "127.0.0.1"}
    assert get(free_port, "/metrics", **forwarded).status_code == 404
    assert get(free_port, "/metrics", **forwarded, Authorization=f"Bearer {TOKEN}").ok
    for _ in range(19):
        get(free_port, "/nowhere")
    assert unknown_pages(free_port) == 20
    (folder,) = temporary.glob("nagarvani-web-*")
    former = {pid for pid in web.session() if (folder / f"histogram_{pid}.db").exists()}
    killed = min(former)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: not (folder / f"histogram_{killed}.db").exists(), what="its file to go")
    wait_for(lambda: len(list(folder.iterdir())) == 3, what="another process")
    assert unknown_pages(free_port) == 20
    web.kill()
    web.stop()  # ends the processes that it has left
    assert folder.exists()
    web = start_web(start, environment, free_port)
    (other,) = temporary.glob("nagarvani-web-*")
    assert other != folder
    assert web.stop() == 0
    assert list(temporary.glob("nagarvani-web-*")) == []
