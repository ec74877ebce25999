"""What a web page says of itself for a preview: its title and its picture."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser

LONGEST_TITLE = 300
LONGEST_ADDRESS = 2_000
_CHARSET = re.compile(r"charset=[\"']?([A-Za-z0-9_.:-]{2,40})")
_TITLES = ("og:title", "twitter:title")
_PICTURES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image")


@dataclass(frozen=True)
class Page:
    """The title as platforms show it, and the address of the picture; empty where none is."""

    title: str
    picture: str


def read_page(content: bytes, content_type: str) -> Page:
    """Read the beginning of a page, in whatever it says it is written."""
    reader = _Reader()
    with suppress(AssertionError):  # that is how the parser gives up on broken marks
        reader.feed(_decoded(content, content_type))
    found = reader.found
    title = next((found[one] for one in _TITLES if found.get(one)), reader.title)
    picture = next((found[one] for one in _PICTURES if found.get(one)), "")
    title = " ".join(storable(title).split())
    return Page(title[:LONGEST_TITLE], picture.strip()[:LONGEST_ADDRESS])


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


class _Reader(HTMLParser):
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
