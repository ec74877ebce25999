"""A web address looked at from the server: whether it answers, its title, its preview's picture.

Whoever writes an address must not be able to make the server speak to its own network: each name
is resolved once, every address of it has to be public, the connection goes to that very address,
and each redirection is judged anew. Few bytes, few hops, one deadline over all of it.

What a web page says of itself for a preview: its title and its picture.
"""

from __future__ import annotations

import http.client
import re
import ssl
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from publisher.media import images
from publisher.media.images import BadPicture
from publisher.media.safe_http import AddressRefused, FetchedResponse, Resolve, Route, ask, resolve
from publisher.models.content_checks import LinkFinding
from publisher.settings.environment import Reach

LONGEST_TITLE = 300
LONGEST_ADDRESS = 2_000
_CHARSET = re.compile(r"charset=[\"']?([A-Za-z0-9_.:-]{2,40})")
_TITLES = ("og:title", "twitter:title")
_PICTURES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image")


@dataclass(frozen=True)
class PreviewPage:
    """The title as platforms show it, and the address of the picture; empty where none is."""

    title: str
    picture: str


def read_page(content: bytes, content_type: str) -> PreviewPage:
    """Read the beginning of a page, in whatever it says it is written."""
    reader = _MetaParser()
    with suppress(AssertionError):  # that is how the parser gives up on broken marks
        reader.feed(_decoded(content, content_type))
    found = reader.found
    title = next((found[one] for one in _TITLES if found.get(one)), reader.title)
    picture = next((found[one] for one in _PICTURES if found.get(one)), "")
    title = " ".join(storable(title).split())
    return PreviewPage(title[:LONGEST_TITLE], picture.strip()[:LONGEST_ADDRESS])


def storable(text: str) -> str:
    """The text without what no database keeps: control characters and halves of a character."""
    return "".join(one for one in text if one in "\t\n\r" or not _is_unkept(one))


def _is_unkept(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cs")


def _decoded(content: bytes, content_type: str) -> str:
    head = content[:1024].decode("latin-1")
    named = _CHARSET.search(content_type) or _CHARSET.search(head)
    try:
        return content.decode(named[1] if named else "utf-8", errors="replace")
    except (LookupError, UnicodeError):  # some names are known, and no writing of pages
        return content.decode("utf-8", errors="replace")


class _MetaParser(HTMLParser):
    """Collects the metas and the title; whatever else the page holds is passed over."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, str] = {}
        self.title = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a meta; the first of a name counts."""
        if tag == "meta":
            given = {name: value or "" for name, value in attrs}
            name = (given.get("property") or given.get("name") or "").lower()
            self.found.setdefault(name, given.get("content", ""))
        self._in_title = tag == "title" and not self.title

    def handle_endtag(self, tag: str) -> None:
        """Leave the title."""
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        """Take the title's words."""
        if self._in_title:
            self.title += data


MOST_HOPS = 4
MOST_PAGE = 128 * 1024
MOST_PICTURE = 3_000_000
PICTURE_SIDE = 480
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GUARDED = frozenset({401, 402, 403, 407, 429, 451, 999})
_HEAD_REFUSED = 400
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Looked:
    """What came of looking: `code` is the answer's, `picture` a small one as it is shown."""

    finding: LinkFinding
    code: int | None = None
    landed_on: str = ""
    title: str = ""
    picture: bytes = b""


def is_within(url: str, reach: Reach) -> bool:
    """Whether an address is looked at at all: in a rehearsal none is that names another host."""
    if reach is not Reach.LOOPBACK:
        return reach is Reach.PUBLIC
    try:
        return urlsplit(url).hostname in _HERE
    except ValueError:
        return False


class _Loops(Exception):
    """More redirections than anybody needs."""


def fetch_preview(
    url: str, *, reach: Reach, remaining: Callable[[], float], names: Resolve = resolve
) -> Looked:
    """Look at an address: HEAD, then the beginning of its page. Raises nothing of the network.

    `remaining` gives the seconds that are left for all of it.
    """
    route = Route(reach, remaining, names)
    try:
        landed_on, answer = _follow(url, "HEAD", route, most=0)
        if answer.code >= _HEAD_REFUSED or answer.is_html:
            landed_on, answer = _follow(landed_on, "GET", route, most=MOST_PAGE)
    except AddressRefused:
        return Looked(LinkFinding.UNSAFE)
    except _Loops:
        return Looked(LinkFinding.LOOPS)
    except ssl.SSLCertVerificationError:
        return Looked(LinkFinding.UNTRUSTED)
    except (OSError, http.client.HTTPException, ValueError):
        return Looked(LinkFinding.UNREACHABLE)
    found = Looked(_finding(answer.code), answer.code, storable(landed_on))
    return _with_preview(found, answer, route) if answer.is_html else found


def _follow(url: str, method: str, route: Route, *, most: int) -> tuple[str, FetchedResponse]:
    """Where an address leads in the end, and what is answered there."""
    for _hop in range(MOST_HOPS + 1):
        answer = ask(method, url, route, most=most)
        location = answer.headers.get("location", "")
        if answer.code not in _REDIRECTS or not location:
            return url, answer
        url = urljoin(url, location)
    raise _Loops(url)


def _finding(code: int) -> LinkFinding:
    if code < 300:
        return LinkFinding.FINE
    if code in _GUARDED:
        return LinkFinding.GUARDED
    return LinkFinding.GONE if code < 500 else LinkFinding.TROUBLE


def _with_preview(found: Looked, answer: FetchedResponse, route: Route) -> Looked:
    """The same with title and picture, where there is a page to take them from."""
    if found.finding is not LinkFinding.FINE:
        return found
    page: PreviewPage = read_page(answer.body, answer.headers.get("content-type", ""))
    picture = _picture(found.landed_on, page.picture, route) if page.picture else b""
    return replace(found, title=page.title, picture=picture)


def _picture(page: str, address: str, route: Route) -> bytes:
    """The picture made small and plain, as any that is taken in; nothing where that fails."""
    try:
        url = urljoin(page, address)
        if urlsplit(url).scheme not in ("http", "https"):
            return b""
        _landed_on, answer = _follow(url, "GET", route, most=MOST_PICTURE)
        if answer.code >= 300 or answer.is_cut:
            return b""
        return images.thumbnail(answer.body, PICTURE_SIDE).content
    except (AddressRefused, _Loops, BadPicture, OSError, http.client.HTTPException, ValueError):
        return b""
