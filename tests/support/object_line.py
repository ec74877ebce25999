"""A bucket of an object store, behind a line of ours on which chosen requests go wrong.

The store is moto's server. It speaks the S3 API and is no more than that: it checks no signature,
knows no rights and no quota, and keeps nothing when it ends. What a store refuses is therefore
answered by the line itself, in the words of Amazon's documentation.
"""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_RDWR
from typing import Final

from tests.support.certificates import server_tls

FOR_EVER: Final = 1_000_000
_NAMES = (f"media-{number}" for number in itertools.count(1))
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})


@cache
def moto_port() -> int:
    """Return the port of moto's server, which runs in a thread of this process to its end."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    return port


def new_bucket() -> str:
    """Make an empty bucket in moto's server; return its name."""
    name = next(_NAMES)
    connection = http.client.HTTPConnection("127.0.0.1", moto_port())
    connection.request("PUT", f"/{name}")
    assert connection.getresponse().status == 200
    connection.close()
    return name


@dataclass
class Answer:
    """An answer of the store, or of the line in its place."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def refusal(status: int, code: str, message: str = "No.") -> Answer:
    """Return an answer with an error as S3 writes it."""
    text = f'<?xml version="1.0"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Answer(status, [("Content-Type", "application/xml")], text.encode())


class Exchange(BaseHTTPRequestHandler):
    """One request on the line; a fault decides what becomes of it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: LineServer

    def _pass(self) -> None:
        line = self.server.line
        if self.server.is_ended:
            self.cut()
            return
        bucket, _dot, domain = self.headers["Host"].partition(".s3.")
        path = self.path.removeprefix(f"http://{self.headers['Host']}")
        if domain:  # virtual-host style, which moto would only know of Amazon's own names
            path = f"/{bucket}{path}"
        line.requests.append(f"{self.command} {self.headers['Host']} {self.path}")
        fault = line.next_fault(self.command, path)
        (fault or pass_on)(self, path)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass  # noqa: N815  the server's own names

    def body(self, share: float = 1) -> bytes:
        """Return the body of the request, or the first part of it."""
        return self.rfile.read(int(int(self.headers.get("Content-Length", 0)) * share))

    def ask(self, path: str, body: bytes) -> Answer:
        """Pass the request on to the store, and return its answer."""
        port = self.server.line.store_port or moto_port()
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {name: text for name, text in self.headers.items() if name.lower() != "host"}
        connection.request(self.command, path, body or None, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        length = response.getheader("Content-Length", "0")
        headers_back = [row for row in response.getheaders() if row[0].lower() not in _HOP_BY_HOP]
        if self.command == "HEAD":
            return Answer(response.status, [*headers_back, ("Content-Length", length)], b"")
        return Answer(response.status, headers_back, content)

    def begin(self, answer: Answer) -> None:
        """Send the head of an answer, with the length of all of its body."""
        self.send_response(answer.status)
        for name, text in answer.headers:
            self.send_header(name, text)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()

    def reply(self, answer: Answer) -> None:
        """Send an answer."""
        self.begin(answer)
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def cut(self) -> None:
        """End the connection at once."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(SHUT_RDWR)

    def log_message(self, *_texts: object) -> None:
        """Log nothing."""


Fault = Callable[[Exchange, str], None]
"""What becomes of a request, whose path at the store is the second argument."""


def pass_on(exchange: Exchange, path: str) -> None:
    """Let the request through, and its answer back."""
    exchange.reply(exchange.ask(path, exchange.body()))


def answered(answer: Answer) -> Fault:
    """Return the fault that answers in the store's place."""

    def fault(exchange: Exchange, _path: str) -> None:
        exchange.body()
        exchange.reply(answer)

    return fault


def cut_upload(exchange: Exchange, _path: str) -> None:
    """End the connection when half of the body is there: a store keeps nothing of it."""
    exchange.body(0.5)
    exchange.cut()


def lose_answer(exchange: Exchange, path: str) -> None:
    """Let the store do what it was asked for, and end the connection without an answer."""
    exchange.ask(path, exchange.body())
    exchange.cut()


def cut_answer(exchange: Exchange, path: str) -> None:
    """End the connection in the middle of the answer's body."""
    answer = exchange.ask(path, exchange.body())
    exchange.begin(answer)
    exchange.wfile.write(answer.body[: len(answer.body) // 2])
    exchange.cut()


def slow(exchange: Exchange, path: str) -> None:
    """Let the request through after a second."""
    time.sleep(1)
    pass_on(exchange, path)


def silent(exchange: Exchange, _path: str) -> None:
    """Answer nothing as long as the line is there."""
    exchange.body()
    exchange.server.line.is_closed.wait()
    exchange.cut()


def drip(exchange: Exchange, path: str) -> None:
    """Send the answer byte by byte, so slowly that it never ends."""
    answer = exchange.ask(path, exchange.body())
    exchange.begin(answer)
    for number in range(len(answer.body)):
        exchange.wfile.write(answer.body[number : number + 1])
        if exchange.server.line.is_closed.wait(0.2):
            break
    exchange.cut()


@dataclass
class _Planned:
    fault: Fault
    method: str
    about: str
    times: int


@dataclass
class ObjectLine:
    """The line: where it listens, what it was asked for, and what goes wrong on it next.

    The store is that of `store_port`, or moto's server in this process.
    """

    certificate: Path | None = None
    store_port: int = 0
    endpoint: str = ""
    requests: list[str] = field(default_factory=list)
    fault_count: int = 0
    is_closed: threading.Event = field(default_factory=threading.Event)
    _planned: list[_Planned] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, fault: Fault, method: str = "", *, about: str = "", times: int = 1) -> None:
        """Have the next requests go wrong, of this method and with this text in their path."""
        self._planned.append(_Planned(fault, method, about, times))

    def mend(self) -> None:
        """Let everything through again."""
        self._planned.clear()

    def next_fault(self, method: str, path: str) -> Fault | None:
        """Return what goes wrong with a request; None if nothing does."""
        with self._lock:
            for planned in self._planned:
                fits = planned.method in ("", method) and planned.about in path
                if fits and planned.times > 0:
                    planned.times -= 1
                    self.fault_count += 1
                    return planned.fault
        return None

    def listen(self, port: int = 0) -> LineServer:
        """Listen on loopback, and return the server, which answers until its `end`."""
        server = LineServer(("127.0.0.1", port), Exchange)
        if self.certificate is not None:
            server.socket = server_tls(self.certificate).wrap_socket(
                server.socket, server_side=True
            )
        scheme = "http" if self.certificate is None else "https"
        self.endpoint = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        server.line = self
        server.thread.start()
        return server


class LineServer(ThreadingHTTPServer):
    """The server of a line; once it `is_ended` its connections are cut and new ones refused."""

    daemon_threads = True
    line: ObjectLine
    is_ended = False

    def __init__(self, address: tuple[str, int], handler: type[Exchange]) -> None:
        super().__init__(address, handler)
        # It stops within a twentieth of a second, and not of half a second as by default.
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,))

    def end(self) -> int:
        """End it, and return its port."""
        self.is_ended = True
        self.shutdown()
        self.thread.join()
        self.server_close()
        return int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Do nothing: a client that leaves is what many tests are about."""


@contextmanager
def object_line(certificate: Path | None = None) -> Iterator[ObjectLine]:
    """Listen on loopback, with TLS if there is a certificate."""
    line = ObjectLine(certificate)
    server = line.listen()
    try:
        yield line
    finally:
        line.is_closed.set()
        server.end()
