"""Read the addresses of a header such as From or To, without believing the names in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from publisher.mail_messages.encoded_words import decode_header
from publisher.mail_messages.message import MailAddress
from publisher.mail_messages.plain_text import one_line

_LONGEST: Final = 50_000
_LONGEST_NAME: Final = 200
_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|\(|\)|<([^<>]*)>|[,;]|:|[^"(),;:<>]+|.', re.DOTALL)
_ADDRESS: Final = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@<>(),;:\"\\]{1,255}")


def read_addresses(header: str) -> tuple[MailAddress, ...]:
    """Return the addresses of a header; what has no readable address has an empty one.

    An address between angle brackets is the address, whatever the name beside it looks like.
    """
    addresses: list[MailAddress] = []
    names: list[str] = []
    for name, address in _mailboxes(header[:_LONGEST]):
        names.append(name)
        # A name with a comma that nobody quoted belongs to the address after it.
        if address is not None:
            addresses.append(_address(", ".join(filter(None, names)), address))
            names = []
    rest = ", ".join(filter(None, names))
    if rest and not addresses:
        addresses.append(_address(rest, ""))
    return tuple(addresses)


def _mailboxes(header: str) -> Iterator[tuple[str, str | None]]:
    """Yield the text and the address of what stands between commas."""
    texts: list[str] = []
    comment: list[str] = []
    address: str | None = None
    depth = 0
    for token in _TOKEN.finditer(header):
        letter = token[0]
        if depth or letter == "(":
            depth += {"(": 1, ")": -1}.get(letter, 0)
            comment.append(letter.strip("()"))
        elif letter in ",;":
            yield _mailbox(texts, comment, address)
            texts, comment, address = [], [], None
        elif letter == ":" and address is None and "@" not in "".join(texts):
            texts = []  # the name of a group
        elif token[2] is not None:
            address = token[2].strip()
        else:
            quoted = token[1]
            texts.append(letter if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
    yield _mailbox(texts, comment, address)


def _mailbox(texts: list[str], comment: list[str], address: str | None) -> tuple[str, str | None]:
    name = "".join(texts).strip()
    if address is None and (bare := _ADDRESS.fullmatch(name)):
        return "".join(comment).strip(), bare[0]
    return name, address


def _address(name: str, address: str) -> MailAddress:
    text = decode_header(address).strip().strip("'\"").removeprefix("mailto:")
    plain = text.lower() if _ADDRESS.fullmatch(text) and text.isprintable() else ""
    return MailAddress(plain, one_line(decode_header(name).strip(" '\""), _LONGEST_NAME))
