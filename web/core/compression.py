"""Compress styles and scripts once, and pages each time, for browsers that support it.

The length of a compressed page shows whether a guess that a URL puts into it occurs in it once more
(BREACH). An attacker needs a site that makes the reader's browser send thousands of requests. So a
page is compressed only if the browser says that its reader or a page of ours requested it; a link
on another site gets the uncompressed page. Also, the tokens of forms are signed again each second.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from functools import cache

import brotli
from flask import Flask, Response, request

from web.core import static_files

_ONCE: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda content: brotli.compress(content, quality=11),
    "gzip": lambda content: gzip.compress(content, 9, mtime=0),
}
_EACH_TIME: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda content: brotli.compress(content, quality=5),
    "gzip": lambda content: gzip.compress(content, 6, mtime=0),
}
"""Compressors by the HTTP name of the encoding, the better first; the lower levels take 1 ms."""

_STATIC_TYPES = frozenset({"text/css", "text/javascript", "image/svg+xml"})
_BY_ITS_READER_OR_US = frozenset({"none", "same-origin"})


def register(app: Flask) -> None:
    """Compress the responses of the application."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.status_code in (204, 206, 304):
        return response
    is_static = request.endpoint == static_files.ENDPOINT and response.mimetype in _STATIC_TYPES
    if not is_static and response.mimetype != "text/html":
        return response
    response.vary.add("Accept-Encoding")
    encoding = request.accept_encodings.best_match(_ONCE)
    is_safe = is_static or request.headers.get("Sec-Fetch-Site") in _BY_ITS_READER_OR_US
    if encoding is not None and is_safe:
        response.direct_passthrough = False
        content = response.get_data()
        packed = _pack_once(content, encoding) if is_static else _EACH_TIME[encoding](content)
        response.set_data(packed)
        response.headers["Content-Encoding"] = encoding
        if etag := response.get_etag()[0]:
            response.set_etag(etag, weak=True)  # the bytes differ, the meaning does not
    return response


@cache
def _pack_once(content: bytes, encoding: str) -> bytes:
    return _ONCE[encoding](content)
