"""Split the headers of a message into names and lines, however badly they are folded."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

_NEWLINE: Final = re.compile(rb"\r\n|\n|\r")
_HEADER: Final = re.compile(rb"([!-9;-~]+)[ \t]*:")
_MOST_LINES: Final = 5_000


class Headers:
    """The lines of headers by their names in lower case; raw letters are surrogates in them."""

    def __init__(self) -> None:
        self._lines: defaultdict[str, list[list[bytes]]] = defaultdict(list)

    def add(self, name: str, line: bytes) -> list[bytes]:
        """Add a header, and return the list that takes its further lines."""
        lines = [line]
        self._lines[name.lower()].append(lines)
        return lines

    def all(self, name: str) -> list[str]:
        """Return every header of a name, unfolded, in their order."""
        return [
            b"".join(lines).decode("ascii", "surrogateescape").strip()
            for lines in self._lines.get(name, ())
        ]

    def first(self, name: str) -> str:
        """Return the first header of a name, or an empty text."""
        headers = self.all(name)
        return headers[0] if headers else ""

    def __contains__(self, name: str) -> bool:
        return name in self._lines


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
