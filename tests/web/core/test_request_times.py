"""Requests are counted by part and status class, for all processes of a web together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from tests.web.site import Site
from web.core import request_times
from web.core.request_times import FOLDER, PREFIX, RESERVED, merge_counts, part_of, run_folder

COUNT = """
import sys
from web.core.request_times import RequestTimes
times = RequestTimes(lambda: 0.0)
parts = sys.argv[1].split(",")
for part in parts:
    for status in ("1xx", "2xx", "3xx", "4xx", "5xx"):
        times._histogram.labels(part, status).observe(0.2)
"""


def count_in_a_process(folder: Path, *parts: str) -> int:
    """Count a request of each part and class in another process; return its id."""
    process = subprocess.Popen(
        [sys.executable, "-c", COUNT, ",".join(parts)], env={**os.environ, FOLDER: str(folder)}
    )
    assert process.wait(60) == 0
    return process.pid


def counted(folder: Path) -> float:
    """Return how many requests all processes have counted."""
    collector: Any = MultiProcessCollector  # it has no types
    samples = [sample for family in collector(None, folder).collect() for sample in family.samples]
    return sum(float(sample.value) for sample in samples if sample.name.endswith("_count"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this folder be the system's temporary one."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.ci
def test_a_count_does_not_fall_when_a_process_ends(temporary: Path) -> None:
    with run_folder() as folder:
        assert folder is not None
        for number in (1, 2, 3):
            pid = count_in_a_process(folder, "home", "inbox")
            assert counted(folder) == number * 10
            merge_counts(folder, pid)
            assert counted(folder) == number * 10
            assert [file.name for file in folder.iterdir()] == ["histogram_0.db"]
        merge_counts(folder, 1)  # it ended before its first request


def test_the_folder_is_ours_alone_and_gone_at_the_end(temporary: Path) -> None:
    with run_folder() as folder:
        assert folder is not None
        assert folder.stat().st_mode & 0o777 == 0o700
        assert os.environ[FOLDER] == str(folder)
    assert not folder.exists()
    assert FOLDER not in os.environ


def test_folders_of_killed_webs_are_erased_and_no_others(temporary: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, running, others = (
        temporary / f"{PREFIX}{name}" for name in (f"{ended.pid}-abc", f"{os.getpid()}-abc", "x-y")
    )
    for folder in (left, running, others):
        folder.mkdir()
        (folder / "histogram_1.db").touch()
    link = temporary / f"{PREFIX}{ended.pid}-link"
    link.symlink_to(running)
    with run_folder():
        assert not left.exists()
        assert all((folder / "histogram_1.db").exists() for folder in (running, others, link))


def test_a_folder_that_cannot_be_made_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with run_folder() as folder:
        assert folder is None
        assert FOLDER not in os.environ
    assert caplog.messages == ["requests are not counted together: No such file or directory"]


def test_a_broken_file_is_removed_and_named(
    temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with run_folder() as folder:
        assert folder is not None
        file = folder / "histogram_7.db"
        for content in (b"", (4000).to_bytes(4, sys.byteorder) + b"\xff" * 5000):
            file.write_bytes(content)
            merge_counts(folder, 7)
            assert not file.exists()
        assert counted(folder) == 0
    assert len(caplog.messages) == 2


@pytest.mark.ci
def test_the_reserved_bytes_have_room_for_every_part(site: Site, temporary: Path) -> None:
    """A file that grows may hit the end of the disk, which kills its process."""
    endpoints = [None, *site.app.view_functions]
    parts = sorted({part_of(site.app, endpoint) for endpoint in endpoints})
    assert {"unknown", "static", "changes", "monitoring", "home", "inbox"} <= set(parts)
    assert len(parts) <= 30
    with run_folder() as folder:
        assert folder is not None
        pid = count_in_a_process(folder, *parts)
        assert (folder / f"histogram_{pid}.db").stat().st_size == RESERVED


def test_no_path_makes_a_label_of_its_own(site: Site) -> None:
    def labels() -> set[tuple[str, str]]:
        body = site.app.test_client().get("/metrics").text
        (family,) = (
            family
            for family in text_string_to_metric_families(body)
            if family.name == request_times.NAME
        )
        return {(sample.labels["part"], sample.labels["status"]) for sample in family.samples}

    client = site.app.test_client()
    for path in ("/nowhere", "/पाणी", "/x" * 900, "/metrics/", "/.env"):
        client.get(path, environ_overrides={"REMOTE_ADDR": "198.51.100.7"})
    labels()  # which is counted after it is answered
    before = labels()
    assert ("unknown", "4xx") in before
    for method in ("DELETE", "BREW"):
        client.open("/elsewhere", method=method)
    client.get("/robots.txt")
    client.get("/submissions")
    assert labels() - before <= {("home", "2xx"), ("submissions", "4xx")}
