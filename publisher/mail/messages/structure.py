"""The parts of a message, which a separate process reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from publisher.mail.messages.headers import Headers, decode_parameter
from publisher.mail.messages.message import UnreadableMessage, UnreadableReason
from publisher.readers.limited_process import read_file

MOST_BYTES: Final = 50 * 2**20

_BEGINNING: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:>?From [^\n]*\n)?[!-9;-~]+[ \t]*:")


@dataclass(eq=False)
class Part:
    """A part of a message: its headers, its type, its decoded body, and the parts in it."""

    headers: Headers
    mime: str
    parameters: dict[str, str]
    disposition: str
    filename: str
    content: bytes
    children: list[Part]
    is_broken: bool


def read_structure(raw: bytes) -> Part:
    """Return the parts of a message. Raises `UnreadableMessage`, and `StoreAway` without room."""
    if len(raw) > MOST_BYTES:
        raise UnreadableMessage(UnreadableReason.TOO_LARGE)
    if not raw.strip(b"\x00 \t\r\n"):
        raise UnreadableMessage(UnreadableReason.EMPTY)
    if not _BEGINNING.match(raw):
        raise UnreadableMessage(UnreadableReason.NO_HEADERS)
    tree, bodies = read_file("mail", raw)
    if not isinstance(tree, dict):
        raise UnreadableMessage(UnreadableReason.FAILED)
    return _part(tree, bodies)


def _part(tree: dict[str, Any], bodies: bytes) -> Part:
    start, end = tree.pop("span")
    tree["headers"] = Headers(map(tuple, tree["headers"]))
    tree["parameters"] = {
        name: decode_parameter(value) for name, value in tree["parameters"].items()
    }
    tree["filename"] = decode_parameter(tree["filename"])
    tree["children"] = [_part(child, bodies) for child in tree["children"]]
    return Part(**tree, content=bodies[start:end])
