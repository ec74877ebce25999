"""A `requests` session for the platforms' clients: one host, a deadline, no secrets in logs.

A client only ever gets a successful response from it. Every other response is raised as a
`PlatformError`: none is followed elsewhere, and none is retried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import DecodeError, HTTPError

from publisher.platforms.base.protocol import Deadline, PlatformError
from publisher.platforms.base.text import make_storable
from publisher.platforms.http.connections import CURRENT, POOLS, READ_SECONDS, ClientCall
from publisher.platforms.http.mask import Mask, quieten_libraries
from publisher.platforms.http.responses import (
    Fault,
    PlatformResponse,
    ResponseFault,
    classify_status,
    make_error,
)

CONNECT_SECONDS = 5.0
MOST_BYTES = 4 * 1024 * 1024
CHUNK = 64 * 1024
ACCEPTED = "gzip"  # no other encoding is decoded, and none twice
BROKEN = (OSError, HTTPException, HTTPError, ValueError, OverflowError)
"""What the libraries raise without a complete response; bare errors if it is not HTTP at all."""

# A router may have dropped a connection that was idle for longer, without telling us. A request
# written into it would be lost, and its outcome would be unknown.
LONGEST_IDLE = 15.0
_NUMBER = re.compile(r"(?<=[a-z])/[0-9_]+(?=/|$)")
ErrorReader = Callable[[PlatformResponse], ResponseFault | None]


class PlatformSession(requests.Session):
    """One account's session with one host, independent of the environment and without cookies.

    `home` is the URL that the client uses, `base_url` the real one; `read` maps a platform's own
    error body (None: use the HTTP code); `now` returns aware UTC. `takes_forms`: a success need not
    be JSON (token endpoints).

    Connections are kept alive between calls. Only one thread at a time may use it.
    """

    def __init__(
        self,
        *,
        home: str,
        base_url: str,
        read: ErrorReader,
        secrets: Iterable[str],
        now: Callable[[], datetime],
        takes_forms: bool = False,
    ) -> None:
        super().__init__()
        quieten_libraries()
        self.mask = Mask(secrets)
        self.home, self.now = home, now
        self.read_error, self.takes_forms = read, takes_forms
        self.limit_responses: dict[str, PlatformResponse] = {}
        self.skew = timedelta(0)
        self._called_at = float("-inf")
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self.adapters.clear()
        self.mount(home, _Adapter(self, base_url))

    @contextmanager
    def calling(
        self,
        deadline: Deadline,
        *,
        creating: bool = False,
        is_list: bool = False,
        most_bytes: int = MOST_BYTES,
    ) -> Iterator[ClientCall]:
        """Open a call (see `ClientCall`): the requests inside must end by the deadline."""
        began_at = deadline.clock()
        if began_at - self._called_at > LONGEST_IDLE:
            self.close()
        self._called_at = began_at
        call = ClientCall(deadline, creating, self.mask, is_list, most_bytes)
        token = CURRENT.set(call)
        try:
            yield call
        finally:
            CURRENT.reset(token)

    def store_limits(self, answer: PlatformResponse) -> None:
        """Keep the latest response of each route without its body, in order of arrival."""
        self.skew = answer.skew
        route = f"{answer.method} {_NUMBER.sub('/:id', answer.path)}"
        self.limit_responses.pop(route, None)
        self.limit_responses[route] = replace(answer, body="")

    def note_success(self, answer: PlatformResponse) -> None:
        """Note a successful response; platforms that charge for it record that."""


class _Adapter(HTTPAdapter):
    """Sends over watched connections to the configured host, whichever host the client uses.

    A client's time-outs, proxies and certificates are ignored: those are fixed.
    """

    def __init__(self, session: PlatformSession, base_url: str) -> None:
        self._session, self._base_url = session, base_url.rstrip("/")
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:  # noqa: ANN401  as in `requests`
        """Let the pools make watched connections."""
        super().init_poolmanager(*sizes, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def close(self) -> None:
        """Close the connections now; urllib3 waits until nothing refers to their last response."""
        for key in self.poolmanager.pools.keys():  # noqa: SIM118  iterating is not allowed
            self.poolmanager.pools[key].close()
        super().close()

    def send(
        self, request: requests.PreparedRequest, *unused: object, **unheeded: object
    ) -> requests.Response:
        """Send to the real host; return a success, and raise the platforms' errors otherwise."""
        call = CURRENT.get()
        call.has_written = False
        try:
            response = super().send(
                self._redirected(request),
                stream=True,
                timeout=(call.seconds(CONNECT_SECONDS), READ_SECONDS),
                verify=self._session.verify or True,
            )
            answer = self._answer(request, response, call)
        except BROKEN as broken:
            trouble, detail = ResponseFault(Fault.TROUBLE), f"{type(broken).__name__}: {broken}"
            raise self._error(trouble, detail, call.creating and call.has_written) from None
        call.answers.append(answer)
        self._session.store_limits(answer)
        if fault := self._fault(answer, call):
            raise self._error(fault, f"HTTP {answer.code}: {answer.body}", call.creating)
        self._session.note_success(answer)
        # facebook-sdk looks here before it reads the body, which was just checked to be JSON.
        response.headers["Content-Type"] = "application/json"
        return response

    def _redirected(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the same request to the configured host; the Host header stays the signed one."""
        parts, copied = urlsplit(str(request.url)), request.copy()
        copied.headers.update({"Host": parts.netloc, "Accept-Encoding": ACCEPTED})
        copied.url = self._base_url + parts.path + (f"?{parts.query}" if parts.query else "")
        return copied

    def _answer(
        self, request: requests.PreparedRequest, response: requests.Response, call: ClientCall
    ) -> PlatformResponse:
        with response:
            # The final response would follow, and be read as the one to the next request.
            if response.status_code < 200:
                raise HTTPException(f"an interim answer alone: {response.status_code}")
            coding = response.headers.get("content-encoding", "").strip().lower()
            if coding not in ("", "identity", ACCEPTED):
                raise DecodeError(f"the answer comes in a coding that was not asked for: {coding}")
            body = bytearray()
            for piece in response.iter_content(CHUNK):
                body += piece
                if len(body) > call.most_bytes:
                    raise DecodeError("the answer is too large")
            response.encoding = "utf-8"
            response._content = bytes(body)  # noqa: SLF001  requests has no public name for it
        return PlatformResponse(
            method=str(request.method),
            path=urlsplit(str(request.url)).path,
            code=response.status_code,
            headers={name.lower(): text for name, text in response.headers.items()},
            body=response.text,
            received_at=self._session.now(),
        )

    def _fault(self, answer: PlatformResponse, call: ClientCall) -> ResponseFault | None:
        is_form = self._session.takes_forms and 200 <= answer.code < 300
        fault = None if is_form else classify_status(answer, is_list=call.is_list)
        # The reason in the body of a server error is not trusted.
        return (self._session.read_error(answer) if answer.code < 500 else None) or fault

    def _error(self, fault: ResponseFault, detail: str, creating: bool) -> PlatformError:
        if fault.fault is Fault.TROUBLE:
            # More may follow on a connection whose response made no sense.
            self.close()
        return make_error(fault, make_storable(self._session.mask(detail)), creating=creating)
