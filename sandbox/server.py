"""The sandbox's HTTP server, with threads, so that a hanging request blocks no other."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox import letterbox, switches
from sandbox.app import create_sandbox
from sandbox.facebook import webhook_delivery
from sandbox.now import utc_now

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger("sandbox")


@dataclass(frozen=True)
class SandboxAddresses:
    """The addresses of a running sandbox."""

    url: str
    port: int
    smtp_port: int
    pid: int


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True

    def connection_dropped(
        self, error: BaseException, environ: WSGIEnvironment | None = None
    ) -> None:
        """End a connection that a fault resets, instead of waiting for its next request."""
        self.close_connection = True

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date of a response, by the platforms' clocks."""
        app = cast("Flask", self.server.app)
        with app.extensions["ledger"].transaction() as db:
            ahead = int(switches.value(db, "date_ahead"))
        return super().date_time_string((timestamp or utc_now().timestamp()) + ahead)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write the path without its query, where tokens travel."""
        path = self.path.partition("?")[0]
        log.info("%s %s%s %s", self.command, self.headers.get("Host", ""), path, code)


@contextmanager
def run_sandbox(
    *, path: Path, host: str = "127.0.0.1", port: int = 0, smtp_port: int = 0
) -> Iterator[SandboxAddresses]:
    """Run a sandbox in threads of this process while the block runs; port 0 asks for a free one."""
    server = make_server(host, port, Flask("sandbox"), threaded=True, request_handler=_Handler)
    url = f"http://{host}:{server.port}"
    app = create_sandbox(path, public_url=url)
    server.app = app
    ledger = app.extensions["ledger"]
    try:
        with (
            letterbox.listening(ledger, host, smtp_port) as bound,
            _serve_in_thread(server),
            webhook_delivery.run_delivery(ledger),
        ):
            yield SandboxAddresses(url, server.port, bound, os.getpid())
    finally:
        server.server_close()
        ledger.close()


@contextmanager
def _serve_in_thread(server: BaseWSGIServer) -> Iterator[None]:
    thread = threading.Thread(
        target=server.serve_forever, args=(0.05,), name="sandbox", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def serve(
    *,
    host: str,
    port: int,
    smtp_port: int,
    path: Path,
    ready: Callable[[SandboxAddresses], None] | None = None,
) -> None:
    """Run until SIGTERM or SIGINT, then end cleanly.

    `ready` is called with the addresses once the server responds.
    """
    is_stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_stopped.set())
    with run_sandbox(path=path, host=host, port=port, smtp_port=smtp_port) as addresses:
        log.info("sandbox at %s, letterbox at %s:%s", addresses.url, host, addresses.smtp_port)
        if ready is not None:
            ready(addresses)
        is_stopped.wait()
