"""A `requests` session for the platforms' clients: one host, a deadline, no secrets in logs.

A client only ever gets a successful response from it. Every other response is raised as a
`PlatformError`.
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
from publisher.platforms.base.text import for_storage
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
QUERY_PARAMETER = "access_token"
PASSED_OPTIONS = ("params", "data", "json", "files", "auth")
"""The request options that a client may pass, beside its headers."""

NOT_HTTP = (ValueError, OverflowError)
"""The bare errors of the libraries if a response is no HTTP, such as a negative chunk size."""

# A router may have dropped a connection that was idle for longer, without telling us. A request
# written into it would be lost, and its outcome would be unknown.
LONGEST_IDLE = 15.0
_NUMBER = re.compile(r"(?<=[a-z])/[0-9_]+(?=/|$)")
ErrorReader = Callable[[PlatformResponse], ResponseFault | None]
_OPEN: ContextVar[ClientCall] = ContextVar("open call")


@dataclass
class ClientCall:
    """A call of a client: one or more requests, whose responses are kept for the receipt.

    `creating` is True if the call has a public effect. `is_list` is True if a successful response
    is a list, not an object. `most_bytes` is the largest size of a response, if larger than usual.
    """

    creating: bool
    mask: Mask
    is_list: bool = False
    most_bytes: int = 0
    answers: list[PlatformResponse] = field(default_factory=list)

    @property
    def answer(self) -> str:
        """The last raw response body, masked and shortened; empty before the first response."""
        return for_storage(self.mask(self.answers[-1].body)) if self.answers else ""

    def raise_senseless(self, what: str) -> NoReturn:
        """Raise the error for a successful response that makes no sense.

        It is OutcomeUnknown, or TryLater for a call without a public effect.
        """
        detail = for_storage(f"{what}: {self.answer}")
        raise error_for(ResponseFault(Fault.TROUBLE), detail, creating=self.creating)


class PlatformSession:
    """One account's session with one host.

    `home` is the URL that the client uses, `base_url` the real one; `read` maps a platform's own
    error body (None: use the HTTP code); `now` returns aware UTC; the seconds are for connecting
    and for each wait while reading; `most_bytes` limits a response. `takes_forms`: a success need
    not be JSON (token endpoints).

    Connections are kept alive between calls. Only one thread at a time may use it.
    """

    def __init__(
        self,
        *,
        home: str,
        base_url: str,
        read: ErrorReader,
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
        self.limit_responses: dict[str, PlatformResponse] = {}
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
        """Open a call: the client's requests inside must end by the deadline.

        `creating`: the request may become visible, so its outcome may stay unknown. See
        `ClientCall` for the others.
        """
        self._close_if_idle(deadline.clock())
        call = ClientCall(creating, self.mask, is_list, most_bytes)
        passage_token = CURRENT.set(Passage(deadline, self.read_seconds, changes=creating))
        call_token = _OPEN.set(call)
        try:
            yield call
        finally:
            _OPEN.reset(call_token)
            CURRENT.reset(passage_token)

    def store_limits(self, answer: PlatformResponse) -> None:
        """Keep the latest response with a rate limit for each route, in order of arrival."""
        self.skew = answer.skew
        if any(name in answer.headers for name in RATE_HEADERS):
            route = f"{answer.method} {_NUMBER.sub('/:id', answer.path)}"
            self.limit_responses.pop(route, None)
            self.limit_responses[route] = replace(answer, body="")

    def _close_if_idle(self, seconds: float) -> None:
        """Close the connections if the last call was long ago."""
        if seconds - self._called_at > LONGEST_IDLE:
            self._adapter.close()
        self._called_at = seconds


class _Session(requests.Session):
    """A session for one host, independent of the environment.

    It keeps no state between calls, not even cookies, so that a request consists of its client's
    options and the session's headers only.
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
        **options: Any,  # noqa: ANN401  as in `requests`
    ) -> requests.Response:
        """Make and send the request; time-outs and proxies are the session's own."""
        if unnamed:
            raise TypeError("what is said of a request goes by its name")
        passed_options = {
            name: options[name] for name in PASSED_OPTIONS if options.get(name) is not None
        }
        headers = {**self.headers, **(options.get("headers") or {})}
        request = requests.Request(str(method).upper(), url, headers=headers, **passed_options)
        return self.get_adapter(str(url)).send(request.prepare())


def _without_token(headers: dict[str, str], query: str) -> str:
    """Move a token from the query to the header, so that no URL contains it."""
    if QUERY_PARAMETER not in query:
        return query
    pairs = parse_qsl(query, keep_blank_values=True)
    tokens = [value for name, value in pairs if name == QUERY_PARAMETER]
    if tokens:
        headers["Authorization"] = f"Bearer {tokens[0]}"
    return urlencode([(name, value) for name, value in pairs if name != QUERY_PARAMETER])


class _Adapter(BaseAdapter):
    """Sends over our own connections to the configured host, whichever host the client uses.

    It replaces the adapter of `requests`, which looks up the host, the certificates and the proxy
    for each request; here they are fixed.
    """

    def __init__(
        self,
        channel: PlatformSession,
        base_url: str,
        read: ErrorReader,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__()
        self._channel = channel
        self._base = urlsplit(base_url.rstrip("/"))
        self._pool: HTTPConnectionPool | None = None
        self._read = read
        self._now = now

    def close(self) -> None:
        """Close the kept connections; the next request opens new ones."""
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
        """Send to the real host; return a success, and raise the platforms' errors otherwise."""
        call, passage = _OPEN.get(), CURRENT.get()
        passage.has_written = False
        try:
            answer = self._exchange(request, passage)
        except (*NETWORK_ERRORS, *NOT_HTTP, HTTPError, TooBig) as broken:
            detail = for_storage(self._channel.mask(f"{type(broken).__name__}: {broken}"))
            creating = call.creating and passage.has_written
            raise error_for(ResponseFault(Fault.TROUBLE), detail, creating=creating) from None
        call.answers.append(answer)
        self._channel.store_limits(answer)
        self._raise_errors(answer, call)
        return _ParsedResponse(request, answer)

    def _exchange(self, request: requests.PreparedRequest, passage: Passage) -> PlatformResponse:
        parts = urlsplit(str(request.url))
        response = self._ask(request, parts, passage)
        try:
            # The final response would follow on this connection, and be read as the response to
            # the next request.
            if response.status < 200:
                raise HTTPException(f"an interim answer alone: {response.status}")
            body = self._body(response)
        finally:
            response.close()
            response.release_conn()
        received_at = self._now()
        headers = {name.lower(): text for name, text in response.headers.itermerged()}
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
        """Send the same request to the configured host; the Host header stays the original one."""
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

    def _raise_errors(self, answer: PlatformResponse, call: ClientCall) -> None:
        is_form = self._channel.takes_forms and 200 <= answer.code < 300
        fault = None if is_form else by_code(answer, is_list=call.is_list)
        # The reason in the body of a server error is not trusted.
        if answer.code < 500:
            fault = self._read(answer) or fault
        if fault is not None:
            detail = for_storage(f"HTTP {answer.code}: {self._channel.mask(answer.body)}")
            raise error_for(fault, detail, creating=call.creating)


class _ParsedResponse(requests.Response):
    """A successful response for the client, with the body that was parsed already."""

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
        """Return the parsed body."""
        del kwargs
        return self._answer.json()
