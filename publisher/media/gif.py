"""Strip animated GIFs: every frame stays as it is, and everything else is removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_COMMENTLESS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
"""The two application extensions that only set the number of repetitions."""

_IMAGE, _EXTENSION, _END = 0x2C, 0x21, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF


class BrokenAnimation(Exception):
    """The blocks of the file are not well-formed."""


@dataclass(frozen=True, slots=True)
class Animation:
    """A GIF with its frames only; width and height in pixels."""

    content: bytes
    width: int
    height: int
    frames: int


def strip_gif(content: bytes) -> Animation:
    """Return the GIF without comments, texts, foreign extensions and trailing data.

    Nothing is re-encoded, so each frame stays as it is. Raises `BrokenAnimation`.
    """
    try:
        width, height = (int.from_bytes(content[at : at + 2], "little") for at in (6, 8))
        begin = 13 + _table(content[10])
        chunks, frames = [content[:begin]], 0
        for kind, block in _blocks(content, begin):
            if kind == _IMAGE:
                x_offset, y_offset, wide, high = (
                    int.from_bytes(block[at : at + 2], "little") for at in (1, 3, 5, 7)
                )
                if x_offset + wide > width or y_offset + high > height:
                    raise BrokenAnimation
                frames += 1
            if kind == _IMAGE or _may_stay(block):
                chunks.append(block)
        return Animation(b"".join([*chunks, bytes([_END])]), width, height, frames)
    except IndexError as error:
        raise BrokenAnimation from error


def _table(packed: int) -> int:
    """Return the number of bytes of a colour table."""
    return 3 * 2 ** ((packed & 7) + 1) if packed & 0x80 else 0


def _blocks(content: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield each block up to the end, with its kind."""
    while (kind := content[at]) != _END:
        begin = at
        if kind == _IMAGE:
            at += 11 + _table(content[at + 9])
        elif kind == _EXTENSION:
            at += 2
        else:
            raise BrokenAnimation
        while content[at]:
            at += 1 + content[at]
        at += 1
        yield kind, content[begin:at]


def _may_stay(extension: bytes) -> bool:
    label = extension[1]
    return label == _GRAPHIC_CONTROL or (label == _APPLICATION and extension[3:14] in _COMMENTLESS)
