"""Uploaded files: valid photos, and files that only pretend to be a photo."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from io import BytesIO

from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from publisher.media import image_checks  # noqa: F401  lets Pillow write a HEIC


@cache
def jpeg(width: int = 64, height: int = 48, shade: int = 90) -> bytes:
    """Return a complete JPEG."""
    file = BytesIO()
    Image.new("RGB", (width, height), (shade, 120, 160)).save(file, "JPEG")
    return file.getvalue()


def with_place() -> bytes:
    """Return a photo with GPS coordinates."""
    file, exif = BytesIO(), Image.Exif()
    position = exif.get_ifd(ExifTags.IFD.GPSInfo)
    position[ExifTags.GPS.GPSLatitudeRef], position[ExifTags.GPS.GPSLatitude] = (
        "N",
        (18.0, 31.0, 12.0),
    )
    Image.new("RGB", (640, 480), (90, 120, 160)).save(file, "JPEG", exif=exif)
    return file.getvalue()


SECRET = b"by an invented phone"


@cache
def with_secrets(kind: str, trailing: bytes = SECRET) -> bytes:
    """Return a turned photo of this kind of Pillow's, with all that a file tells beside it."""
    file, exif, text = BytesIO(), Image.Exif(), PngImagePlugin.PngInfo()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Make] = 6, SECRET.decode()
    position = exif.get_ifd(ExifTags.IFD.GPSInfo)
    position[ExifTags.GPS.GPSLatitudeRef] = "N"
    position[ExifTags.GPS.GPSLatitude] = (18.0, 31.0, 12.0)
    text.add_text("Comment", SECRET.decode())
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
    options = {"exif": exif, "icc_profile": profile, "xmp": b"<x>" + SECRET + b"</x>"}
    photo.save(file, kind, comment=SECRET, pnginfo=text, **({} if kind == "GIF" else options))
    return file.getvalue() + trailing


def truncated_jpeg() -> bytes:
    """Return the first part of a photo."""
    whole = jpeg(320, 240)
    return whole[: len(whole) // 2]


def executable() -> bytes:
    """Return a program."""
    return b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(200)


def drawing() -> bytes:
    """Return an SVG that would run a script."""
    return b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def bomb() -> bytes:
    """Return a PNG of a few kilobytes whose header declares 30,000 by 30,000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@cache
def heic() -> bytes:
    """Return a photo in HEIC, the format of newer phones."""
    file = BytesIO()
    Image.new("RGB", (640, 480), (90, 120, 160)).save(file, "HEIF")
    return file.getvalue()


def tiff() -> bytes:
    """Return the beginning of a scan with twelve bits a colour."""
    entry = struct.pack("<HHIHH", 258, 3, 1, 12, 0)
    return b"II*\x00" + struct.pack("<IH", 8, 1) + entry + bytes(4)


def video(seconds: int) -> bytes:
    """Return a video without pictures."""
    header = bytes(12) + struct.pack(">II", 1, seconds)
    movie = struct.pack(">I", 8 + len(header)) + b"mvhd" + header
    head = struct.pack(">I", 24) + b"ftypisom" + bytes(4) + b"isommp42"
    return head + struct.pack(">I", 8 + len(movie)) + b"moov" + movie
