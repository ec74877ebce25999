"""Fetch a link preview from the server: if the URL responds, its title, and its picture.

A user's URL must not make the server access its own network: each name is resolved once, all its
addresses have to be public, the connection goes to that very address, and each redirection is
checked again. Bytes, redirections and the total time are limited.
"""

from __future__ import annotations

import codecs
import http.client
import re
import ssl
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from publisher.content_checks.safe_http import (
    AddressRefused,
    FetchedResponse,
    Resolve,
    Route,
    request_once,
    resolve,
)
from publisher.media import images
from publisher.media.image_checks import BadPicture
from publisher.models.content_checks import LinkFinding
from publisher.settings.environment import Reach

LONGEST_TITLE = 300
LONGEST_ADDRESS = 2_000
_CHARSET = re.compile(r"charset=[\"']?([A-Za-z0-9_.:-]{2,40})")
_CHARSETS = frozenset(
    [
        *("ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"),
        *(f"iso8859-{number}" for number in range(1, 17)),
        *(f"cp125{number}" for number in range(9)),
    ]
)
"""The encodings of web pages, by Python's names; Indian pages name UTF-8 or one of the Latin ones.

Otherwise a page could choose a slow one that no deadline ends: 128 KiB of Punycode takes seconds.
"""

_TITLES = ("og:title", "twitter:title")
_PICTURES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image")


@dataclass(frozen=True)
class PreviewPage:
    """The title as platforms show it, and the URL of the picture; each may be empty."""

    title: str
    picture: str


def read_page(content: bytes, content_type: str) -> PreviewPage:
    """Read the beginning of a page, in its declared encoding."""
    reader = _MetaParser()
    with suppress(AssertionError):  # html.parser raises it for some broken declarations
        reader.feed(_decode(content, content_type))
    metas = reader.metas
    title = next((metas[name] for name in _TITLES if metas.get(name)), reader.title)
    picture = next((metas[name] for name in _PICTURES if metas.get(name)), "")
    title = " ".join(storable(title).split())
    return PreviewPage(title[:LONGEST_TITLE], picture.strip()[:LONGEST_ADDRESS])


def storable(text: str) -> str:
    """Return the text without characters that no database stores: controls and lone surrogates."""
    return "".join(
        character for character in text if character in "\t\n\r" or not _is_unstorable(character)
    )


def _is_unstorable(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs")


def _decode(content: bytes, content_type: str) -> str:
    head = content[:1024].decode("latin-1")
    named = _CHARSET.search(content_type) or _CHARSET.search(head)
    return content.decode(_charset(named[1]) if named else "utf-8", errors="replace")


def _charset(name: str) -> str:
    """Return Python's name of an encoding of `_CHARSETS`; UTF-8 for any other."""
    try:
        charset = codecs.lookup(name).name
    except LookupError:
        return "utf-8"
    return charset if charset in _CHARSETS else "utf-8"


class _MetaParser(HTMLParser):
    """Collects the meta elements and the title, and ignores everything else."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.metas: dict[str, str] = {}
        self.title = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Store a meta element; the first of a name counts."""
        if tag == "meta":
            values = {name: value or "" for name, value in attrs}
            name = (values.get("property") or values.get("name") or "").lower()
            self.metas.setdefault(name, values.get("content", ""))
        self._in_title = tag == "title" and not self.title

    def handle_endtag(self, tag: str) -> None:
        """End the title."""
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        """Add to the title."""
        if self._in_title:
            self.title += data


MOST_HOPS = 4
MOST_PAGE = 128 * 1024
MOST_PICTURE = 3_000_000
PICTURE_SIDE = 480
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCESS_DENIED_CODES = frozenset({401, 402, 403, 407, 429, 451, 999})
_FIRST_ERROR_CODE = 400
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class LinkPreview:
    """The result of a fetch: `code` is the response's, `picture` a small JPEG for our pages."""

    finding: LinkFinding
    code: int | None = None
    landed_on: str = ""
    title: str = ""
    picture: bytes = b""


def may_fetch(url: str, reach: Reach) -> bool:
    """Return True if a URL may be fetched; a rehearsal fetches only from loopback."""
    if reach is not Reach.LOOPBACK:
        return reach is Reach.PUBLIC
    try:
        return urlsplit(url).hostname in _LOOPBACK_HOSTS
    except ValueError:
        return False


class _TooManyRedirects(Exception):
    """The URL redirected more than `MOST_HOPS` times."""


def fetch_preview(
    url: str, *, reach: Reach, remaining: Callable[[], float], resolver: Resolve = resolve
) -> LinkPreview:
    """Fetch a URL: HEAD, then the beginning of its page. Raises no network errors.

    `remaining` returns the seconds left for the whole fetch.
    """
    route = Route(reach, remaining, resolver)
    try:
        landed_on, answer = _follow(url, "HEAD", route, most=0)
        if answer.code >= _FIRST_ERROR_CODE or answer.is_html:
            landed_on, answer = _follow(landed_on, "GET", route, most=MOST_PAGE)
    except AddressRefused:
        return LinkPreview(LinkFinding.UNSAFE)
    except _TooManyRedirects:
        return LinkPreview(LinkFinding.LOOPS)
    except ssl.SSLCertVerificationError:
        return LinkPreview(LinkFinding.UNTRUSTED)
    except (OSError, http.client.HTTPException, ValueError):
        return LinkPreview(LinkFinding.UNREACHABLE)
    preview = LinkPreview(_finding(answer.code), answer.code, storable(landed_on))
    return _read_preview(preview, answer, route) if answer.is_html else preview


def _follow(url: str, method: str, route: Route, *, most: int) -> tuple[str, FetchedResponse]:
    """Follow the redirections; return the final URL and its response."""
    for _hop in range(MOST_HOPS + 1):
        answer = request_once(method, url, route, most=most)
        location = answer.headers.get("location", "")
        if answer.code not in _REDIRECTS or not location:
            return url, answer
        url = urljoin(url, location)
    raise _TooManyRedirects(url)


def _finding(code: int) -> LinkFinding:
    if code < 300:
        return LinkFinding.FINE
    if code in _ACCESS_DENIED_CODES:
        return LinkFinding.GUARDED
    return LinkFinding.GONE if code < 500 else LinkFinding.TROUBLE


def _read_preview(preview: LinkPreview, answer: FetchedResponse, route: Route) -> LinkPreview:
    """Return the preview with title and picture, if there is a page to read them from."""
    if preview.finding is not LinkFinding.FINE:
        return preview
    page: PreviewPage = read_page(answer.body, answer.headers.get("content-type", ""))
    picture = _picture(preview.landed_on, page.picture, route) if page.picture else b""
    return replace(preview, title=page.title, picture=picture)


def _picture(page: str, address: str, route: Route) -> bytes:
    """Return the picture as a thumbnail; empty if that fails."""
    try:
        url = urljoin(page, address)
        if urlsplit(url).scheme not in ("http", "https"):
            return b""
        _landed_on, answer = _follow(url, "GET", route, most=MOST_PICTURE)
        if answer.code >= 300 or answer.is_cut:
            return b""
        return images.thumbnail(answer.body, PICTURE_SIDE).content
    except (
        AddressRefused,
        _TooManyRedirects,
        BadPicture,
        OSError,
        http.client.HTTPException,
        ValueError,
    ):
        return b""
