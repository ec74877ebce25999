"""The call under way, and connections that write nothing past its deadline.

They note the first byte sent. The deadline is checked after connecting and before each read, so
that neither a slow network nor a slow response can outlast it.
"""

from __future__ import annotations

import http.client
import io
import math
import re
import socket
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

from publisher import failpoints
from publisher.platforms.base.protocol import Deadline, OutcomeUnknown, TryLater
from publisher.platforms.base.text import make_storable
from publisher.platforms.http.mask import Mask
from publisher.platforms.http.responses import PlatformResponse

# An id goes into the path of a request, into a column, and onto a page.
_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")
HALF_SENT = "publish.half_sent"
READ_SECONDS = 20.0
"""The longest silence of a platform while it answers."""


@dataclass
class ClientCall:
    """A call of a client: one or more requests, whose responses are kept for the receipt.

    `creating` is True if the call has a public effect. `is_list` is True if a successful response
    is a list, not an object. `most_bytes` is the largest size of a decoded response.
    `has_written` is True once a byte of the latest request has left.
    """

    deadline: Deadline
    creating: bool
    mask: Mask
    is_list: bool
    most_bytes: int
    answers: list[PlatformResponse] = field(default_factory=list)
    has_written: bool = False

    def seconds(self, most: float = math.inf) -> float:
        """Return the seconds to wait for the network now. Raises TimeoutError."""
        remaining = self.deadline.remaining()
        if remaining <= 0:
            raise TimeoutError("the deadline has passed")
        return min(remaining, most)

    @property
    def answer(self) -> str:
        """The last raw response body, masked and shortened; empty before the first response."""
        return make_storable(self.mask(self.answers[-1].body)) if self.answers else ""

    def raise_senseless(self, what: str, platform_id: str = "") -> NoReturn:
        """Raise OutcomeUnknown, or TryLater without a public effect, for a senseless success.

        `platform_id` is the id of the post that the response names, if it names one.
        """
        detail = make_storable(f"{what}: {self.answer}")
        if self.creating:
            raise OutcomeUnknown(detail, platform_id if _ID.fullmatch(platform_id) else "")
        raise TryLater(None, detail)


CURRENT: ContextVar[ClientCall] = ContextVar("current call")


class _PatientSocket(io.RawIOBase):
    """Reads a socket, each time no longer than the seconds that are left."""

    def __init__(self, sock: socket.socket, seconds: Callable[[], float]) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._seconds = seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401  as in `io`
        self._sock.settimeout(self._seconds())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class PatientResponse(http.client.HTTPResponse):
    """A response whose every read waits for `seconds()` at most, so slow drips end too."""

    def __init__(self, seconds: Callable[[], float], sock: socket.socket, **about: Any) -> None:  # noqa: ANN401  as its base has it
        super().__init__(sock, **about)
        self.fp.close()
        self.fp = io.BufferedReader(_PatientSocket(sock, seconds))


def _response_of_call(sock: socket.socket, **about: Any) -> PatientResponse:  # noqa: ANN401  as in `http.client`
    return PatientResponse(partial(CURRENT.get().seconds, READ_SECONDS), sock, **about)


class _Watched(HTTPConnection):
    response_class = staticmethod(_response_of_call)  # type: ignore[assignment]  # a class by its base

    def send(self, data: Any) -> None:  # noqa: ANN401  as in `http.client`
        """Write if there is time; this is the last check before anything is sent."""
        call = CURRENT.get()
        if self.sock is None:
            self.connect()
        seconds = call.seconds()
        call.has_written = True
        self.sock.settimeout(seconds)
        if call.creating and isinstance(data, bytes) and failpoints.is_armed(HALF_SENT):
            super().send(data[: len(data) // 2])
            failpoints.hit(HALF_SENT)
        super().send(data)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 and http.client differ
        """Begin to read: from here on the platform knows the outcome, and we do not yet."""
        if CURRENT.get().creating:
            failpoints.hit("publish.sent_unread")
        return super().getresponse()


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


POOLS = {"http": _Pool, "https": _TlsPool}
