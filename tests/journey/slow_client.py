"""A client that sends requests byte by byte as a test wants, and what it received."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

BOUNDARY = "edge-of-a-part"


def form(fields: dict[str, str], *, file: bytes) -> bytes:
    """Return a multipart form with these fields and one file."""
    parts = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    )
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n'
        "Content-Type: video/mp4\r\n\r\n"
    )
    return f"{parts}{head}".encode() + file + f"\r\n--{BOUNDARY}--\r\n".encode()


def post_head(path: str, length: int, *, cookies: str = "", kind: str = "") -> bytes:
    """Return the headers of a POST of a form."""
    content_type = kind or f"multipart/form-data; boundary={BOUNDARY}"
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"Sec-Fetch-Site: same-origin\r\nCookie: {cookies}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


@dataclass
class SlowClient:
    """A connection to the server."""

    port: int
    connection: socket.socket = field(init=False)
    began_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.began_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    def send(self, content: bytes, *, rate: float = 1e9) -> bool:
        """Send at so many bytes a second; return False if the server has ended it before."""
        self.connection.setblocking(False)
        step = max(1, min(len(content), int(rate / 10), 65_536))
        began = time.monotonic()
        try:
            for start in range(0, len(content), step):
                if self._has_answer():
                    return False
                self.connection.setblocking(True)
                self.connection.sendall(content[start : start + step])
                time.sleep(max(0.0, began + (start + step) / rate - time.monotonic()))
        except OSError:
            return False
        return True

    def _has_answer(self) -> bool:
        self.connection.setblocking(False)
        try:
            self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        return True

    def is_ended(self) -> bool:
        """Return whether the server has answered it or ended it."""
        try:
            return self._has_answer()
        except ConnectionError:
            return True

    def read(self) -> bytes:
        """Return the response, read to the end of the connection; empty if there is none."""
        self.connection.settimeout(60)
        response = b""
        try:
            while piece := self.connection.recv(65_536):
                response += piece
        except ConnectionError:
            pass  # what the server has not read resets the connection
        return response

    def status(self) -> int:
        """Return the status of the response; 0 if the connection ended without one."""
        response = self.read()
        return int(response.split(None, 2)[1]) if response else 0

    def seconds(self) -> float:
        """Return for how long the connection has been open."""
        return time.monotonic() - self.began_at
