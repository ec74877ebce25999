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
from http.client import HTTPException
from typing import Any, NoReturn
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import BaseHTTPResponse, HTTPConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from publisher.platforms.base.protocol import Deadline
from publisher.platforms.base.text import shortened
from publisher.platforms.http.connections import CURRENT, NETWORK_ERRORS, Passage, pool_for
from publisher.platforms.http.responses import (
    ACCEPTED,
    RATE_HEADERS,
    Fault,
    Mask,
    PlatformResponse,
    ResponseFault,
    TooBig,
    by_code,
    error_for,
    quieten_clients,
    skew_of,
    whole,
)

CHUNK = 64 * 1024
IN_QUERY = "access_token"
SAID = ("params", "data", "json", "files", "auth")
"""What a client says of a request, beside its headers."""

NOT_HTTP = (ValueError, OverflowError)
"""What the libraries raise bare where an answer is no HTTP: a chunk of less than nothing."""

# A connection that rested longer may have been forgotten on the way without a word, and what is
# written into it is lost: the outcome would be unknown for nothing.
LONGEST_REST = 15.0
_NUMBER = re.compile(r"(?<=[a-z])/[0-9_]+(?=/|$)")
Reading = Callable[[PlatformResponse], ResponseFault | None]
_OPEN: ContextVar[ClientCall] = ContextVar("open call")


@dataclass
class ClientCall:
    """One call of a client: what was answered last, for the receipt.

    `is_list`: a success is a list, not an object. `most_bytes`: what its answers may hold, where
    that is more than is usual.
    """

    creating: bool
    mask: Mask
    is_list: bool = False
    most_bytes: int = 0
    answers: list[PlatformResponse] = field(default_factory=list)

    @property
    def answer(self) -> str:
        """The last raw answer, masked and shortened; empty before one came."""
        return shortened(self.mask(self.answers[-1].body)) if self.answers else ""

    def senseless(self, what: str) -> NoReturn:
        """Say that a success makes no sense. Raises OutcomeUnknown, or TryLater for a reading."""
        detail = shortened(f"{what}: {self.answer}")
        raise error_for(ResponseFault(Fault.TROUBLE), detail, creating=self.creating)


class PlatformSession:
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
        self.learned: dict[str, PlatformResponse] = {}
        self.skew = timedelta(0)
        self._adapter = _Adapter(self, base_url, read, now)
        self._called_at = float("-inf")
        self.session = _Session(home, self._adapter)

    @contextmanager
    def calling(
        self,
        deadline: Deadline,
        *,
        creating: bool = False,
        is_list: bool = False,
        most_bytes: int = 0,
    ) -> Iterator[ClientCall]:
        """Open a call: what the client asks for inside must end by the deadline.

        `creating`: what is sent may become visible, so its outcome may stay unknown. `ClientCall`
        says what the others are.
        """
        self._rest(deadline.clock())
        call = ClientCall(creating, self.mask, is_list, most_bytes)
        passage = CURRENT.set(Passage(deadline, self.read_seconds, changes=creating))
        opened = _OPEN.set(call)
        try:
            yield call
        finally:
            _OPEN.reset(opened)
            CURRENT.reset(passage)

    def note(self, answer: PlatformResponse) -> None:
        """Keep the last answer that tells a rate limit, by method and path; the newest last."""
        self.skew = answer.skew
        if any(name in answer.headers for name in RATE_HEADERS):
            route = f"{answer.method} {_NUMBER.sub('/:id', answer.path)}"
            self.learned.pop(route, None)
            self.learned[route] = replace(answer, body="")

    def _rest(self, seconds: float) -> None:
        """Let go of connections that have rested for long, before anything is written."""
        if seconds - self._called_at > LONGEST_REST:
            self._adapter.close()
        self._called_at = seconds


class _Session(requests.Session):
    """A session that knows one host only, and takes nothing from the environment.

    It keeps nothing from call to call, cookies neither, so that there is nothing to be merged:
    a request is made of what its client says, and of the session's headers.
    """

    def __init__(self, home: str, adapter: BaseAdapter) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["Accept-Encoding"] = ACCEPTED
        self.adapters.clear()
        self.mount(home, adapter)

    def request(
        self,
        method: str | bytes,
        url: str | bytes,
        *unnamed: Any,  # noqa: ANN401  as in `requests`
        **asked: Any,  # noqa: ANN401  as in `requests`
    ) -> requests.Response:
        """Make the request and send it; time-outs, proxies and the like are the channel's own."""
        if unnamed:
            raise TypeError("what is said of a request goes by its name")
        told = {name: asked[name] for name in SAID if asked.get(name) is not None}
        headers = {**self.headers, **(asked.get("headers") or {})}
        made = requests.Request(str(method).upper(), url, headers=headers, **told)
        return self.get_adapter(str(url)).send(made.prepare())


def _without_token(headers: dict[str, str], query: str) -> str:
    """A token does not travel in an address: it moves from the query to the header."""
    if IN_QUERY not in query:
        return query
    pairs = parse_qsl(query, keep_blank_values=True)
    tokens = [value for name, value in pairs if name == IN_QUERY]
    if tokens:
        headers["Authorization"] = f"Bearer {tokens[0]}"
    return urlencode([(name, value) for name, value in pairs if name != IN_QUERY])


class _Adapter(BaseAdapter):
    """Sends over connections of ours to the configured host, whatever host the client believes in.

    It speaks to the pool without `requests`' own adapter between, which at each request looks
    again for what is fixed here: the host, whom to trust, that there is no proxy.
    """

    def __init__(
        self, channel: PlatformSession, base_url: str, read: Reading, now: Callable[[], datetime]
    ) -> None:
        super().__init__()
        self._channel = channel
        self._base = urlsplit(base_url.rstrip("/"))
        self._pool: HTTPConnectionPool | None = None
        self._read = read
        self._now = now

    def close(self) -> None:
        """Close the connections that are kept; the next request opens new ones."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

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
            answer = self._exchange(request, passage)
        except (*NETWORK_ERRORS, *NOT_HTTP, HTTPError, TooBig) as broken:
            detail = shortened(self._channel.mask(f"{type(broken).__name__}: {broken}"))
            creating = call.creating and passage.has_written
            raise error_for(ResponseFault(Fault.TROUBLE), detail, creating=creating) from None
        call.answers.append(answer)
        self._channel.note(answer)
        self._judge(answer, call)
        return _Handed(request, answer)

    def _exchange(self, request: requests.PreparedRequest, passage: Passage) -> PlatformResponse:
        parts = urlsplit(str(request.url))
        response = self._ask(request, parts, passage)
        try:
            if response.status < 200:  # the answer itself would be taken for that to the next
                raise HTTPException(f"an interim answer alone: {response.status}")
            body = self._body(response)
        finally:
            response.close()
            response.release_conn()
        received_at = self._now()
        headers = {name.lower(): told for name, told in response.headers.itermerged()}
        return PlatformResponse(
            method=str(request.method),
            path=parts.path,
            code=response.status,
            headers=headers,
            body=body,
            received_at=received_at,
            skew=skew_of(headers.get("date", ""), received_at),
        )

    def _ask(
        self, request: requests.PreparedRequest, parts: SplitResult, passage: Passage
    ) -> BaseHTTPResponse:
        """The same request to the configured host; the Host header stays the original one."""
        headers = {**request.headers, "Host": parts.netloc}
        query = _without_token(headers, parts.query)
        path = self._base.path + parts.path
        if self._pool is None:
            self._pool = pool_for(self._base)
        return self._pool.urlopen(
            str(request.method),
            f"{path}?{query}" if query else path,
            body=request.body,
            headers=headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(
                connect=passage.seconds(self._channel.connect_seconds),
                read=self._channel.read_seconds,
            ),
            preload_content=False,
            decode_content=False,
        )

    def _body(self, response: BaseHTTPResponse) -> str:
        pieces = response.stream(CHUNK, decode_content=False)
        coding = response.headers.get("content-encoding", "").strip().lower()
        most = max(self._channel.most_bytes, _OPEN.get().most_bytes)
        return whole(pieces, coding, most).decode("utf-8", errors="replace")

    def _judge(self, answer: PlatformResponse, call: ClientCall) -> None:
        is_form = self._channel.takes_forms and 200 <= answer.code < 300
        finding = None if is_form else by_code(answer, is_list=call.is_list)
        # A server in trouble is not believed when it gives a reason as well.
        if answer.code < 500:
            finding = self._read(answer) or finding
        if finding is not None:
            detail = shortened(f"HTTP {answer.code}: {self._channel.mask(answer.body)}")
            raise error_for(finding, detail, creating=call.creating)


class _Handed(requests.Response):
    """A success handed on to the client, which need not parse it once more."""

    def __init__(self, request: requests.PreparedRequest, answer: PlatformResponse) -> None:
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
