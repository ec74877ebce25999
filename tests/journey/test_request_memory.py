"""No body of a request, however it is built, takes a web worker more than 400 MB of memory."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from publisher.database.session import Database
from tests.journey.http_browser import Visitor
from tests.journey.installation import SECRET, wait_for
from tests.support.city import city
from tests.support.passwords import PASSWORD, give_password
from tests.support.processes import RunningCommand, Starter, free_port

pytestmark = [pytest.mark.journey, pytest.mark.proof, pytest.mark.timeout(600)]

MEGABYTE = 1024 * 1024
MOST_MEMORY = 400 * MEGABYTE
AT_ONCE = 4
"""A worker handles as many requests at once as it has threads."""

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=edge"
LETTER = b"%E0%A4%AA"  # प
WAYS = (
    ("/submissions/new", False),
    ("/submissions/new", True),
    ("/forgotten", False),
    ("/sign-in", True),
)
"""Paths, and whether the body is sent in chunks without a Content-Length."""


def one_field(size: int) -> bytes:
    """Return a urlencoded form of about this many bytes, with one Devanagari text."""
    return b"text_mr=" + LETTER * (size // len(LETTER))


def many_fields(count: int) -> bytes:
    """Return a urlencoded form of so many short fields."""
    return b"&".join(b"f%d=" % number + LETTER for number in range(count))


def part(header: bytes, content: bytes) -> bytes:
    """Return a part of a multipart form."""
    return b"--edge\r\nContent-Disposition: form-data; " + header + b"\r\n\r\n" + content + b"\r\n"


def parts(count: int, *, name: int = 0, file_name: int | None = None, text: int = 0) -> bytes:
    """Return a multipart form of so many parts, with names and texts of so many bytes."""
    letters = "प".encode()
    header = b'name="f' + letters * (name // 3) + b'"'
    if file_name is not None:
        header += b'; filename="a' + letters * (file_name // 3) + b'"'
    return part(header, letters * (text // 3)) * count + b"--edge--\r\n"


BODIES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "Devanagari, 2 MB": (URLENCODED, lambda: one_field(2 * MEGABYTE - 100)),
    "Devanagari, 5 MB": (URLENCODED, lambda: one_field(5 * MEGABYTE)),
    "Devanagari, 16 MB": (URLENCODED, lambda: one_field(16 * MEGABYTE)),
    "Devanagari, 47 MB": (URLENCODED, lambda: one_field(47 * MEGABYTE)),
    "300,000 fields": (URLENCODED, lambda: many_fields(300_000)),
    "2,000 fields in 2 MB": (URLENCODED, lambda: (b"f=" + LETTER * 114 + b"&") * 1_999),
    "a text of 15 MB": (MULTIPART, lambda: parts(1, text=15 * MEGABYTE)),
    "eight texts of 7 MB": (MULTIPART, lambda: parts(8, text=7 * MEGABYTE)),
    "1,900 texts of 32 kB": (MULTIPART, lambda: parts(1_900, text=32_000)),
    "20,000 parts": (MULTIPART, lambda: parts(20_000, text=30)),
    "1,900 names of 32 kB": (MULTIPART, lambda: parts(1_900, name=32_000)),
    "1,900 files with names of 32 kB": (MULTIPART, lambda: parts(1_900, file_name=32_000)),
    "1,900 files of 32 kB": (MULTIPART, lambda: parts(1_900, file_name=9, text=32_000)),
    "no boundary in 60 MB": (MULTIPART, lambda: b"a" * 60 * MEGABYTE),
    "JSON of 2 MB": ("application/json", lambda: b"[" + b"{}," * 650_000 + b"{}]"),
    "JSON of 47 MB": ("application/json", lambda: b'"' + b"a" * 47 * MEGABYTE + b'"'),
    "text of 47 MB": ("text/plain", lambda: b"a" * 47 * MEGABYTE),
}


@dataclass
class WebServer:
    """A running `nagarvani web` with one worker, and the cookies of a signed-in member."""

    process: RunningCommand
    port: int
    cookies: str
    csrf_token: str

    @property
    def base(self) -> str:
        """The address of the pages."""
        return f"http://127.0.0.1:{self.port}"

    def most_memory(self) -> int:
        """Return the bytes that the largest of its processes has ever taken."""
        return max(_peak(pid) for pid in self.process.session())

    def post(
        self, path: str, content_type: str, body: bytes, *, cookies: str, chunked: bool
    ) -> int:
        """Send a body and return the status; 0 if the connection ended without a response."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
            f"Sec-Fetch-Site: same-origin\r\nConnection: close\r\n"
            f"Cookie: {cookies}\r\nX-CSRFToken: {self.csrf_token}\r\n"
        )
        with socket.create_connection(("127.0.0.1", self.port), timeout=120) as connection:
            try:
                if chunked:
                    connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
                    for start in range(0, len(body), MEGABYTE):
                        piece = body[start : start + MEGABYTE]
                        connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                    connection.sendall(b"0\r\n\r\n")
                else:
                    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
                    connection.sendall(body)
            except OSError:
                pass  # the server has refused the rest of the body
            return _status(connection)

    def post_at_once(
        self, path: str, content_type: str, body: bytes, *, cookies: str, chunked: bool
    ) -> set[int]:
        """Send a body four times at once, and return the statuses."""
        with ThreadPoolExecutor(AT_ONCE) as senders:
            responses = [
                senders.submit(
                    self.post, path, content_type, body, cookies=cookies, chunked=chunked
                )
                for _number in range(AT_ONCE)
            ]
            return {response.result() for response in responses}


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(match[1]) * 1024 if match else 0


def _status(connection: socket.socket) -> int:
    response = b""
    try:
        while piece := connection.recv(MEGABYTE):
            response += piece
    except OSError:
        pass  # what was not read of the body resets the connection
    return int(response.split(None, 2)[1]) if response else 0


@pytest.fixture
def server(database: Database, start: Starter, tmp_path: Path) -> WebServer:
    """Start the pages of a small city, with one worker."""
    small_city = city(database, tmp_path)
    give_password(small_city, "member", PASSWORD)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    process = start.nagarvani(
        *("web", "--port", str(port), "--workers", "1"),
        environment={
            "NAGARVANI_DATABASE_URL": database.url,
            "NAGARVANI_MEDIA_DIR": str(tmp_path / "media"),
            "NAGARVANI_SECRET_KEY": SECRET,
            "NAGARVANI_BASE_URL": base,
        },
    )
    wait_for(lambda: _responds(base), what="the pages")
    member = Visitor(base)
    fields = {"identifier": "member@pmc.example", "password": PASSWORD}
    member.send(member.get("/sign-in"), "#sign-in", fields)
    form = member.get("/submissions/new").form("#hand-in")
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in member.browser.cookies)
    return WebServer(process, port, cookies, dict(form.fields)["csrf_token"])


def _responds(base: str) -> bool:
    try:
        return requests.get(base + "/sign-in", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("who", ["a stranger", "a member"])
def test_no_body_takes_a_worker_400_megabytes(server: WebServer, who: str) -> None:
    """Each body is sent four times at once to each path."""
    cookies = server.cookies if who == "a member" else ""
    for name, (content_type, make) in BODIES.items():
        body = make()
        for path, chunked in WAYS:
            statuses = server.post_at_once(
                path, content_type, body, cookies=cookies, chunked=chunked
            )
            case = (name, path, chunked, statuses, server.most_memory() // MEGABYTE)
            assert server.most_memory() < MOST_MEMORY, case
            assert max(statuses) < 500, case
    assert _responds(server.base)
