"""Reads an answer's body piece by piece, and unpacks it no further than an answer may grow."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from urllib3.exceptions import DecodeError

# What we ask for; no other coding is unpacked, and none twice.
ACCEPTED = "gzip"
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class TooBig(Exception):
    """The answer is larger than any answer we expect."""


def whole(pieces: Iterable[bytes], coding: str, most: int) -> bytes:
    """The body, unpacked. Raises TooBig beyond `most` bytes, DecodeError where it cannot be read.

    `coding` is the answer's Content-Encoding.
    """
    if coding in ("", "identity"):
        return _joined(pieces, most)
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise DecodeError(f"the answer comes in a coding that was not asked for: {coding}")
    return _joined(_unpacked(pieces, most), most)


def _joined(pieces: Iterable[bytes], most: int) -> bytes:
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise TooBig("the answer is too large")
        kept.append(piece)
    return b"".join(kept)


def _unpacked(pieces: Iterable[bytes], most: int) -> Iterable[bytes]:
    """Each piece unpacked, never more than `most` bytes at once."""
    unpacking, is_empty = zlib.decompressobj(_GZIP_OR_ZLIB), True
    try:
        for piece in pieces:
            is_empty = False
            yield unpacking.decompress(piece, most + 1)
            if unpacking.unconsumed_tail:
                raise TooBig("the answer is too large")
    except zlib.error as problem:
        raise DecodeError(str(problem)) from None
    if not (is_empty or unpacking.eof):
        raise DecodeError("the answer is cut short")
