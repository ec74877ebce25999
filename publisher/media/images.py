"""Inspect pictures before they are accepted, and render them for each platform with Pillow."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from io import BytesIO

import pillow_heif
from PIL import ExifTags, Image, ImageCms

from publisher.media import file_signatures, gif
from publisher.media.gif import BrokenAnimation

pillow_heif.register_heif_opener()

MAX_BYTES = 20_000_000
MAX_PIXELS = 40_000_000
SMALL_PNG = 1_000_000
# What X takes of an animation: width and height, frames, and pixels of all frames together.
MOVING_SIZE = (1280, 1080)
MOVING_FRAMES = 350
MOVING_PIXELS = 300_000_000
_QUALITIES = (90, 85, 80, 72, 64)
_SHRINK = 0.8
_SRGB = ImageCms.createProfile("sRGB")

# What Pillow raises over bytes that are no whole picture of the type they claim to be.
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

_UPRIGHT: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


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


@dataclass(frozen=True, slots=True)
class Fit:
    """A platform's limits: the longest side in pixels, the maximum bytes, if animations move."""

    side: int
    max_bytes: int
    moves: bool = False


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A picture's bytes as they are sent, without any metadata."""

    content: bytes
    mime: str
    width: int
    height: int
    sha256: str


# X takes 5 MB. Facebook takes 10 MB, and in its older error texts speaks of 4; it shows an
# animation's first frame alone.
FITS: dict[str, Fit] = {
    "x": Fit(side=4096, max_bytes=5_000_000, moves=True),
    "facebook": Fit(side=2048, max_bytes=4_000_000),
}


def inspect(
    content: bytes, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS
) -> AcceptedImage:
    """Inspect a picture, down to its last byte. Raises BadPicture.

    Type and size are read from the header; only a picture within the limits is decoded.
    """
    kind = _kind(content, max_bytes, max_pixels)
    with _opened(content, kind, max_pixels) as picture:
        animated = bool(getattr(picture, "is_animated", False))
        turned = _orientation(picture) >= 5
        width, height = picture.size
        # The smallest scale still reads every byte of a JPEG, in little memory.
        picture.draft(None, (1, 1))
        picture.load()
    return AcceptedImage(kind, *((height, width) if turned else (width, height)), animated)


def render(content: bytes, *, platform: str, max_pixels: int = MAX_PIXELS) -> EncodedImage:
    """Render a picture for `x` or `facebook`. Raises BadPicture; KeyError for other platforms.

    The rendition is upright, in sRGB, on white where the picture is transparent, without EXIF, GPS,
    XMP, profile or comment. An animation stays whole if the platform shows it moving and it is not
    too large; otherwise its first frame is used. Equal bytes always produce equal renditions.
    """
    return render_within(content, FITS[platform], max_pixels=max_pixels)


def render_within(content: bytes, fit: Fit, *, max_pixels: int = MAX_PIXELS) -> EncodedImage:
    """Render a picture within a size: as PNG if it was drawn and is small, else as JPEG."""
    kind = _kind(content, len(content), max_pixels)
    drawn = kind in (PictureKind.PNG, PictureKind.GIF)
    with _in_memory(max_pixels):
        if kind is PictureKind.GIF and fit.moves and (whole := _animation(content, fit)):
            return whole
        picture = _plain(content, kind, fit.side, max_pixels)
        if drawn and len(content) <= 3 * SMALL_PNG:
            small = _encoded(picture, "PNG", optimize=True)
            if len(small.content) <= min(SMALL_PNG, fit.max_bytes):
                return small
        return _fitting_jpeg(picture, fit.max_bytes, sharp=drawn)


def _animation(content: bytes, fit: Fit) -> EncodedImage | None:
    """Return the animation with all frames; None if it is still or beyond the platform's limits."""
    try:
        animation = gif.stripped(content)
    except BrokenAnimation:
        return None
    wide, high = MOVING_SIZE
    pixels = animation.width * animation.height * animation.frames
    fits = (
        animation.width <= wide
        and animation.height <= high
        and len(animation.content) <= fit.max_bytes
    )
    if not fits or not 1 < animation.frames <= MOVING_FRAMES or pixels > MOVING_PIXELS:
        return None
    digest = sha256(animation.content).hexdigest()
    return EncodedImage(
        animation.content, PictureKind.GIF.mime, animation.width, animation.height, digest
    )


def thumbnail(content: bytes, side: int, *, max_pixels: int = MAX_PIXELS) -> EncodedImage:
    """Return a small JPEG for our own pages, `side` pixels on its longer side.

    Raises BadPicture.
    """
    kind = _kind(content, len(content), max_pixels)
    with _in_memory(max_pixels):
        picture = _plain(content, kind, side, max_pixels)
        return _encoded(picture, "JPEG", quality=80, optimize=True)


def _kind(content: bytes, max_bytes: int, max_pixels: int) -> PictureKind:
    """Return the type by content, after checking the limits by the header."""
    if len(content) > max_bytes:
        raise BadPicture(PictureProblem.TOO_MANY_BYTES, found=len(content), limit=max_bytes)
    type_name = file_signatures.found_type(content[: file_signatures.HEAD_BYTES])
    if type_name == file_signatures.UNKNOWN:
        raise BadPicture(PictureProblem.NOT_A_PICTURE)
    if type_name not in [kind.value for kind in PictureKind]:
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
def _opened(content: bytes, kind: PictureKind, max_pixels: int) -> Iterator[Image.Image]:
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
    except RuntimeError as error:  # libheif's, and nothing but its words tells why
        has_room = _NO_MEMORY not in str(error)
        code = PictureProblem.TRUNCATED if has_room else PictureProblem.TOO_MANY_PIXELS
        raise BadPicture(code, limit=max_pixels) from error


@contextmanager
def _in_memory(max_pixels: int) -> Iterator[None]:
    """Raise BadPicture if memory runs out while a decoded picture is processed.

    Everything is written to memory, so that an `OSError` of Pillow has no other cause.
    """
    try:
        yield
    except (MemoryError, OSError) as error:
        raise BadPicture(PictureProblem.TOO_MANY_PIXELS, limit=max_pixels) from error


def _orientation(picture: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8; 1 if it is missing or the EXIF block is broken."""
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except _BROKEN:
        return 1
    return orientation if orientation in _UPRIGHT else 1


def _plain(content: bytes, kind: PictureKind, side: int, max_pixels: int) -> Image.Image:
    """Return upright RGB pixels on white, with no side longer than `side`, and no metadata."""
    with _opened(content, kind, max_pixels) as source:
        source.draft(None, (side, side))
        turn = _UPRIGHT.get(_orientation(source))
        profile = source.info.get("icc_profile")
        # The large picture may be scaled in place: a copy of it would double the memory.
        scaled = _expanded(source)
        scaled.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        picture = _on_white(scaled, profile)
    if turn is not None:
        picture = picture.transpose(turn)
    # Some writers take comment, profile and transparency from here, unasked.
    picture.info = {}
    return picture


def _expanded(picture: Image.Image) -> Image.Image:
    """Return the picture in a mode that can be scaled: L, RGB, RGBA or CMYK."""
    if picture.mode == "RGBA":
        return picture
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode.startswith("I;16"):
        # Sixteen bits become eight by division; a bare conversion would only clip.
        return picture.point(lambda value: value / 256).convert("L")
    if picture.mode == "1":
        return picture.convert("L")
    return picture if picture.mode in ("L", "RGB", "CMYK") else picture.convert("RGB")


def _on_white(picture: Image.Image, profile: bytes | None) -> Image.Image:
    # Transparent pixels become white: a dark page must not swallow dark writing.
    if picture.mode != "RGBA":
        return _in_srgb(picture, profile)
    alpha = picture.getchannel("A")
    white = Image.new("RGB", picture.size, "white")
    white.paste(_in_srgb(picture.convert("RGB"), profile), mask=alpha)
    return white


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to sRGB by the picture's profile; without a valid profile keep the colours."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, _SRGB, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None
        if converted is not None:
            return converted
    return picture.convert("RGB")


def _fitting_jpeg(picture: Image.Image, max_bytes: int, *, sharp: bool) -> EncodedImage:
    """Return the best JPEG that fits: first the quality is reduced, then the number of pixels."""
    while True:
        for quality in _QUALITIES:
            jpeg = _encoded(
                picture,
                "JPEG",
                quality=quality,
                subsampling="4:4:4" if sharp else "4:2:0",
                optimize=True,
                progressive=True,
            )
            if len(jpeg.content) <= max_bytes or picture.size == (1, 1):
                return jpeg
        smaller = [max(1, int(length * _SHRINK)) for length in picture.size]
        picture = picture.resize((smaller[0], smaller[1]), Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image, kind: str, **options: int | str | bool) -> EncodedImage:
    out = BytesIO()
    picture.save(out, kind, **options)
    content = out.getvalue()
    mime = f"image/{kind.lower()}"
    return EncodedImage(content, mime, *picture.size, sha256(content).hexdigest())
