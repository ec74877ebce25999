"""Read what servers say about a message's sender (RFC 8601); whom to trust is not known here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from publisher.mail.messages.headers import Headers
from publisher.mail.messages.message import AuthenticationResult, UnreadableMessage
from publisher.mail.messages.structure import read_structure

_LONGEST: Final = 20_000
_MOST_RESULTS: Final = 100
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.?)*(?:"|\Z)|\\.|.', re.DOTALL)
_METHOD: Final = re.compile(r"\s*(spf|dkim|dmarc)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_DOMAINS: Final = {
    "spf": ("smtp.mailfrom", "smtp.mail", "smtp.helo"),
    "dkim": ("header.d", "header.i"),
    "dmarc": ("header.from",),
}


def authentication_results(head: bytes) -> tuple[AuthenticationResult, ...]:
    """Return the results in the headers of a mail; `head` is its beginning."""
    headers = re.split(rb"(?<=\n)\r?\n", head.lstrip(), maxsplit=1)[0]
    try:
        return read_results(read_structure(headers).headers)
    except UnreadableMessage:
        return ()


def read_results(headers: Headers) -> tuple[AuthenticationResult, ...]:
    """Return the results of all Authentication-Results headers, the uppermost first."""
    results: list[AuthenticationResult] = []
    received = 0
    for name, header in headers:
        received += name == "received"
        if name == "authentication-results" and len(results) < _MOST_RESULTS:
            results += _results(_strip_comments(header[:_LONGEST]), received)
    return tuple(results)


def _strip_comments(header: str) -> str:
    """Remove comments, and blank out quoted texts: neither may pose as a result."""
    letters: list[str] = []
    depth = 0
    for token in _TOKEN.finditer(header):
        letter = token[0]
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth = max(0, depth - 1)
        elif not depth:
            letters.append(re.sub(r"[;=\s\"]", "_", letter) if len(letter) > 1 else letter)
    return "".join(letters)


def _results(header: str, received: int) -> Iterator[AuthenticationResult]:
    server, *segments = header.split(";")
    if _METHOD.match(server):  # some servers do not name themselves
        server, segments = "", [server, *segments]
    server = (server.split() or [""])[0].strip("_").lower()
    for segment in segments:
        method = _METHOD.match(segment)
        if method:
            name = method[1].lower()
            outcome, domain = method[2].lower(), _domain(name, segment)
            yield AuthenticationResult(server, name, outcome, domain, received)


def _domain(method: str, segment: str) -> str:
    for name in _DOMAINS[method]:
        if match := re.search(rf"\s{re.escape(name)}\s*=\s*(\S+)", segment, re.IGNORECASE):
            return match[1].rpartition("@")[2].strip("_<>.").lower()
    return ""
