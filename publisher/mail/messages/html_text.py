"""Turn the HTML of a mail into text: paragraphs, lists, tables, addresses of links.

What a mail program marks as the quotation of an earlier message gets the "> " of plain text, and
its signature the line "-- ", so that both are recognised in one way. An image is left as a mark
with its Content-ID (`IMAGE_MARK`), which shows where it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from publisher.mail.messages.legacy_fonts import is_legacy_font

MOST_LETTERS: Final = 1_000_000
MOST_LEVELS: Final = 8
SIGNATURE: Final = "-- "
IMAGE_MARK: Final = re.compile("\ue000([^\ue000\ue001]*)\ue001")

_EMBEDDED: Final = re.compile(r"data:[\w/+.;=-]{1,100},[A-Za-z0-9+/=%\s]{100,}")
_SILENT: Final = frozenset({"head", "style", "script", "title", "template", "noscript", "object"})
_BLOCKS: Final = frozenset(
    {
        *("address", "article", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset"),
        *("footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main"),
        *("nav", "ol", "p", "pre", "section", "table", "tbody", "tfoot", "thead", "tr", "ul"),
    }
)
_SPACED: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote"})
_HIDDEN: Final = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden")
_FONT: Final = re.compile(r"font(?:-family)?\s*:\s*([^;}]+)", re.IGNORECASE)
_NO_MARGIN: Final = re.compile(r"margin(-bottom)?:0(?![.\d])")
_LONGEST_CELL: Final = 120
_SIGNATURES: Final = ("gmail_signature", "moz-signature", "ms-outlook-mobile-signature")


@dataclass(frozen=True)
class HtmlText:
    """The text, and the part of it that is in a non-Unicode font."""

    text: str
    legacy: str


def html_text(html: str) -> HtmlText:
    """Return the text of HTML, however broken it is."""
    target = _TextTarget()
    parser = etree.HTMLParser(target=target, encoding="utf-8")
    source = _EMBEDDED.sub("", html.replace("\x00", ""))[:MOST_LETTERS]
    try:
        parser.feed(source.encode("utf-8", "replace"))
        parser.close()
    except etree.LxmlError:
        target.close()
    return HtmlText(target.text, "".join(target.legacy))


@dataclass
class _Level:
    """Text that is laid out once it is complete: of a table's row or cell, or a quotation."""

    tag: str
    pieces: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


@dataclass
class _Tag:
    name: str
    is_silent: bool
    is_legacy: bool
    opens_level: bool = False
    link: str = ""
    link_start: int = 0
    number: int = 0
    newlines: int = 0


class _TextTarget:
    """Takes the events of lxml's parser, which closes every element that was opened."""

    def __init__(self) -> None:
        self.levels = [_Level("")]
        self.tags: list[_Tag] = []
        self.legacy: list[str] = []
        self.text = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        above = self.tags[-1] if self.tags else _Tag("", is_silent=False, is_legacy=False)
        style = attributes.get("style", "").lower()
        tag = _Tag(name, above.is_silent or name in _SILENT or bool(_HIDDEN.search(style)), False)
        face = attributes.get("face", "") or ",".join(_FONT.findall(attributes.get("style", "")))
        tag.is_legacy = is_legacy_font(face) if face else above.is_legacy
        self.tags.append(tag)
        if not tag.is_silent:
            self._open(tag, attributes)

    def _open(self, tag: _Tag, attributes: Mapping[str, str]) -> None:
        if tag.name in _BLOCKS:
            is_tight = tag.name == "p" and _is_tight(attributes)
            tag.newlines = 2 if tag.name in _SPACED and not is_tight else 1
            self._newline(tag.newlines)
        if tag.name in ("tr", "td", "th") or _is_quotation(tag.name, attributes):
            tag.opens_level = len(self.levels) < 3 * MOST_LEVELS
            if tag.opens_level:
                self.levels.append(_Level(tag.name))
        elif tag.name == "br":
            self.levels[-1].pieces.append("\n")
        elif tag.name == "li":
            self.levels[-1].pieces.append(self._bullet())
        elif tag.name == "a":
            tag.link = _plain_link(attributes.get("href", ""))
            tag.link_start = len(self.levels[-1].pieces)
        elif tag.name == "img":
            source = attributes.get("src", "")
            if source.lower().startswith("cid:"):
                self.levels[-1].pieces.append(f"\ue000{source[4:].strip()}\ue001")
            elif "data-emoji" in attributes or "emoji" in attributes.get("class", "").lower():
                self.levels[-1].pieces.append(attributes.get("alt", ""))
        elif _is_signature(attributes):
            self._newline(1)
            last_line = "".join(self.levels[-1].pieces[-6:]).rstrip("\n").rpartition("\n")[2]
            if last_line.strip() != SIGNATURE.strip():
                self.levels[-1].pieces.append(f"{SIGNATURE}\n")

    def end(self, name: str) -> None:
        """End an element."""
        tag = self.tags.pop()
        if tag.is_silent:
            return
        if tag.opens_level and len(self.levels) > 1:
            self._close_level(self.levels.pop())
        elif tag.link:
            self._close_link(tag)
        if tag.newlines:
            self._newline(tag.newlines)

    def data(self, text: str) -> None:
        """Take text between elements."""
        tag = self.tags[-1] if self.tags else None
        if tag is not None and tag.is_silent:
            return
        if not any(above.name == "pre" for above in self.tags[-MOST_LEVELS:]):
            # Word writes an empty line as a paragraph with a no-break space.
            is_empty_line = "\xa0" in text and not text.strip()
            text = re.sub(r"[ \t\r\n\f\xa0]+", " ", text)
            if text.startswith(" ") and not is_empty_line and self._at_line_start():
                text = text[1:]
        if tag is not None and tag.is_legacy:
            self.legacy.append(text)
        if text:
            self.levels[-1].pieces.append(text)

    def close(self) -> None:
        """End the document."""
        while len(self.levels) > 1:
            self._close_level(self.levels.pop())
        self.text = re.sub(r"(?m)^ (?=\S)", "", "".join(self.levels[0].pieces))

    def _at_line_start(self) -> bool:
        pieces = self.levels[-1].pieces
        return not pieces or pieces[-1].endswith(("\n", " "))

    def _newline(self, number: int) -> None:
        """End the line; `number` is 2 for an empty line below it."""
        pieces = self.levels[-1].pieces
        ending = "".join(pieces[-2:])
        if ending and not ending.endswith("\n" * number):
            pieces.append("\n" if number == 1 or ending.endswith("\n") else "\n\n")

    def _bullet(self) -> str:
        for tag in reversed(self.tags[-2 * MOST_LEVELS :]):
            if tag.name == "ol":
                tag.number += 1
                return f"{tag.number}. "
            if tag.name == "ul":
                break
        return "- "

    def _close_link(self, tag: _Tag) -> None:
        pieces = self.levels[-1].pieces
        text = "".join(pieces[tag.link_start :]).strip()
        if _bare(text) != _bare(tag.link):
            pieces.append(f" <{tag.link}>" if text else f"<{tag.link}>")

    def _close_level(self, level: _Level) -> None:
        text = "".join(level.pieces).strip("\n")
        above = self.levels[-1]
        if level.tag in ("td", "th"):
            if text.strip():
                above.cells.append(text.strip())
        elif level.tag == "tr":
            cells = [*filter(None, [text.strip()]), *level.cells]
            is_layout = any(len(cell) > _LONGEST_CELL or "\n\n" in cell for cell in cells)
            # Tables are also used to lay out pages; a cell of data has a line or two.
            rows = cells if is_layout else [cell.replace("\n", " ") for cell in cells]
            above.pieces.append(("\n" if is_layout else " | ").join(rows))
        else:
            above.pieces.append("\n".join(f"> {line}".rstrip() for line in text.split("\n")))
        if level.tag not in ("td", "th", "tr"):
            above.pieces.append("\n")


def _is_quotation(name: str, attributes: Mapping[str, str]) -> bool:
    """True for the quotation of a message: many programs use the same element to indent."""
    return name == "blockquote" and (
        attributes.get("type", "").lower() == "cite"
        or "cite" in attributes
        or "quote" in attributes.get("class", "")
    )


def _is_tight(attributes: Mapping[str, str]) -> bool:
    """True for a paragraph without space around it, such as those of Word."""
    style = attributes.get("style", "").replace(" ", "").lower()
    return attributes.get("class", "").startswith("Mso") or bool(_NO_MARGIN.search(style))


def _is_signature(attributes: Mapping[str, str]) -> bool:
    if attributes.get("id", "").lower() in ("signature", *_SIGNATURES):
        return True
    classes = attributes.get("class", "").split()
    return any(name in classes for name in _SIGNATURES)


def _plain_link(address: str) -> str:
    """Return the address of a web page; those that a mail server has wrapped are unwrapped."""
    address = "".join(address.split())
    if not address.lower().startswith(("http://", "https://")):
        return ""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return address
    names = {"safelinks.protection.outlook.com": "url", "www.google.com": "q"}
    for ending, name in names.items():
        if host.endswith(ending) and (parts.path in ("/url", "/", "") or name == "url"):
            target = parse_qs(parts.query).get(name, [""])[0]
            return target if target.startswith(("http://", "https://")) else address
    return address


def _bare(address: str) -> str:
    return re.sub(r"^https?://(www\.)?|/$", "", address.strip().lower())
