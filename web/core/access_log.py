"""The log of requests: each has an id, which is in its response and every line logged for it."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flask import Request

from publisher.settings.logs import ACCESS, request_id

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER: Final = "X-Request-ID"
_FROM_PROXY: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HIDDEN: Final = "***"
_SECRET_ARGUMENTS: Final = ("token", "spot")
"""The parts of a page's address that give access to anybody who has them."""

_LONGEST_WORD: Final = 20
"""The longest part of an unknown address that is logged: a longer one may be half a token."""

_LINE: Final = "%(address)s %(method)s %(path)s %(status)d %(bytes)s %(seconds).3f"
_SIZELESS_LINE: Final = _LINE.replace("%(bytes)s", "-")
log = logging.getLogger(ACCESS)


class RequestLog:
    """Gives each request of an application an id, and logs the request once it is answered.

    If the application `trusts_proxy`, a harmless id in the request's own header is used.
    """

    def __init__(
        self,
        application: WSGIApplication,
        *,
        trusts_proxy: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application = application
        self._trusts_proxy = trusts_proxy
        self._monotonic = monotonic

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        began_at = self._monotonic()
        number = self._number(environ)
        # It is left set: what the server logs about this request afterwards has it too.
        request_id.set(number)
        request, status = Request(environ, populate_request=False), 500
        size: int | None = None

        def begin(
            line: str, headers: list[tuple[str, str]], error: OptExcInfo | None = None, /
        ) -> Callable[[bytes], object]:
            nonlocal request, status, size
            # Flask's own request, which knows the page, exists until the response has begun.
            request = environ.get("werkzeug.request") or request
            status = _code(line)
            sizes = [int(text) for name, text in headers if name.lower() == "content-length"]
            size = sizes[0] if sizes and environ.get("REQUEST_METHOD") != "HEAD" else None
            return start_response(line, [*headers, (HEADER, number)], error)

        try:
            return self._application(environ, begin)
        finally:
            log_request(
                address=request.remote_addr or "-",
                method=request.method,
                path=loggable_path(request),
                status=status,
                size=size,
                seconds=self._monotonic() - began_at,
            )

    def _number(self, environ: WSGIEnvironment) -> str:
        number = str(environ.get("HTTP_X_REQUEST_ID", ""))
        if self._trusts_proxy and _FROM_PROXY.fullmatch(number):
            return number
        # Short, because people read it out from an error page.
        return f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()


def log_unread(*, address: str, method: str, status: str, size: int) -> None:
    """Log a request that no page got because it was incomplete: its path may be half a token."""
    log_request(
        address=address,
        method=method,
        path="-",
        status=_code(status),
        size=size,
        seconds=0.0,
    )


def _code(status_line: str) -> int:
    return int(status_line.partition(" ")[0])


def log_request(
    *, address: str, method: str, path: str, status: int, size: int | None, seconds: float
) -> None:
    """Log a request that was answered; its method may be any text."""
    fields = {
        "address": address,
        "method": quote(method, safe=""),
        "path": path,
        "status": status,
        "bytes": size,
        "seconds": round(seconds, 3),
    }
    log.info(_SIZELESS_LINE if size is None else _LINE, fields)


def loggable_path(request: Request) -> str:
    """Return the path without what must not be logged: tokens of links, and the query's values.

    The rest is ASCII, so that a path cannot end the line and begin another.
    """
    path = request.path
    for name in _SECRET_ARGUMENTS:
        if secret := (request.view_args or {}).get(name):
            path = path.replace(secret, _HIDDEN)
    if request.url_rule is None:
        path = "/".join(word if len(word) <= _LONGEST_WORD else _HIDDEN for word in path.split("/"))
    query = f"?{_HIDDEN}" if request.query_string else ""
    return quote(path, safe="/*~:@!$&'()+,;=") + query
