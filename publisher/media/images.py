"""Pictures: looked at before they are taken in, and made ready for each platform by Pillow."""

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
    """Why a file is not taken as a picture."""

    NOT_A_PICTURE = "not_a_picture"
    UNSUPPORTED_TYPE = "unsupported_type"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TRUNCATED = "truncated"


class BadPicture(Exception):
    """A refused picture: `code` says why, `values` what the sentence about it needs."""

    def __init__(self, code: PictureProblem, **values: int | str) -> None:
        super().__init__(code.value)
        self.code = code
        self.values = values


class PictureKind(StrEnum):
    """The types of picture that are taken in."""

    JPEG = file_signatures.JPEG
    PNG = file_signatures.PNG
    GIF = file_signatures.GIF
    WEBP = file_signatures.WEBP
    HEIC = file_signatures.HEIC

    @property
    def reader(self) -> str:
        """The name of Pillow's reader for it."""
        return "HEIF" if self is PictureKind.HEIC else self.value

    @property
    def mime(self) -> str:
        """The media type, as in `image/jpeg`."""
        return f"image/{self.value}"


@dataclass(frozen=True, slots=True)
class AcceptedImage:
    """A picture that may be taken in; width and height in pixels, as seen when upright."""

    kind: PictureKind
    width: int
    height: int
    animated: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """What a platform takes: the longest side in pixels, the most bytes, and whether it moves."""

    side: int
    max_bytes: int
    moves: bool = False


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A picture's bytes as they will leave, with nothing in them but the picture."""

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
    """Look a picture over, down to its last byte; raises BadPicture.

    Type and size are read from the header; only what is within the limits is decoded.
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
    """The picture as `x` or `facebook` gets it; raises BadPicture, KeyError for other platforms.

    Upright, in sRGB, on white where it was transparent, without EXIF, GPS, XMP, profile or
    comment. An animation stays whole where the platform shows it moving and it is not too large,
    else it gives its first frame. The same bytes always give the same rendition.
    """
    return render_within(content, FITS[platform], max_pixels=max_pixels)


def render_within(content: bytes, fit: Fit, *, max_pixels: int = MAX_PIXELS) -> EncodedImage:
    """The picture within any size: as PNG where it was drawn and is small, else as JPEG."""
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
    """The animation with all its frames; None where it stands still or the platform refuses it."""
    try:
        found = gif.stripped(content)
    except BrokenAnimation:
        return None
    wide, high = MOVING_SIZE
    pixels = found.width * found.height * found.frames
    fits = found.width <= wide and found.height <= high and len(found.content) <= fit.max_bytes
    if not fits or not 1 < found.frames <= MOVING_FRAMES or pixels > MOVING_PIXELS:
        return None
    digest = sha256(found.content).hexdigest()
    return EncodedImage(found.content, PictureKind.GIF.mime, found.width, found.height, digest)


def thumbnail(content: bytes, side: int, *, max_pixels: int = MAX_PIXELS) -> EncodedImage:
    """A small JPEG for our own pages, `side` pixels on its longer side; raises BadPicture."""
    kind = _kind(content, len(content), max_pixels)
    with _in_memory(max_pixels):
        picture = _plain(content, kind, side, max_pixels)
        return _encoded(picture, "JPEG", quality=80, optimize=True)


def _kind(content: bytes, max_bytes: int, max_pixels: int) -> PictureKind:
    """The type by content, once the limits are kept as far as the header tells."""
    if len(content) > max_bytes:
        raise BadPicture(PictureProblem.TOO_MANY_BYTES, found=len(content), limit=max_bytes)
    found = file_signatures.found_type(content[: file_signatures.HEAD_BYTES])
    if found == file_signatures.UNKNOWN:
        raise BadPicture(PictureProblem.NOT_A_PICTURE)
    if found not in [kind.value for kind in PictureKind]:
        raise BadPicture(PictureProblem.UNSUPPORTED_TYPE, found=found)
    size = file_signatures.pixel_size(content, found)
    if size is None:
        raise BadPicture(PictureProblem.TRUNCATED)
    _check_pixels(size, max_pixels)
    return PictureKind(found)


def _check_pixels(size: tuple[int, int], limit: int) -> None:
    width, height = size
    if width * height > limit:
        raise BadPicture(PictureProblem.TOO_MANY_PIXELS, width=width, height=height, limit=limit)


@contextmanager
def _opened(content: bytes, kind: PictureKind, max_pixels: int) -> Iterator[Image.Image]:
    """The picture by Pillow's reader of that one type, every complaint as BadPicture."""
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
    """What was decoded is turned, scaled and written in memory, which may not do for that either.

    Nothing is written but to memory, so that Pillow's `OSError` there says no more.
    """
    try:
        yield
    except (MemoryError, OSError) as error:
        raise BadPicture(PictureProblem.TOO_MANY_PIXELS, limit=max_pixels) from error


def _orientation(picture: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1 where there is none or the EXIF block is broken."""
    try:
        found = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except _BROKEN:
        return 1
    return found if found in _UPRIGHT else 1


def _plain(content: bytes, kind: PictureKind, side: int, max_pixels: int) -> Image.Image:
    """Upright RGB on white, no side longer than `side`, and nothing but pixels."""
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
    """The picture in a mode that can be scaled: L, RGB, RGBA or CMYK; itself where it is in one."""
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
    """In sRGB, what was transparent on white: a dark page must not swallow dark writing."""
    if picture.mode != "RGBA":
        return _in_srgb(picture, profile)
    alpha = picture.getchannel("A")
    white = Image.new("RGB", picture.size, "white")
    white.paste(_in_srgb(picture.convert("RGB"), profile), mask=alpha)
    return white


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture's colours by its profile; without one, or with a broken one, as they stand."""
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
    """The best JPEG that fits: first less quality, then fewer pixels."""
    while True:
        for quality in _QUALITIES:
            made = _encoded(
                picture,
                "JPEG",
                quality=quality,
                subsampling="4:4:4" if sharp else "4:2:0",
                optimize=True,
                progressive=True,
            )
            if len(made.content) <= max_bytes or picture.size == (1, 1):
                return made
        smaller = [max(1, int(length * _SHRINK)) for length in picture.size]
        picture = picture.resize((smaller[0], smaller[1]), Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image, kind: str, **options: int | str | bool) -> EncodedImage:
    out = BytesIO()
    picture.save(out, kind, **options)
    content = out.getvalue()
    mime = f"image/{kind.lower()}"
    return EncodedImage(content, mime, *picture.size, sha256(content).hexdigest())
