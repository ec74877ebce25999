"""Read the length of a video from its headers; nothing is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

MOST_BOXES = 200
"""The maximum number of boxes to read; a real file has a dozen."""

LONGEST = 100 * 3600
"""The maximum length in seconds; a header with a longer one is not believed."""

Box = tuple[bytes, int, int]


def video_seconds(video: BinaryIO) -> int | None:
    """Return the length of an MP4 or QuickTime file in seconds, at least 1; None if unknown."""
    end = video.seek(0, 2)
    for kind, begin, after in _boxes(video, 0, end):
        if kind == b"moov":
            return _movie_duration(video, begin, after)
    return None


def _movie_duration(video: BinaryIO, begin: int, after: int) -> int | None:
    for kind, at, _after in _boxes(video, begin, after):
        if kind == b"mvhd":
            video.seek(at)
            return _header_duration(video.read(32))
    return None


def _header_duration(header: bytes) -> int | None:
    # Scale and duration follow two dates, which are longer in version 1.
    at, length = (20, 8) if header[:1] == b"\x01" else (12, 4)
    scale = int.from_bytes(header[at : at + 4], "big")
    duration = int.from_bytes(header[at + 4 : at + 4 + length], "big")
    if len(header) < at + 4 + length or not scale or not duration:
        return None
    seconds = max(1, round(duration / scale))
    return seconds if seconds <= LONGEST else None


def _boxes(video: BinaryIO, at: int, end: int) -> Iterator[Box]:
    """Yield each box between two offsets: its kind, and where its content begins and ends."""
    for _ in range(MOST_BOXES):
        video.seek(at)
        head = video.read(16)
        if len(head) < 8:
            return
        size, begin = int.from_bytes(head[:4], "big"), at + 8
        if size == 1:
            size, begin = int.from_bytes(head[8:16], "big"), at + 16
        after = end if size == 0 else at + size
        if after > end or after < begin:
            return
        yield head[4:8], begin, after
        at = after
