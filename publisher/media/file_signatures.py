"""Detect the type of a file, and the size of a picture, from the first bytes without decoding."""

from __future__ import annotations

from collections.abc import Callable, Iterator

JPEG = "jpeg"
PNG = "png"
GIF = "gif"
WEBP = "webp"
HEIC = "heic"
EXECUTABLE = "executable"
UNKNOWN = "unknown"

HEAD_BYTES = 4096
_BOXES = 1_000_000
"""The bytes of a HEIC in which the descriptive boxes have ended, and the picture data begin."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"%PDF-", "pdf"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"8BPS", "psd"),
    (b"\x00\x00\x01\x00", "ico"),
    (b"PK\x03\x04", "zip"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"\xd0\xcf\x11\xe0", "office"),
    (b"\x7fELF", EXECUTABLE),
    (b"MZ", EXECUTABLE),
    (b"#!", EXECUTABLE),
    (b"\xca\xfe\xba\xbe", EXECUTABLE),
    (b"\xcf\xfa\xed\xfe", EXECUTABLE),
    (b"\xce\xfa\xed\xfe", EXECUTABLE),
    (b"BM", "bmp"),
)
_BRANDS: dict[bytes, str] = {
    b"qt  ": "mov",
    b"avif": "avif",
    b"avis": "avif",
    b"heic": HEIC,
    b"heix": HEIC,
    b"heim": HEIC,
    b"heis": HEIC,
    b"hevc": HEIC,
    b"hevx": HEIC,
}
# These say only that there are pictures; a further brand says which ones.
_ANY_PICTURES = (b"mif1", b"msf1")
_VIDEO_BRANDS = (b"iso", b"mp4", b"avc1", b"M4V", b"MSNV", b"dash", b"3gp", b"3g2")


def detect_type(head: bytes) -> str:
    """Return the short name of the type by the first bytes, or `unknown`; 4,096 are enough."""
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    return _container_type(head) or _text_type(head) or UNKNOWN


def _container_type(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"AVI ": "avi"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _ANY_PICTURES:
            return "avif" if b"avi" in head[16 : int.from_bytes(head[:4], "big")] else HEIC
        return _BRANDS.get(brand) or ("mp4" if brand.startswith(_VIDEO_BRANDS) else None)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head[:64] else "mkv"
    return None


def _text_type(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not text.startswith(b"<"):
        return None
    return "svg" if b"<svg" in text else "html"


def pixel_size(content: bytes, kind: str) -> tuple[int, int] | None:
    """Return the width and height in a picture's header; None if there are none.

    Nothing is decoded, so a few bytes that claim a gigantic picture cost nothing.
    """
    size = _READERS[kind](content)
    return size if size and min(size) > 0 else None


def _little(content: bytes, at: int, length: int) -> int:
    return int.from_bytes(content[at : at + length], "little")


def _png_size(content: bytes) -> tuple[int, int] | None:
    if content[12:16] != b"IHDR" or len(content) < 24:
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _gif_size(content: bytes) -> tuple[int, int] | None:
    return (_little(content, 6, 2), _little(content, 8, 2)) if len(content) >= 10 else None


def _webp_size(content: bytes) -> tuple[int, int] | None:
    if len(content) < 30:
        return None
    match content[12:16]:
        case b"VP8 ":
            return _little(content, 26, 2) & 0x3FFF, _little(content, 28, 2) & 0x3FFF
        case b"VP8L":
            packed = _little(content, 21, 4)
            return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return _little(content, 24, 3) + 1, _little(content, 27, 3) + 1
    return None


def _heic_size(content: bytes) -> tuple[int, int] | None:
    """Return the largest size among its boxes: those of tiles and thumbnails are smaller."""
    sizes: list[tuple[int, int]] = []
    at = content.find(b"ispe", 0, _BOXES)
    while at >= 0 and len(content) >= at + 16:
        wide, high = (int.from_bytes(content[at + by : at + by + 4], "big") for by in (8, 12))
        sizes.append((wide, high))
        at = content.find(b"ispe", at + 4, _BOXES)
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    for marker, at in _jpeg_segments(content):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            frame = content[at + 3 : at + 7]
            if len(frame) < 4:
                return None
            return int.from_bytes(frame[2:], "big"), int.from_bytes(frame[:2], "big")
    return None


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield each segment's marker and the offset of its length, up to the picture data."""
    at = 2
    while (at := content.find(b"\xff", at)) >= 0 and at + 4 <= len(content):
        marker = content[at + 1]
        if marker in (0xD9, 0xDA):
            return
        if marker == 0xFF:
            at += 1
            continue
        yield marker, at + 2
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")


_READERS: dict[str, Callable[[bytes], tuple[int, int] | None]] = {
    JPEG: _jpeg_size,
    PNG: _png_size,
    GIF: _gif_size,
    WEBP: _webp_size,
    HEIC: _heic_size,
}
