"""Reads requests whole before a thread handles them, and ends those that arrive too slowly.

One loop in each process reads all connections (waitress), bodies into temporary files. So a client
that sends slowly occupies a connection, but none of the threads that create pages.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from socket import AF_UNIX, socket

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.wasyncore import dispatcher, poll2

from web.core.arrival_refusals import TOO_MANY, TOO_SLOW, ArrivalError, RefusalTask
from web.core.request import (
    MEGABYTE,
    MOST_OF_WEBHOOK,
    MOST_READ,
    MOST_READ_SIGNED_OUT,
    MOST_WITHOUT_FILES,
    MULTIPART,
    WEBHOOKS,
)

_KEPT_IN_MEMORY = 64 * 1024
_MOST_AT_ONCE = 8
"""The requests that may wait on one connection. Browsers and proxies send one at a time."""

_UNTIL_FIRST_BYTE = 2.0
"""Seconds in which a client that has just connected may begin while the server shuts down."""

_THIS_MACHINE = ("127.0.0.1", 0)
"""The address for clients of a Unix socket, which have none and are on this machine."""


@dataclass(frozen=True)
class Limits:
    """How a request may arrive: times in seconds, sizes in bytes.

    `headers`: until the headers are complete; also how long a connection may be idle. `silence`:
    without a byte of the body. `rate`: the minimum bytes per second on average, after the first
    `grace` seconds. `signed_out` and `signed_in`: until the body is complete. `unread`: without a
    byte of the response being read. `stored`: all bodies of a process together. `connections`: of a
    process. `waiting`: those of them that wait for complete headers, or for the body of somebody
    who has not signed in; once there are that many, at most `waiting_each` stay per address, which
    may be that of a whole city hall.
    """

    headers: float = 20
    silence: float = 20
    grace: float = 20
    rate: float = 2_000
    signed_out: float = 60
    signed_in: float = 3_600
    unread: float = 600
    stored: int = 4_096 * MEGABYTE
    connections: int = 500
    waiting: int = 300
    waiting_each: int = 50


class Connection(HTTPChannel):
    """A connection whose requests have deadlines."""

    error_task_class = RefusalTask
    server: RequestReader
    request: HTTPRequestParser | None
    requests: list[HTTPRequestParser]
    began_at = 0.0
    is_signed_in: bool | None = None
    unread_since: tuple[float, float] | None = None
    """Since when no byte of the response was read, and the last activity before."""

    def received(self, data: bytes) -> bool:
        """Take in what has arrived, and hand over a request that the pages will refuse anyway."""
        former = self.request
        is_taken = bool(super().received(data))
        if len(self.requests) > _MOST_AT_ONCE:
            self.handle_close()
            return False
        if self.request is not former:
            self.began_at = self.last_activity
            self.is_signed_in = None
        if self.request is not None and self.request.headers_finished:
            self._check_size(self.request)
        return is_taken

    def _check_size(self, request: HTTPRequestParser) -> None:
        size = max(request.content_length, request.body_bytes_received)
        if not size:
            return
        if self.is_signed_in is None:
            self.is_signed_in = self.server.is_signed_in(request.headers.get("COOKIE", ""))
        is_multipart = request.headers.get("CONTENT_TYPE", "").lower().startswith(MULTIPART)
        most = MOST_READ if self.is_signed_in else MOST_READ_SIGNED_OUT
        if request.path.startswith(WEBHOOKS):
            most = MOST_OF_WEBHOOK
        elif not is_multipart:
            most = MOST_WITHOUT_FILES
        if size > most:
            self.hand_over(request)  # the page refuses it by its length, in the person's language

    def hand_over(self, request: HTTPRequestParser, refusal: ArrivalError | None = None) -> None:
        """Have the part of the request that has arrived answered, and then close the connection."""
        with self.requests_lock:
            self.request = None
            request.headers["CONNECTION"] = "close"
            request.error = refusal
            self.requests.append(request)
            if len(self.requests) == 1:
                self.server.add_task(self)

    def end_if_late(self, now: float, limits: Limits) -> None:
        """Refuse a body that arrives too slowly; close a connection that is idle or unread."""
        request = self.request
        if self.total_outbufs_len:
            if self._is_unread(now, limits):
                self.handle_close()
        elif self.requests:
            pass  # a thread handles it
        elif request is None or not request.headers_finished:
            if now - self.waiting_since > limits.headers:
                self.handle_close()
        elif self._is_slow(request, now, limits):
            self.hand_over(request, ArrivalError("408 Request Timeout", TOO_SLOW))

    @property
    def waiting_since(self) -> float:
        """When the request that it waits for began, or when it last did anything."""
        return self.began_at if self.request else self.last_activity

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a whole request that is not an upload by a signed-in person."""
        is_busy = self.requests or self.total_outbufs_len or self.will_close
        is_upload = self.request and self.request.headers_finished and self.is_signed_in
        return not (is_busy or is_upload)

    def _is_slow(self, request: HTTPRequestParser, now: float, limits: Limits) -> bool:
        elapsed = now - self.began_at
        return (
            now - self.last_activity > limits.silence
            or elapsed > (limits.signed_in if self.is_signed_in else limits.signed_out)
            or request.body_bytes_received < limits.rate * (elapsed - limits.grace)
        )

    def _is_unread(self, now: float, limits: Limits) -> bool:
        # The last activity alone may be older than a page that took long to create.
        if self.unread_since is None or self.unread_since[1] != self.last_activity:
            self.unread_since = now, self.last_activity
        return now - self.unread_since[0] > limits.unread

    def stored_bytes(self) -> int:
        """Return the bytes of its bodies, arriving and handled."""
        requests = [request for request in (self.request, *self.requests) if request is not None]
        return sum(request.body_bytes_received for request in requests if request.error is None)

    def is_idle(self, now: float) -> bool:
        """Return True if no part of a request or response is under way or about to arrive."""
        # A proxy that has just connected is about to send, and would not send a form again.
        is_new = self.last_activity == self.creation_time
        if is_new and now - self.creation_time < _UNTIL_FIRST_BYTE:
            return False
        return self.request is None and not self.requests and not self.total_outbufs_len


class FurtherListener(dispatcher):
    """One more listening socket of a reader, which takes its connections."""

    def __init__(self, reader: RequestReader, listener: socket) -> None:
        self.reader = reader
        super().__init__(listener, map=reader.sockets)
        self.accepting = True

    def readable(self) -> bool:
        """Return True if the reader accepts another connection."""
        return self.reader.accepting and not self.reader.in_connection_overflow

    def writable(self) -> bool:
        """Return False: nothing is ever written to it."""
        return False

    def handle_accept(self) -> None:
        """Take a connection that waits."""
        self.reader.take_connection(self)


class RequestReader(TcpWSGIServer):
    """The loop of a process: reads the requests of listening sockets, and sends the responses.

    `is_signed_in` returns whether a Cookie header holds the session of a signed-in person.
    """

    channel_class = Connection

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        listeners: Sequence[socket],
        *,
        threads: int,
        limits: Limits,
        is_signed_in: Callable[[str], bool],
    ) -> None:
        self.limits = limits
        self.is_signed_in = is_signed_in
        first, *others = listeners
        adjustments = Adjustments(
            sockets=[first],
            threads=threads,
            ident=None,  # no Server header
            clear_untrusted_proxy_headers=False,  # the application judges them
            connection_limit=limits.connections,
            cleanup_interval=1,
            recv_bytes=256 * 1024,
            inbuf_overflow=_KEPT_IN_MEMORY,
            # A video that is read slowly, or paused, waits here and not in its thread.
            outbuf_high_watermark=256 * MEGABYTE,
            max_request_header_size=64 * 1024,
            max_request_body_size=sys.maxsize,  # the connection limits it
            log_socket_errors=False,
        )
        address = (first.family, first.type, first.proto, first.getsockname())
        self.sockets: dict[int, object] = {}
        self.maintained_at = 0.0
        super().__init__(
            application,
            self.sockets,
            _sock=first,
            adj=adjustments,
            sockinfo=address,
            bind_socket=False,
        )
        self.others = [FurtherListener(self, listener) for listener in others]

    def getsockname(self) -> tuple[str, str]:
        """Return host and port of the first listening socket, or "unix" and its path."""
        if self.family == AF_UNIX:
            return "unix", self.socket.getsockname()
        host, port = super().getsockname()
        return host, port

    def handle_accept(self) -> None:
        """Take a connection that waits."""
        self.take_connection(self)

    def take_connection(self, listener: dispatcher) -> bool:
        """Take a connection that waits at a listening socket; return False if none does."""
        try:
            accepted = listener.accept()
        except OSError:
            return False  # the socket was shut down, or there are too many open files
        if accepted is None:
            return False
        connection, address = accepted
        if connection.family == AF_UNIX:
            address = _THIS_MACHINE
        else:
            self.set_socket_options(connection)
        self.channel_class(self, connection, address, self.adj, map=self.sockets)
        waiting = [channel for channel in self.active_channels.values() if channel.is_waiting]
        waiting.sort(key=attrgetter("waiting_since"))
        own = [channel for channel in waiting if channel.addr[0] == address[0]]
        is_full = len(waiting) >= self.limits.waiting
        for channel in own[: -self.limits.waiting_each] if is_full else ():
            channel.will_close = True  # in the loop's next turn: this one may hold its event
        return True

    def turn(self, seconds: float) -> None:
        """Read and send what is there; wait at most this many seconds for it."""
        poll2(seconds, self.sockets)

    def maintenance(self, now: float) -> None:
        """Once a second, end late requests, and the largest uploads if they fill the disk."""
        self.maintained_at = now
        channels = list(self.active_channels.values())
        for channel in channels:
            channel.end_if_late(now, self.limits)
        stored = sum(channel.stored_bytes() for channel in channels)
        for channel in sorted(channels, key=Connection.stored_bytes, reverse=True):
            if stored <= self.limits.stored:
                break
            if channel.request is not None and channel.request.headers_finished:
                stored -= channel.stored_bytes()
                channel.hand_over(
                    channel.request, ArrivalError("503 Service Unavailable", TOO_MANY)
                )

    def stop_accepting(self) -> None:
        """Take the connections that wait, and close the listening sockets of this process."""
        self.accepting = False
        listeners: tuple[dispatcher, ...] = (self, *self.others)
        for listener in listeners:
            # Their clients have already sent, or are about to: closing them would lose the
            # requests.
            while self.take_connection(listener):
                pass
            listener.del_channel()
            listener.socket.close()

    def close_idle(self) -> int:
        """Close the connections on which nothing is under way; return how many remain."""
        self.readable()  # does the maintenance, which the loop no longer calls
        for channel in list(self.active_channels.values()):
            if channel.is_idle(self.maintained_at):
                channel.handle_close()
        return len(self.active_channels)
