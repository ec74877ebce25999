"""A session of ours for the platforms' clients: one host, time-outs, a deadline, no secret in logs.

A client that gets an answer from it has got a success: everything else is raised before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import NoReturn
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from publisher.platforms.base import Deadline, shortened
from publisher.platforms.http.answers import (
    RATE_HEADERS,
    Answer,
    Fault,
    Finding,
    by_code,
    error_for,
)
from publisher.platforms.http.masking import Mask, quieten_clients
from publisher.platforms.http.wire import CURRENT, NETWORK_ERRORS, Passage, watch

CHUNK = 64 * 1024
IN_QUERY = "access_token"
Reading = Callable[[Answer], Finding | None]
_OPEN: ContextVar[Call] = ContextVar("open call")


class _TooBig(Exception):
    """The answer is larger than any answer we expect."""


@dataclass
class Call:
    """One call of a client: what was answered last, for the receipt."""

    creating: bool
    mask: Mask
    answers: list[Answer] = field(default_factory=list)

    @property
    def answer(self) -> str:
        """The last raw answer, masked and shortened; empty before one came."""
        return shortened(self.mask(self.answers[-1].body)) if self.answers else ""

    def senseless(self, what: str) -> NoReturn:
        """Say that a success makes no sense. Raises OutcomeUnknown, or TryLater for a reading."""
        detail = shortened(f"{what}: {self.answer}")
        raise error_for(Finding(Fault.TROUBLE), detail, creating=self.creating)


class Channel:
    """One account's way to one host.

    `home` is the address that the client believes in, `base_url` where it really goes; `read`
    says what a platform's own error body means (None: go by the HTTP code); `now` gives aware UTC;
    seconds are for connecting and for each wait while reading; `most_bytes` caps an answer.
    """

    def __init__(
        self,
        *,
        home: str,
        base_url: str,
        read: Reading,
        secrets: Mapping[str, str],
        now: Callable[[], datetime],
        connect_seconds: float = 5.0,
        read_seconds: float = 20.0,
        most_bytes: int = 4 * 1024 * 1024,
    ) -> None:
        quieten_clients()
        self.mask = Mask(secrets.values())
        self.connect_seconds = connect_seconds
        self.read_seconds = read_seconds
        self.most_bytes = most_bytes
        self.allowances: dict[str, Mapping[str, str]] = {}
        self.session = _session(home, _Adapter(self, base_url, read, now))

    @contextmanager
    def calling(self, deadline: Deadline, *, creating: bool = False) -> Iterator[Call]:
        """Open a call: what the client asks for inside must end by the deadline.

        `creating`: what is sent may become visible, so its outcome may stay unknown.
        """
        call = Call(creating, self.mask)
        passage = CURRENT.set(Passage(deadline, self.read_seconds))
        opened = _OPEN.set(call)
        try:
            yield call
        finally:
            _OPEN.reset(opened)
            CURRENT.reset(passage)

    def note(self, answer: Answer) -> None:
        """Keep the rate-limit headers of an answer, by method and path."""
        kept = {name: answer.headers[name] for name in RATE_HEADERS if name in answer.headers}
        if kept:
            self.allowances[f"{answer.method} {re.sub(r'[0-9_]{3,}', ':id', answer.path)}"] = kept


def _session(home: str, adapter: HTTPAdapter) -> requests.Session:
    """A session that knows one host only, and takes nothing from the environment."""
    session = requests.Session()
    session.trust_env = False
    session.adapters.clear()
    session.mount(home, adapter)
    return session


def _without_token(sent: requests.PreparedRequest, query: str) -> str:
    """A token does not travel in an address: it moves from the query to the header."""
    pairs = parse_qsl(query, keep_blank_values=True)
    tokens = [value for name, value in pairs if name == IN_QUERY]
    if not tokens:
        return query
    sent.headers["Authorization"] = f"Bearer {tokens[0]}"
    return urlencode([(name, value) for name, value in pairs if name != IN_QUERY])


class _Adapter(HTTPAdapter):
    def __init__(
        self, channel: Channel, base_url: str, read: Reading, now: Callable[[], datetime]
    ) -> None:
        super().__init__(max_retries=0)
        watch(self.poolmanager)
        self._channel = channel
        self._base = urlsplit(base_url.rstrip("/"))
        self._read = read
        self._now = now

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: bool | str = True,
        cert: object = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send to the real host; give back a success, raise the platforms' errors otherwise."""
        call, passage = _OPEN.get(), CURRENT.get()
        passage.has_written = False
        try:
            answer = self._exchange(request, passage, verify)
        except (*NETWORK_ERRORS, requests.RequestException, HTTPError, _TooBig) as broken:
            detail = shortened(self._channel.mask(f"{type(broken).__name__}: {broken}"))
            creating = call.creating and passage.has_written
            raise error_for(Finding(Fault.TROUBLE), detail, creating=creating) from None
        call.answers.append(answer)
        self._channel.note(answer)
        self._judge(answer, call)
        return self._handed_on(request, answer)

    def _exchange(
        self, request: requests.PreparedRequest, passage: Passage, verify: bool | str
    ) -> Answer:
        connect = passage.seconds(self._channel.connect_seconds)
        response = super().send(
            self._redirected(request),
            stream=True,
            timeout=(connect, self._channel.read_seconds),
            verify=verify,
        )
        try:
            body = self._body(response)
        finally:
            response.close()
        return Answer(
            method=str(request.method),
            path=urlsplit(str(request.url)).path,
            code=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
            received_at=self._now(),
        )

    def _redirected(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The same request to the configured host; the Host header stays the original one."""
        sent, parts = request.copy(), urlsplit(str(request.url))
        sent.headers["Host"] = parts.netloc
        query = _without_token(sent, parts.query)
        path = self._base.path + parts.path
        sent.url = urlunsplit((self._base.scheme, self._base.netloc, path, query, ""))
        return sent

    def _body(self, response: requests.Response) -> str:
        # Read piece by piece: a small answer may unpack to a huge one.
        pieces, size = [], 0
        for piece in response.raw.stream(CHUNK, decode_content=True):
            size += len(piece)
            if size > self._channel.most_bytes:
                raise _TooBig("the answer is too large")
            pieces.append(piece)
        return b"".join(pieces).decode("utf-8", errors="replace")

    def _judge(self, answer: Answer, call: Call) -> None:
        finding = by_code(answer)
        # A server in trouble is not believed when it gives a reason as well.
        if answer.code < 500:
            finding = self._read(answer) or finding
        if finding is not None:
            detail = shortened(f"HTTP {answer.code}: {self._channel.mask(answer.body)}")
            raise error_for(finding, detail, creating=call.creating)

    def _handed_on(self, request: requests.PreparedRequest, answer: Answer) -> requests.Response:
        content = BytesIO(answer.body.encode())
        headers = {**answer.headers, "content-type": "application/json; charset=utf-8"}
        for gone in ("content-encoding", "transfer-encoding", "content-length"):
            headers.pop(gone, None)
        plain = HTTPResponse(content, headers, answer.code, preload_content=False)
        return self.build_response(request, plain)
