"""A file of a stranger costs what it may, and ends the process that reads it and nothing else."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from publisher.mail.messages.message import UnreadableMessage, UnreadableReason
from publisher.mail.messages.read import read_message
from publisher.readers.limited_process import LARGE_BYTES, end_idle, read_file
from tests.support.mail_samples.builder import (
    NOTICE,
    base64_lines,
    headers,
    lines,
    multipart,
    part,
)
from tests.support.mail_samples.heavy import heavy_mails

_PLAIN = "Content-Type: text/plain; charset=utf-8"
_BASE64 = "Content-Transfer-Encoding: base64"
SMALL = headers("x", _PLAIN) + b"\r\n" + NOTICE.encode()
MEGABYTE = 2**20


def nested(depth: int, content: bytes = b"") -> bytes:
    """Return a mail of multiparts in one another."""
    inner, content_type = content or lines(NOTICE), _PLAIN
    for level in range(depth):
        inner = multipart(f"b{level}", part(inner, content_type))
        content_type = f"Content-Type: multipart/mixed; boundary=b{level}"
    return headers("x", content_type) + b"\r\n" + inner


def slow() -> bytes:
    """Return a mail each of whose lines is compared with forty boundaries: seconds of work."""
    return nested(40, b"--a\r\n" * 1_500_000)


def readers() -> list[int]:
    """Return the processes that read files for this one."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        found += [int(pid) for pid in (task / "children").read_text().split()]
    return [pid for pid in found if b"file_reader.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.fixture(autouse=True)
def _no_idle_process() -> Iterator[None]:
    end_idle()
    yield
    end_idle()
    assert readers() == []


def expect_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableMessage) as problem:
        read_message(raw)
    assert problem.value.reason is UnreadableReason.FAILED


def test_one_process_reads_many_mails_until_one_is_too_much() -> None:
    read_message(SMALL)
    first = readers()
    assert read_message(SMALL).text == NOTICE
    assert readers() == first
    assert len(first) == 1
    expect_unreadable(nested(3_000))
    assert readers() == []
    assert read_message(SMALL).text == NOTICE


def test_a_process_may_use_twelve_times_a_mail_and_twenty_seconds() -> None:
    read_message(SMALL)
    rows = Path(f"/proc/{readers()[0]}/limits").read_text().splitlines()
    limits = {row[:25].strip(): row.split()[-3] for row in rows if row.startswith("Max")}
    assert limits["Max data size"] == str(64 * MEGABYTE + 12 * len(SMALL))
    assert limits["Max cpu time"] == "20"
    assert limits["Max core file size"] == "0"


@pytest.mark.ci
def test_a_mail_of_25_megabytes_is_read() -> None:
    assert len(read_message(heavy_mails()["twenty_five_megabytes"]).files) == 3


def test_a_process_that_read_a_large_mail_is_ended() -> None:
    photo = part(base64_lines(os.urandom(LARGE_BYTES)), "Content-Type: image/png", _BASE64)
    (file,) = read_message(_mixed(photo, 1)).files
    assert (len(file.content), readers()) == (LARGE_BYTES, [])


def test_an_idle_process_that_was_killed_costs_no_mail() -> None:
    read_message(SMALL)
    os.kill(readers()[0], signal.SIGKILL)
    assert read_message(SMALL).text == NOTICE


def test_a_mail_whose_process_is_killed_is_unreadable() -> None:
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(expect_unreadable, slow())
        os.kill(_first_of(readers), signal.SIGKILL)
        reading.result(timeout=20)
    assert read_message(SMALL).text == NOTICE


def _first_of(find: Callable[[], list[int]]) -> int:
    while not (pids := find()):
        time.sleep(0.01)
    return pids[0]


@pytest.mark.ci
def test_at_most_two_processes_read_at_once() -> None:
    most, raw = 0, nested(30, b"--a\r\n" * 200_000)
    with ThreadPoolExecutor(5) as pool:
        readings: list[Future[object]] = [pool.submit(read_message, raw) for _ in range(5)]
        while not all(reading.done() for reading in readings):
            most = max(most, len(readers()))
            time.sleep(0.005)
    assert [reading.exception() for reading in readings] == [None] * 5
    assert most == 2


def test_a_mail_without_room_for_its_files_is_read_later() -> None:
    code = (
        "import resource\n"
        "from publisher.mail.messages.read import read_message\n"
        "from publisher.media.store import StoreAway\n"
        "from tests.readers.test_limited_process import SMALL\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8, resource.RLIM_INFINITY))\n"
        "try:\n    read_message(SMALL)\nexcept StoreAway as away:\n    print(away)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, resource.RLIM_INFINITY))\n"
        "print(read_message(SMALL).size)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout == f"folder of temporary files: File too large\n{len(SMALL)}\n"


@pytest.mark.ci
@pytest.mark.parametrize(
    "make",
    [
        lambda: nested(3_000),
        lambda: headers("x", _PLAIN) + b"\r\n" + b"a\n" * 12 * MEGABYTE,
        lambda: _mixed(part(b"aGk=", "Content-Type: image/png", _BASE64), 100_000),
        lambda: _mixed(b"\r\nx", 500_000),
        lambda: _mixed(part(b"x", "X: " + "a" * 30_000_000), 1),
    ],
    ids=["nested", "short lines", "parts", "tiny parts", "headers of a part"],
)
def test_a_mail_that_asks_for_too_much_is_unreadable(
    make: Callable[[], bytes],
) -> None:
    raw = make()
    before = _peak()
    expect_unreadable(raw)
    assert _peak() - before < 40 * MEGABYTE


def _mixed(content: bytes, count: int) -> bytes:
    start = headers("x", "Content-Type: multipart/mixed; boundary=b") + b"\r\n"
    return start + multipart("b", *[content] * count)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_headers_beyond_a_quarter_of_a_megabyte_are_cut() -> None:
    raw = b"From: ward@pune.example\r\n" + b"X: y\r\n" * 5_000_000 + b"\r\n" + NOTICE.encode()
    message = read_message(raw)
    assert (message.sender.address, message.text) == ("ward@pune.example", NOTICE)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no file of its kind"])
@pytest.mark.parametrize("kind", ["xlsx", "docx", "pdf"])
def test_what_is_no_file_of_its_kind_is_said_to_be_unreadable(kind: str, content: bytes) -> None:
    assert read_file(kind, content, *([10, 10] if kind == "xlsx" else [])) == ("unreadable", b"")
