"""Decode header lines: encoded words, raw letters, and both side by side (RFC 2047)."""

from __future__ import annotations

import binascii
import re
from typing import Final

from publisher.mail_messages.charsets import decode

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
