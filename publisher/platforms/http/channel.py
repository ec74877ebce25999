"""A session of ours for the platforms' clients: one host, time-outs, a deadline, no secret in logs.

A client that gets an answer from it has got a success: everything else is raised before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NoReturn
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
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
from publisher.platforms.http.unpacking import ACCEPTED, TooBig, whole
from publisher.platforms.http.wire import CURRENT, NETWORK_ERRORS, Passage, watch

CHUNK = 64 * 1024
IN_QUERY = "access_token"
# A connection that rested longer may have been forgotten on the way without a word, and what is
# written into it is lost: the outcome would be unknown for nothing.
LONGEST_REST = 15.0
_NUMBER = re.compile(r"(?<=[a-z])/[0-9_]+(?=/|$)")
Reading = Callable[[Answer], Finding | None]
_OPEN: ContextVar[Call] = ContextVar("open call")


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
    `takes_forms`: a success need not be JSON (the addresses that give out tokens).

    Connections are kept alive from call to call. It is safe to use from one thread at a time.
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
        takes_forms: bool = False,
    ) -> None:
        quieten_clients()
        self.mask = Mask(secrets.values())
        self.connect_seconds = connect_seconds
        self.read_seconds = read_seconds
        self.most_bytes = most_bytes
        self.takes_forms = takes_forms
        self.learned: dict[str, Answer] = {}
        self.skew = timedelta(0)
        self._adapter = _Adapter(self, base_url, read, now)
        self._called_at = float("-inf")
        self.session = _session(home, self._adapter)

    @contextmanager
    def calling(self, deadline: Deadline, *, creating: bool = False) -> Iterator[Call]:
        """Open a call: what the client asks for inside must end by the deadline.

        `creating`: what is sent may become visible, so its outcome may stay unknown.
        """
        self._rest(deadline.clock())
        call = Call(creating, self.mask)
        passage = CURRENT.set(Passage(deadline, self.read_seconds, changes=creating))
        opened = _OPEN.set(call)
        try:
            yield call
        finally:
            _OPEN.reset(opened)
            CURRENT.reset(passage)

    def note(self, answer: Answer) -> None:
        """Keep the last answer that tells a rate limit, by method and path; the newest last."""
        self.skew = answer.skew
        if any(name in answer.headers for name in RATE_HEADERS):
            route = f"{answer.method} {_NUMBER.sub('/:id', answer.path)}"
            self.learned.pop(route, None)
            self.learned[route] = replace(answer, body="")

    def _rest(self, seconds: float) -> None:
        """Let go of connections that have rested for long, before anything is written."""
        if seconds - self._called_at > LONGEST_REST:
            self._adapter.poolmanager.clear()
        self._called_at = seconds


def _session(home: str, adapter: HTTPAdapter) -> requests.Session:
    """A session that knows one host only, and takes nothing from the environment."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Accept-Encoding"] = ACCEPTED
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
        except (*NETWORK_ERRORS, requests.RequestException, HTTPError, TooBig) as broken:
            detail = shortened(self._channel.mask(f"{type(broken).__name__}: {broken}"))
            creating = call.creating and passage.has_written
            raise error_for(Finding(Fault.TROUBLE), detail, creating=creating) from None
        call.answers.append(answer)
        self._channel.note(answer)
        self._judge(answer, call)
        return _Handed(request, answer)

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
        pieces = response.raw.stream(CHUNK, decode_content=False)
        coding = response.headers.get("content-encoding", "").strip().lower()
        return whole(pieces, coding, self._channel.most_bytes).decode("utf-8", errors="replace")

    def _judge(self, answer: Answer, call: Call) -> None:
        is_form = self._channel.takes_forms and 200 <= answer.code < 300
        finding = None if is_form else by_code(answer)
        # A server in trouble is not believed when it gives a reason as well.
        if answer.code < 500:
            finding = self._read(answer) or finding
        if finding is not None:
            detail = shortened(f"HTTP {answer.code}: {self._channel.mask(answer.body)}")
            raise error_for(finding, detail, creating=call.creating)


class _Handed(requests.Response):
    """A success handed on to the client, which need not parse it once more."""

    def __init__(self, request: requests.PreparedRequest, answer: Answer) -> None:
        super().__init__()
        self.request = request
        self.url = str(request.url)
        self.status_code = answer.code
        self.encoding = "utf-8"
        self.headers = CaseInsensitiveDict({"content-type": "application/json; charset=utf-8"})
        self._content = answer.body.encode()
        self._content_consumed = True
        self._answer = answer

    def json(self, **kwargs: object) -> dict[str, object] | None:
        """The answer as it was parsed already."""
        del kwargs
        return self._answer.json()
