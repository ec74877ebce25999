"""Inspect a picture before it is accepted: its type, its limits, and whether it decodes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO

import pillow_heif
from PIL import ExifTags, Image

from publisher.media import file_signatures

pillow_heif.register_heif_opener()

MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
ORIENTATIONS = range(1, 9)
"""The values of EXIF's orientation; from 5 on, width and height are exchanged."""

# Exceptions of Pillow for bytes that are not a whole picture of the type they claim to be.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    OverflowError,
    struct.error,
    zlib.error,
)
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError)

_NO_MEMORY = "Memory allocation error"


class PictureProblem(StrEnum):
    """The reason why a file is not accepted as a picture."""

    NOT_A_PICTURE = "not_a_picture"
    UNSUPPORTED_TYPE = "unsupported_type"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TRUNCATED = "truncated"


class BadPicture(Exception):
    """A picture was refused: `code` is the reason, `values` are the values of its message."""

    def __init__(self, code: PictureProblem, **values: int | str) -> None:
        super().__init__(code.value)
        self.code = code
        self.values = values


class PictureKind(StrEnum):
    """The types of picture that are accepted."""

    JPEG = file_signatures.JPEG
    PNG = file_signatures.PNG
    GIF = file_signatures.GIF
    WEBP = file_signatures.WEBP
    HEIC = file_signatures.HEIC

    @property
    def reader(self) -> str:
        """The name of Pillow's reader of this type."""
        return "HEIF" if self is PictureKind.HEIC else self.value

    @property
    def mime(self) -> str:
        """The media type, such as `image/jpeg`."""
        return f"image/{self.value}"


@dataclass(frozen=True, slots=True)
class AcceptedImage:
    """An acceptable picture; width and height in pixels, in upright orientation."""

    kind: PictureKind
    width: int
    height: int
    animated: bool


def inspect(
    content: bytes, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS
) -> AcceptedImage:
    """Inspect a picture, down to its last byte; raises `BadPicture`.

    Type and size are read from the header; only a picture within the limits is decoded.
    """
    kind = check_kind(content, max_bytes, max_pixels)
    with open_picture(content, kind, max_pixels) as picture:
        animated = bool(getattr(picture, "is_animated", False))
        is_turned = read_orientation(picture) >= 5
        width, height = picture.size
        # The smallest scale still reads every byte of a JPEG, in little memory.
        picture.draft(None, (1, 1))
        picture.load()
    return AcceptedImage(kind, *((height, width) if is_turned else (width, height)), animated)


def check_kind(content: bytes, max_bytes: int, max_pixels: int) -> PictureKind:
    """Return the type by content, after checking the limits by the header."""
    if len(content) > max_bytes:
        raise BadPicture(PictureProblem.TOO_MANY_BYTES, found=len(content), limit=max_bytes)
    type_name = file_signatures.detect_type(content[: file_signatures.HEAD_BYTES])
    if type_name == file_signatures.UNKNOWN:
        raise BadPicture(PictureProblem.NOT_A_PICTURE)
    if type_name not in list(PictureKind):
        raise BadPicture(PictureProblem.UNSUPPORTED_TYPE, found=type_name)
    size = file_signatures.pixel_size(content, type_name)
    if size is None:
        raise BadPicture(PictureProblem.TRUNCATED)
    _check_pixels(size, max_pixels)
    return PictureKind(type_name)


def _check_pixels(size: tuple[int, int], limit: int) -> None:
    width, height = size
    if width * height > limit:
        raise BadPicture(PictureProblem.TOO_MANY_PIXELS, width=width, height=height, limit=limit)


@contextmanager
def open_picture(content: bytes, kind: PictureKind, max_pixels: int) -> Iterator[Image.Image]:
    """Open the picture with Pillow's reader of that type, and raise its errors as BadPicture."""
    try:
        with Image.open(BytesIO(content), formats=[kind.reader]) as picture:
            # A GIF's first frame may be larger than its header says.
            _check_pixels(picture.size, max_pixels)
            yield picture
    except _BOMB as error:
        raise BadPicture(PictureProblem.TOO_MANY_PIXELS, limit=max_pixels) from error
    except _BROKEN as error:
        raise BadPicture(PictureProblem.TRUNCATED) from error
    except RuntimeError as error:  # libheif's; only its message has the reason
        out_of_memory = _NO_MEMORY in str(error)
        code = PictureProblem.TOO_MANY_PIXELS if out_of_memory else PictureProblem.TRUNCATED
        raise BadPicture(code, limit=max_pixels) from error


def read_orientation(picture: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8; 1 if it is missing or the EXIF block is broken."""
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except _BROKEN:
        return 1
    return orientation if orientation in ORIENTATIONS else 1
