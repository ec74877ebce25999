"""Read the parameters of a header such as Content-Disposition, as mail programs write them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from publisher.mail_messages.charsets import decode
from publisher.mail_messages.encoded_words import decode_header, raw_bytes

Parameters = Mapping[str, str]

_LONGEST: Final = 8_000
_PARAMETER: Final = re.compile(
    r';\s*([^=;\s"]+?)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|\Z)|([^;]*))', re.DOTALL
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
            sections[section[1]].setdefault(number, (bool(section[3]), _unfolded(text)))
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
    charset, content = "", b""
    for index, (encoded, text) in enumerate(numbered):
        if encoded and index == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)  # noqa: PLW2901  the rest of the same section
        content += unquote_to_bytes(raw_bytes(text)) if encoded else raw_bytes(text)
    return decode(content, charset)[0]
