"""Mails of limits: too large, too many, too deep, or meant to break whoever reads them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from io import BytesIO

from PIL import Image

from publisher.media import image_checks  # noqa: F401  lets Pillow write a HEIC
from tests.support.mail_samples import bombs
from tests.support.mail_samples.builder import (
    DOCX_TYPE,
    NOTICE,
    NOTICE_SUBJECT,
    b_word,
    base64_lines,
    headers,
    jpeg,
    lines,
    multipart,
    part,
    zip_file,
)

_BASE64 = "Content-Transfer-Encoding: base64"
_UTF8 = "Content-Type: text/plain; charset=utf-8"
_MIXED = "Content-Type: multipart/mixed; boundary=h"


def _file(name: str, mime: str, content: bytes) -> bytes:
    named = f'Content-Disposition: attachment; filename="{name}"'
    return part(base64_lines(content), f"Content-Type: {mime}", named, _BASE64)


def _with_files(*files: bytes, text: str = NOTICE) -> bytes:
    body = multipart("h", part(lines(text), _UTF8), *files)
    return headers(b_word(NOTICE_SUBJECT), _MIXED) + b"\r\n" + body


def _plain(*further: str, text: str = NOTICE) -> bytes:
    return headers(b_word(NOTICE_SUBJECT), *further, _UTF8) + b"\r\n" + lines(text)


def _mp4(size: int, shade: int = 0) -> bytes:
    """Return a video of half a minute whose pictures are so many bytes."""
    length = struct.pack(">II", 600, 600 * 30)
    header = struct.pack(">I", 28) + b"mvhd" + bytes(12) + length
    movie = struct.pack(">I", 8 + len(header)) + b"moov" + header
    start = struct.pack(">I", 24) + b"ftypisom" + bytes(4) + b"isommp41"
    return start + movie + struct.pack(">I", 8 + size) + b"mdat" + bytes([shade]) * size


def heic() -> bytes:
    """A photo as an iPhone takes it."""
    out = BytesIO()
    Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(out, "HEIF")
    return _with_files(_file("IMG_2041.HEIC", "image/heic", out.getvalue()))


def thirty_photos() -> bytes:
    """Thirty photos of a drive."""
    photos = (jpeg(320, 240, shade) for shade in range(30))
    return _with_files(
        *(_file(f"{n}.jpg", "image/jpeg", photo) for n, photo in enumerate(photos, 1))
    )


def video() -> bytes:
    """A video of a phone."""
    return _with_files(_file("VID_20261012.mp4", "video/mp4", _mp4(200_000)))


def twenty_five_megabytes() -> bytes:
    """As much as the large providers take: three videos."""
    videos = (_mp4(6_000_000, number) for number in range(3))
    return _with_files(*(_file(f"{n}.mp4", "video/mp4", v) for n, v in enumerate(videos, 1)))


def empty() -> bytes:
    """Neither a subject nor a text nor a file."""
    return headers("", _UTF8) + b"\r\n"


def ten_thousand_files() -> bytes:
    """Ten thousand files of a few bytes, each another one."""
    files = (_file(f"{number}.txt", "text/plain", b"%d" % number) for number in range(10_000))
    return _with_files(*files)


def zip_bomb() -> bytes:
    """A ZIP of a few kilobytes that unpacks to 64 MB."""
    return _with_files(
        _file("photos.zip", "application/zip", zip_file({"a.bmp": bytes(64 * 2**20)}))
    )


def docx_bomb() -> bytes:
    """A document in which the text would have to be looked for, and 128 MB beside it."""
    return _with_files(_file("notice.docx", DOCX_TYPE, bombs.docx_bomb()), text="PFA.")


def pdf_bomb() -> bytes:
    """A PDF whose only page unpacks to 128 MB."""
    return _with_files(_file("notice.pdf", "application/pdf", bombs.pdf_bomb()), text="PFA.")


def pdf_of_forms() -> bytes:
    """A PDF whose page draws a form ten times, which draws a form ten times, and so on."""
    return _with_files(
        _file("notice.pdf", "application/pdf", bombs.pdf_of_forms_in_forms()), text="PFA."
    )


def long_message_id() -> bytes:
    """A Message-ID of ten kilobytes, on one line."""
    return _plain(f"Message-ID: <{'a' * 10_000}@pune.example>")


def reply_to_elsewhere() -> bytes:
    """Answers are to go to an address of somebody else."""
    return _plain("Reply-To: elsewhere@other.example")


def nested_messages() -> bytes:
    """A message in a message, and so on, ten deep."""
    content = _plain()
    for _depth in range(10):
        content = headers("Fwd: notice", "Content-Type: message/rfc822") + b"\r\n" + content
    return content


_ALL: tuple[Callable[[], bytes], ...] = (
    heic,
    thirty_photos,
    video,
    twenty_five_megabytes,
    empty,
    ten_thousand_files,
    zip_bomb,
    docx_bomb,
    pdf_bomb,
    pdf_of_forms,
    long_message_id,
    reply_to_elsewhere,
    nested_messages,
)


@cache
def heavy_mails() -> dict[str, bytes]:
    """Return them by their names; some are of megabytes, so they are written when asked for."""
    return {function.__name__: function() for function in _ALL}
