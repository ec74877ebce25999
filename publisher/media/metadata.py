"""Strip metadata from image files: location, device, comments, trailing data.

The parts of the file that draw the picture stay byte for byte, so nothing is re-encoded, and
cleaning a clean file changes nothing. Pillow drops metadata only by re-encoding.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any, cast

import pillow_heif
from PIL import ExifTags, Image, PngImagePlugin

from publisher.media import gif
from publisher.media.gif import BrokenAnimation
from publisher.media.image_checks import (
    MAX_BYTES,
    MAX_PIXELS,
    PictureKind,
    check_kind,
    open_picture,
    read_orientation,
)

_EXIF_HEAD = b"Exif\0\0"
_TIFF_HEADS = (b"II*\0", b"MM\0*")
_APPLICATION_SEGMENTS = range(0xE0, 0xF0)
_COMMENT, _SCAN, _END = 0xFE, 0xDA, 0xD9
# A marker of a JPEG: in a scan, FF before 00 or a restart marker is data.
_MARKER = re.compile(rb"\xff+[^\x00\x01\xff\xd0-\xd8]", re.DOTALL)

_PNG_CHUNKS = frozenset(
    b"IHDR PLTE tRNS gAMA cHRM sRGB iCCP cICP sBIT bKGD pHYs acTL fcTL fdAT IDAT IEND".split()
)
_WEBP_CHUNKS = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04
# A shorter block reveals nothing, and might occur in the pixels too.
_SHORTEST_BLOCK = 16
_HEIC_BOXES = frozenset((b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip"))


def strip_metadata(content: bytes) -> bytes:
    """Return the picture's file with only its pixels, colour profile and orientation.

    Raises BadPicture if it is not an accepted picture, or its header is broken.
    """
    kind = check_kind(content, MAX_BYTES, MAX_PIXELS)
    with open_picture(content, kind, MAX_PIXELS) as picture:
        return _CLEANERS[kind](content, _exif(read_orientation(picture)))


def _exif(orientation: int) -> bytes:
    """Return an EXIF block that holds only the orientation; empty if the picture is upright."""
    if orientation == 1:
        return b""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif.tobytes().removeprefix(_EXIF_HEAD)


def _jpeg(content: bytes, exif: bytes) -> bytes:
    pieces, at = [content[:2]], 2
    if exif:
        block = _EXIF_HEAD + exif
        pieces.append(b"\xff\xe1" + (2 + len(block)).to_bytes(2, "big") + block)
    marker = 0
    while marker != _END and (match := _MARKER.search(content, at)):
        if marker == _SCAN:
            pieces.append(content[at : match.start()])
        marker, begin = content[match.end() - 1], match.end()
        at = begin
        if marker != _END:
            at += int.from_bytes(content[begin : begin + 2], "big")
        segment = content[begin:at]
        if not _is_metadata(marker, segment[2:]):
            pieces += (bytes((0xFF, marker)), segment)
    # A file without an end marker stays without: decoding it shows that it is cut.
    return b"".join(pieces if marker == _END else [*pieces, content[at:]])


def _is_metadata(marker: int, segment: bytes) -> bool:
    """Return True unless the segment draws the picture, or defines its colours."""
    if marker not in _APPLICATION_SEGMENTS:
        return marker == _COMMENT
    return not segment.startswith((b"JFIF\0", b"ICC_PROFILE\0", b"Adobe"))


def _png(content: bytes, exif: bytes) -> bytes:
    cleaned, at, name = BytesIO(), 8, b""
    cleaned.write(content[:at])
    while at < len(content) and name != b"IEND":
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        name = content[at + 4 : at + 8]
        if name in _PNG_CHUNKS:
            cleaned.write(content[at:end])
        if name == b"IHDR" and exif:
            PngImagePlugin.putchunk(cleaned, b"eXIf", exif)
        at = end
    return cleaned.getvalue()


def _webp(content: bytes, exif: bytes) -> bytes:
    chunks, at = [], 12
    file_end = min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    while at < file_end:
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        chunk = bytearray(content[at : at + 8 + size]) + bytes(size % 2)
        if name == b"VP8X":
            chunk[8] &= ~(_WEBP_EXIF | _WEBP_XMP)
            chunk[8] |= _WEBP_EXIF if exif else 0
        if name in _WEBP_CHUNKS:
            chunks.append(bytes(chunk))
        at += 8 + size + size % 2
    if exif:
        chunks.append(b"EXIF" + len(exif).to_bytes(4, "little") + exif + bytes(len(exif) % 2))
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _heic(content: bytes, _exif_block: bytes) -> bytes:
    """Overwrite the metadata in place, as the other parts are found by their offset in the file.

    A HEIC has its orientation in a property of its own.
    """
    at = 0
    while at < len(content) and content[at + 4 : at + 8] in _HEIC_BOXES:
        size = int.from_bytes(content[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(content[at + 8 : at + 16], "big")
        at = at + size if size >= 8 else len(content)
    cleaned = content[:at]
    for image in pillow_heif.open_heif(BytesIO(content)):
        info = cast(dict[str, Any], image.info)
        others = [block["data"] for block in info["metadata"]]
        for block in (info.get("exif"), info.get("xmp"), *others):
            if block and len(block) >= _SHORTEST_BLOCK:
                cleaned = cleaned.replace(block, _blank_block(block))
    return cleaned


def _blank_block(block: bytes) -> bytes:
    """Return as many bytes without information; an EXIF block stays readable."""
    empty = b""
    if block.startswith((_EXIF_HEAD, *_TIFF_HEADS)):
        prefix = _EXIF_HEAD if block.startswith(_EXIF_HEAD) else b""
        empty = prefix + Image.Exif().tobytes().removeprefix(_EXIF_HEAD)
    return empty.ljust(len(block), b"\0")[: len(block)]


def _gif(content: bytes, _exif_block: bytes) -> bytes:
    try:
        return gif.strip_gif(content).content
    except BrokenAnimation:  # stays as it is: no camera writes a GIF
        return content


_CLEANERS: dict[PictureKind, Callable[[bytes, bytes], bytes]] = {
    PictureKind.JPEG: _jpeg,
    PictureKind.PNG: _png,
    PictureKind.GIF: _gif,
    PictureKind.WEBP: _webp,
    PictureKind.HEIC: _heic,
}
