"""A web server on loopback that sends a test's replies, and records the requests."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Reply:
    """The reply at a path; with `drips`, a byte is sent every tenth of a second."""

    body: bytes = b""
    code: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    drips: bool = False
    to_head: int | None = None


@dataclass
class WebServer:
    """The server's port, its replies by path, and the requests it received ("GET /a").

    Of those with a body, `bodies` has it.
    """

    port: int
    replies: dict[str, Reply] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    scheme: str = "http"

    def url(self, path: str = "/") -> str:
        """Return the address of a path."""
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def page(self, path: str, head: str = "", **more: object) -> str:
        """Set a page with this head as the reply at a path, and return its address."""
        body = f"<!doctype html><html><head>{head}</head><body>…</body></html>".encode()
        self.replies[path] = Reply(body, **more)  # type: ignore[arg-type]  # named by the test
        return self.url(path)


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    """Run a web server for the length of the block."""
    server = _QuietServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    site = WebServer(server.server_port, scheme="https" if tls else "http")
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.RequestHandlerClass = _handler(site)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(site: WebServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as its base has it
            """Log nothing."""

        def do_HEAD(self) -> None:
            self._respond(with_body=False)

        def do_GET(self) -> None:
            self._respond(with_body=True)

        def do_POST(self) -> None:
            site.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._respond(with_body=True)

        def _respond(self, *, with_body: bool) -> None:
            site.paths.append(f"{self.command} {self.path}")
            site.headers.append(dict(self.headers))
            reply = site.replies.get(self.path, Reply(b"none here", 404))
            self.send_response(reply.code if with_body else reply.to_head or reply.code)
            for name, value in {"Content-Type": reply.kind, **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self._write(reply)

        def _write(self, reply: Reply) -> None:
            if not reply.drips:
                self.wfile.write(reply.body)
                return
            for byte in reply.body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.1)

    return Handler
