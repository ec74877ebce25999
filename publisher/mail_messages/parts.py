"""Split a message into its parts, in time and memory that are bounded by its size.

`email.parser` keeps every line as a string of its own, which makes fifty times its size of a mail
of short lines, and matches each line with the boundary of every level. Only boundaries are looked
for here.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from publisher.mail_messages.header_lines import (
    Headers,
    Parameters,
    parse_parameters,
    read_header_lines,
)

MOST_DEPTH: Final = 20
MOST_PARTS: Final = 1_000
MOST_HEADER_BYTES: Final = 256 * 1024

MOST_BOUNDARIES: Final = 100_000

_BLANK_LINES: Final = (b"\n\r\n", b"\n\n", b"\r\r")
_AFTER_BOUNDARY: Final = re.compile(rb"(--)?[ \t]*(?:\r\n|\n|\r|\Z)")
_HEADER: Final = re.compile(rb"[!-9;-~]+[ \t]*:")
_NO_BASE64: Final = re.compile(rb"^.*[^A-Za-z0-9+/=\s]", re.MULTILINE)
_TOKEN: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")


@dataclass
class Part:
    """A part of a message: its headers, and the bytes of its body as they came."""

    headers: Headers
    body: memoryview
    mime: str
    parameters: Parameters
    children: list[Part] = field(default_factory=list)

    @property
    def maintype(self) -> str:
        """The type before the slash, such as `text`."""
        return self.mime.partition("/")[0]

    @property
    def encoding(self) -> str:
        """The Content-Transfer-Encoding, in lower case."""
        return self.headers.first("content-transfer-encoding").lower()

    def walk(self) -> Iterator[Part]:
        """Yield this part and all below it in their order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def content(self) -> bytes:
        """Return the decoded body; what is encoded badly is decoded as far as it can be."""
        if self.encoding == "base64":
            # Lists add their footer below a text as plain letters.
            end = _NO_BASE64.search(self.body) if self.maintype == "text" else None
            return _base64(self.body[: end.start()] if end else self.body)
        if self.encoding in ("quoted-printable", "quotedprintable"):
            return binascii.a2b_qp(self.body)
        return bytes(self.body)


@dataclass
class Structure:
    """The whole message, how many parts were left out, and whether it is built as it should be."""

    root: Part
    left_out: int = 0
    is_broken: bool = False


def split_message(raw: bytes) -> Structure | None:
    """Return the parts of a message; None if it does not begin with headers."""
    view = memoryview(raw)
    start = re.match(rb"(?:\xef\xbb\xbf)?\s*(?:>?From [^\n]*\n)?", raw)
    begin = start.end() if start else 0
    if not _HEADER.match(raw, begin):
        return None
    splitter = _Splitter(raw, view)
    root = splitter.part(begin, len(raw), depth=0, default="text/plain")
    return Structure(root, splitter.left_out, splitter.is_broken)


class _Splitter:
    def __init__(self, raw: bytes, view: memoryview) -> None:
        self.raw, self.view = raw, view
        self.parts, self.left_out, self.is_broken = 0, 0, False

    def part(self, start: int, end: int, *, depth: int, default: str) -> Part:
        self.parts += 1
        header_end, body_start = self._blank_line(start, end)
        block = self.raw[start : min(header_end, start + MOST_HEADER_BYTES)]
        headers = read_header_lines(block)
        mime, parameters = _type_of(headers, default)
        part = Part(headers, self.view[body_start:end], mime, parameters)
        if part.maintype == "multipart":
            self._split(part, body_start, end, depth)
        elif mime in ("message/rfc822", "message/global"):
            self._nested(part, body_start, end, depth)
        return part

    def _split(self, part: Part, start: int, end: int, depth: int) -> None:
        boundary = part.parameters.get("boundary", "").rstrip()
        if not boundary or depth >= MOST_DEPTH:
            self.is_broken = True
            return
        default = "message/rfc822" if part.mime == "multipart/digest" else "text/plain"
        for child_start, child_end in self._spans(boundary, start, end):
            if self.parts >= MOST_PARTS:
                self.left_out += 1
            else:
                child = self.part(child_start, child_end, depth=depth + 1, default=default)
                part.children.append(child)

    def _nested(self, part: Part, start: int, end: int, depth: int) -> None:
        if depth >= MOST_DEPTH:
            self.is_broken = True
        elif part.encoding in ("base64", "quoted-printable"):
            content = part.content()
            inner = _Splitter(content, memoryview(content))
            inner.parts = self.parts
            child = inner.part(0, len(content), depth=depth + 1, default="text/plain")
            part.children.append(child)
            self.parts, self.is_broken = inner.parts, self.is_broken or inner.is_broken
            self.left_out += inner.left_out
        else:
            part.children.append(self.part(start, end, depth=depth + 1, default="text/plain"))

    def _blank_line(self, start: int, end: int) -> tuple[int, int]:
        """Return where the headers of a part end, and where its body begins."""
        for newline in (b"\r\n", b"\n"):
            if self.raw.startswith(newline, start, end):  # there are no headers
                return start, start + len(newline)
        header_end, body_start = end, end
        for blank in _BLANK_LINES:
            at = self.raw.find(blank, start, header_end)
            if at >= 0:
                header_end, body_start = at, at + len(blank)
        return header_end, body_start

    def _spans(self, boundary: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield where the parts of a multipart begin and end."""
        mark = b"--" + boundary.encode("utf-8", "surrogateescape")
        child_start = -1
        for number, at in enumerate(self._boundaries(mark, start, end)):
            line = _AFTER_BOUNDARY.match(self.raw, at + len(mark), end)
            if number == MOST_BOUNDARIES:
                break
            if line is None:
                continue
            if child_start >= 0:
                yield child_start, self._before_newline(child_start, at)
            if line[1]:
                return
            child_start = line.end()
        self.is_broken = True
        if child_start >= 0:
            yield child_start, end

    def _boundaries(self, mark: bytes, start: int, end: int) -> Iterator[int]:
        """Yield where a line begins with this mark."""
        if self.raw.startswith(mark, start, end):
            yield start
        for newline in (b"\n", b"\r"):
            line = newline + mark
            at = self.raw.find(line, start, end)
            if at >= 0:
                break
        while at >= 0:
            yield at + 1
            at = self.raw.find(line, at + 1, end)

    def _before_newline(self, start: int, at: int) -> int:
        """Return the end of a part: the newline before a boundary belongs to the boundary."""
        if at > start and self.raw[at - 1] == 0x0A:
            at -= 1
        return at - 1 if at > start and self.raw[at - 1] == 0x0D else at


def _type_of(headers: Headers, default: str) -> tuple[str, Parameters]:
    written, parameters = parse_parameters(headers.first("content-type"))
    mime = written.lower().strip()
    if mime.startswith("multipart") and parameters.get("boundary") and "/" not in mime:
        mime = "multipart/mixed"
    return (mime if _TOKEN.fullmatch(mime) else default), parameters


def _base64(body: memoryview) -> bytes:
    """Decode base64 as far as it goes: padding may be missing, and text may stand below it."""
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", bytes(body))
        whole = len(letters) // 4 * 4
        rest = letters[whole:] if len(letters) % 4 > 1 else b""
        return binascii.a2b_base64(letters[:whole] + rest + b"=" * (-len(rest) % 4))
