"""The length of a video is read from its headers, wherever they are, and never guessed."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.media.video import video_seconds
from tests.support.tables import each


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def header(duration: int, scale: int = 600, version: int = 0) -> bytes:
    dates = bytes(16 if version else 8)
    length = struct.pack(">Q" if version else ">I", duration)
    return box(b"mvhd", bytes([version, 0, 0, 0]) + dates + struct.pack(">I", scale) + length)


def video(movie: bytes, *, at_the_end: bool = False, data: int = 100) -> BytesIO:
    parts = [box(b"moov", movie), box(b"mdat", bytes(data))]
    return BytesIO(
        box(b"ftyp", b"isom" + bytes(12)) + b"".join(reversed(parts) if at_the_end else parts)
    )


@pytest.mark.parametrize("at_the_end", [False, True])
@pytest.mark.parametrize("version", [0, 1])
def test_the_length_is_read_wherever_the_headers_stand(*, version: int, at_the_end: bool) -> None:
    movie = box(b"free", b"") + header(600 * 75 + 250, version=version)
    assert video_seconds(video(movie, at_the_end=at_the_end)) == 75


def test_a_very_large_box_before_the_headers_is_stepped_over() -> None:
    long = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 16 + 50) + bytes(50)
    assert video_seconds(BytesIO(long + box(b"moov", header(1200)))) == 2


@each(
    "video",
    [
        BytesIO(),
        BytesIO(b"\x00\x00\x00\x20ftypmp42" + bytes(40)),
        video(header(0)),
        video(header(10, scale=0)),
        video(header(4_000_000_000, scale=1)),
        video(header(100)[:-3]),
        video(b""),
        BytesIO(struct.pack(">I", 4) + b"moov" + bytes(30)),
    ],
)
def test_what_does_not_say_its_length_has_none(video: BytesIO) -> None:
    assert video_seconds(video) is None


@given(st.binary(max_size=300))
def test_no_bytes_break_it(content: bytes) -> None:
    video_seconds(BytesIO(content))
    video_seconds(video(content))
