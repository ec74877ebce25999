"""Read the lines of headers: unfolded, decoded, and with their parameters."""

from __future__ import annotations

import binascii
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from publisher.mail_messages.charsets import decode

_NEWLINE: Final = re.compile(rb"\r\n|\n|\r")
_HEADER: Final = re.compile(rb"([!-9;-~]+)[ \t]*:")
_MOST_LINES: Final = 5_000


class Headers:
    """Headers in their order, with names in lower case; raw letters are surrogates in them."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, list[bytes]]] = []

    def add(self, name: str, line: bytes) -> list[bytes]:
        """Add a header, and return the list that takes its further lines."""
        lines = [line]
        self._lines.append((name.lower(), lines))
        return lines

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the unfolded text of each header."""
        for name, lines in self._lines:
            yield name, b"".join(lines).decode("ascii", "surrogateescape").strip()

    def all(self, name: str) -> list[str]:
        """Return every header of a name, unfolded, in their order."""
        return [text for other, text in self if other == name]

    def first(self, name: str) -> str:
        """Return the first header of a name, or an empty text."""
        headers = self.all(name)
        return headers[0] if headers else ""

    def __contains__(self, name: str) -> bool:
        return any(name == other for other, _lines in self._lines)


def read_header_lines(block: bytes) -> Headers:
    """Return the headers; a line that is none belongs to the header above it."""
    headers = Headers()
    lines: list[bytes] = []
    for line in _NEWLINE.split(block, maxsplit=_MOST_LINES):
        match = _HEADER.match(line)
        if match:
            lines = headers.add(match[1].decode("ascii"), line[match.end() :])
        elif line.strip():
            lines.append(b" " + line.lstrip() if line[:1] in b" \t" else line)
    return headers


_WORD: Final = re.compile(
    r"=\?([\w.:+-]{1,40})(?:\*[\w-]*)?\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]*)*?)(?:\?=|\Z)"
)


def raw_bytes(text: str) -> bytes:
    """Return the bytes of a header line as the standard library reads it."""
    return text.encode("utf-8", "surrogateescape")


def decode_header(text: str) -> str:
    """Return a header line as text; words that stand side by side are decoded as one.

    Programs split subjects in mid-character, so the bytes are joined before they are decoded.
    """
    decoded: list[str] = []
    run, charset, end = b"", "", 0
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        adjacent = bool(end) and not between.strip()
        if run and not (adjacent and word[1].lower() == charset):
            decoded.append(decode(run, charset)[0])
            run = b""
        if not adjacent:
            decoded.append(decode(raw_bytes(between))[0])
        charset, end = word[1].lower(), word.end()
        run += _word_bytes(word[2], word[3])
    if run:
        decoded.append(decode(run, charset)[0])
    decoded.append(decode(raw_bytes(text[end:]))[0])
    return "".join(decoded)


def _word_bytes(encoding: str, text: str) -> bytes:
    if encoding in "qQ":
        return binascii.a2b_qp(raw_bytes(text.replace("\n", "")), header=True)
    letters = re.sub(r"[^A-Za-z0-9+/]", "", text)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))


Parameters = Mapping[str, str]

_LONGEST: Final = 8_000
_PARAMETER: Final = re.compile(
    r';\s*([^=;\s"]+?)\s*=\s*(?:"((?:[^"\\]|\\.?)*)(?:"|\Z)|([^;]*))', re.DOTALL
)
_SECTION: Final = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?")


def parse_parameters(header: str) -> tuple[str, Parameters]:
    """Return what stands before the first semicolon, and the parameters by name.

    Names come in sections, percent-encoded or not (RFC 2231), as encoded words or raw.
    """
    header = header[:_LONGEST]
    sections: defaultdict[str, dict[int, tuple[bool, str]]] = defaultdict(dict)
    for match in _PARAMETER.finditer(header):
        quoted = match[2]
        text = re.sub(r"\\([\"\\])", r"\1", quoted) if quoted is not None else match[3].strip()
        section = _SECTION.fullmatch(match[1].lower())
        if section:
            number = int(section[2]) if section[2] else -1
            numbered = sections[section[1]]
            if section[3] or number not in numbered:
                numbered[number] = (bool(section[3]), _unfolded(text))
    parameters = {name: _joined(numbered) for name, numbered in sections.items()}
    return header.partition(";")[0].strip(), parameters


def _unfolded(text: str) -> str:
    return re.sub(r"[\r\n]+[ \t]?", "", text)


def _joined(sections: dict[int, tuple[bool, str]]) -> str:
    """Return the text of a parameter; a percent-encoded form precedes a plain one."""
    numbered = [sections[number] for number in sorted(sections) if number >= 0]
    plain = sections.get(-1)
    if plain and (plain[0] or not numbered):
        numbered = [plain]
    if not any(encoded for encoded, _ in numbered):
        return decode_header("".join(text for _, text in numbered))
    charset, content, escaped = "", b"", ""
    for index, (encoded, text) in enumerate(numbered):
        if not encoded:
            content, escaped = content + unquote_to_bytes(raw_bytes(escaped)) + raw_bytes(text), ""
        elif index == 0 and text.count("'") >= 2:
            charset, _language, escaped = text.split("'", 2)
        else:
            escaped += text  # an escape may be cut by the end of a section
    content += unquote_to_bytes(raw_bytes(escaped))
    return decode(content, charset)[0]
