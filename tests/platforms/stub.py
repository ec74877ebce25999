"""A server on loopback that sends prepared bytes, also malformed ones."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

Behaviour = Callable[[socket.socket], None]


def http_response(
    body: object, code: int = 200, headers: Mapping[str, str] | None = None, kind: str = "json"
) -> bytes:
    """Return a well-formed response; `body` is sent as JSON unless it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {
        "Content-Type": f"application/{kind}",
        "Content-Length": str(len(content)),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {code} Stub\r\n{head}\r\n".encode() + content


def drip(content: bytes, pause: threading.Event, seconds: float) -> Behaviour:
    """Send byte by byte, each within the read timeout, until the client gives up."""

    def behave(connection: socket.socket) -> None:
        for index in range(len(content)):
            if pause.wait(seconds):
                return
            connection.sendall(content[index : index + 1])

    return behave


def hang_up(connection: socket.socket) -> None:
    """Close the connection without a response."""
    connection.close()


def reset(connection: socket.socket) -> None:
    """End the connection with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Stub:
    """Records requests, and answers each with the next plan, or with `default` if none is left."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.is_closed = threading.Event()
        self.default: bytes = http_response({}, 500)
        self._plans: deque[bytes | Behaviour] = deque()
        self._open: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def plan(self, *plans: bytes | Behaviour) -> None:
        """Answer the next requests with these."""
        self._plans.extend(plans)

    def run(self) -> None:
        """Serve one connection after the other until the stub is closed."""
        while not self.is_closed.is_set():
            with suppress(OSError):
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open = connection
                with connection:
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        while request := _request(connection):
            self.requests.append(request)
            plan = self._plans.popleft() if self._plans else self.default
            if callable(plan):
                plan(connection)
                return
            connection.sendall(plan)

    def close(self) -> None:
        """Stop listening, and end the open connection."""
        self.is_closed.set()
        for open_socket in (self._listener, self._open):
            with suppress(OSError):
                if open_socket is not None:
                    open_socket.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65_536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        piece = connection.recv(65_536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


@contextmanager
def serving() -> Iterator[Stub]:
    """Run a stub in a thread for the length of the block."""
    stub = Stub()
    thread = threading.Thread(target=stub.run, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.close()
        thread.join(15)
