"""Connections that write nothing past the call's deadline, and note the first byte sent.

The deadline is checked after connecting and before each read, so that neither a slow network nor a
slow response can outlast it.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

from publisher import failpoints
from publisher.platforms.base.protocol import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed import ReadableBuffer, SupportsRead, WriteableBuffer

    Sendable = SupportsRead[bytes] | Iterable[ReadableBuffer] | ReadableBuffer | str


HALF_SENT = "publish.half_sent"


class DeadlinePassed(OSError):
    """The time for this call is over."""


@dataclass
class Passage:
    """The progress of a call: its deadline, its read time-out, and if a byte was sent."""

    deadline: Deadline
    read_seconds: float
    has_written: bool = False
    changes: bool = False

    def seconds(self, most: float | None = None) -> float:
        """Return the seconds to wait for the network now. Raises DeadlinePassed."""
        remaining = self.deadline.remaining()
        if remaining <= 0:
            raise DeadlinePassed("the deadline has passed")
        return remaining if most is None else min(remaining, most)


CURRENT: ContextVar[Passage] = ContextVar("current passage")


class _DeadlineReader(io.RawIOBase):
    """Reads a socket, each time no longer than the call's remaining time."""

    def __init__(self, sock: socket.socket, passage: Passage) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._passage = passage

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._sock.settimeout(self._passage.seconds(self._passage.read_seconds))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _WatchedResponse(http.client.HTTPResponse):
    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineReader(sock, CURRENT.get()))


class _Watched(HTTPConnection):
    response_class = _WatchedResponse

    def send(self, data: Sendable) -> None:
        """Write if there is time; this is the last check before anything is sent."""
        passage = CURRENT.get()
        if self.sock is None:
            self.connect()
        seconds = passage.seconds()
        passage.has_written = True
        self.sock.settimeout(seconds)
        if passage.changes and isinstance(data, bytes) and failpoints.is_armed(HALF_SENT):
            super().send(data[: len(data) // 2])
            failpoints.hit(HALF_SENT)
        super().send(data)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 and http.client differ
        """Begin to read: from here on the platform knows the outcome, and we do not yet."""
        if CURRENT.get().changes:
            failpoints.hit("publish.sent_unread")
        return super().getresponse()


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


def pool_for(base: SplitResult, *, trusted: str = DEFAULT_CA_BUNDLE_PATH) -> HTTPConnectionPool:
    """Return a pool that keeps one connection to one host.

    `trusted` is the file of trusted certificate authorities; the default is that of `requests`.
    """
    host = base.hostname or ""
    if base.scheme == "https":
        return _TlsPool(host, base.port, cert_reqs="CERT_REQUIRED", ca_certs=trusted)
    return _Pool(host, base.port)


NETWORK_ERRORS = (OSError, http.client.HTTPException, ssl.SSLError)
