"""Render pictures for each platform, and thumbnails for our own pages, with Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Literal, Protocol

from PIL import Image, ImageCms

from publisher.media import gif
from publisher.media.gif import BrokenAnimation
from publisher.media.image_checks import (
    MAX_PIXELS,
    BadPicture,
    PictureKind,
    PictureProblem,
    checked_kind,
    opened,
    orientation_of,
)

SMALL_PNG = 1_000_000
_QUALITIES = (90, 85, 80, 72, 64)
_THUMBNAIL_OPTIONS: dict[str, dict[str, int | bool]] = {
    "JPEG": {"quality": 80, "optimize": True},
    "WEBP": {"quality": 50, "method": 6},
}
_SHRINK = 0.8
_SRGB = ImageCms.createProfile("sRGB")

_UPRIGHT: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class AnimationSize(Protocol):
    """The largest animation that stays whole: size, frames, and pixels of all frames."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def frames(self) -> int: ...
    @property
    def pixels(self) -> int: ...


class Fit(Protocol):
    """The size of a rendition, as a platform's capabilities give it; `animation` None: stills."""

    @property
    def side(self) -> int: ...
    @property
    def max_bytes(self) -> int: ...
    @property
    def animation(self) -> AnimationSize | None: ...


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A picture's bytes as they are sent, without any metadata."""

    content: bytes
    mime: str
    width: int
    height: int
    sha256: str


def render(content: bytes, fit: Fit, *, max_pixels: int = MAX_PIXELS) -> EncodedImage:
    """Render a picture for a platform: a small PNG or GIF as PNG, anything else as JPEG.

    The rendition is upright, in sRGB, on white where the picture is transparent, without EXIF, GPS,
    XMP, profile or comment. An animation stays whole if the platform shows it moving and it is not
    too large; otherwise its first frame is used. Equal bytes always produce equal renditions.
    Raises `BadPicture`.
    """
    kind = checked_kind(content, len(content), max_pixels)
    is_drawing = kind in (PictureKind.PNG, PictureKind.GIF)  # mostly, and sharp edges suit PNG
    with _in_memory(max_pixels):
        if kind is PictureKind.GIF and (whole := _animation(content, fit)):
            return whole
        picture = _plain(content, kind, fit.side, max_pixels)
        if is_drawing and len(content) <= 3 * SMALL_PNG:
            small = _encoded(picture, "PNG", optimize=True)
            if len(small.content) <= min(SMALL_PNG, fit.max_bytes):
                return small
        return _fitting_jpeg(picture, fit.max_bytes, sharp=is_drawing)


def _animation(content: bytes, fit: Fit) -> EncodedImage | None:
    """Return the animation with all frames; None if it is still or beyond the platform's limits."""
    largest = fit.animation
    if largest is None:
        return None
    try:
        animation = gif.stripped(content)
    except BrokenAnimation:
        return None
    is_small = animation.width <= largest.width and animation.height <= largest.height
    pixels = animation.width * animation.height * animation.frames
    if not is_small or pixels > largest.pixels or len(animation.content) > fit.max_bytes:
        return None
    if not 1 < animation.frames <= largest.frames:
        return None
    digest = sha256(animation.content).hexdigest()
    return EncodedImage(
        animation.content, PictureKind.GIF.mime, animation.width, animation.height, digest
    )


def thumbnail(
    content: bytes,
    side: int,
    *,
    kind: Literal["JPEG", "WEBP"] = "JPEG",
    max_pixels: int = MAX_PIXELS,
) -> EncodedImage:
    """Return a small picture for our own pages, `side` pixels on its longer side.

    Raises BadPicture.
    """
    source_kind = checked_kind(content, len(content), max_pixels)
    with _in_memory(max_pixels):
        picture = _plain(content, source_kind, side, max_pixels)
        return _encoded(picture, kind, **_THUMBNAIL_OPTIONS[kind])


@contextmanager
def _in_memory(max_pixels: int) -> Iterator[None]:
    """Raise BadPicture if memory runs out while a decoded picture is processed.

    Everything is written to memory, so that an `OSError` of Pillow has no other cause.
    """
    try:
        yield
    except (MemoryError, OSError) as error:
        raise BadPicture(PictureProblem.TOO_MANY_PIXELS, limit=max_pixels) from error


def _plain(content: bytes, kind: PictureKind, side: int, max_pixels: int) -> Image.Image:
    """Return upright RGB pixels on white, with no side longer than `side`, and no metadata."""
    with opened(content, kind, max_pixels) as source:
        source.draft(None, (side, side))
        turn = _UPRIGHT.get(orientation_of(source))
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
