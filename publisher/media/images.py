"""Render pictures for each platform, and thumbnails for our own pages, with Pillow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Literal, Protocol

from PIL import Image, ImageCms

from publisher.media import file_signatures, gif
from publisher.media.gif import BrokenAnimation
from publisher.media.image_checks import (
    MAX_BYTES,
    MAX_PIXELS,
    BadPicture,
    PictureKind,
    PictureProblem,
    check_kind,
    inspect,
    open_picture,
    read_orientation,
)
from publisher.media.pixel_budget import PixelBudget

SMALL_PNG = 1_000_000
LARGEST_SIDE = 4096
"""The longest side in pixels that a picture is decoded to; no platform takes more."""
_DECODING = PixelBudget(26_000_000)
"""Two photos of 12 megapixels take 130 MB each, and one of 40 takes 270 MB."""
_QUALITIES = (90, 85, 80, 72, 64)
_THUMBNAIL_OPTIONS: dict[str, dict[str, int | bool]] = {
    "JPEG": {"quality": 80, "optimize": True},
    "WEBP": {"quality": 50, "method": 6},
}
_SMALL_QUALITIES = (80, 65, 50, 40)
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
    """The size of a rendition, as a platform's capabilities state it; `animation` None: stills."""

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
    """Render a picture for one platform, as `render_all` does. Raises `BadPicture`."""
    return render_all(content, [fit], max_pixels=max_pixels)[0]


def render_all(
    content: bytes, fits: Sequence[Fit], *, max_pixels: int = MAX_PIXELS
) -> list[EncodedImage]:
    """Render a picture for each platform: a small PNG or GIF as PNG, anything else as JPEG.

    The renditions are upright, in sRGB, on white where the picture is transparent, without EXIF,
    GPS, XMP, profile or comment. An animation stays whole if the platform shows it moving and it is
    not too large; otherwise its first frame is used. The picture is decoded once, and every byte of
    it is read. Equal bytes always produce equal renditions. Raises `BadPicture`.
    """
    kind = check_kind(content, MAX_BYTES, max_pixels)
    if kind is PictureKind.GIF:
        inspect(content, max_pixels=max_pixels)  # what stays whole is not decoded below
    with _guard_memory(content, kind, max_pixels):
        picture = None
        renditions = []
        for fit in fits:
            rendition = _animation(content, fit) if kind is PictureKind.GIF else None
            if rendition is None:
                picture = picture or _plain(content, kind, LARGEST_SIDE, max_pixels)
                scaled = picture.copy() if max(picture.size) > fit.side else picture
                scaled.thumbnail((fit.side, fit.side), Image.Resampling.LANCZOS, reducing_gap=3.0)
                rendition = _still(scaled, kind, len(content), fit.max_bytes)
            renditions.append(rendition)
        return renditions


def _still(
    picture: Image.Image, kind: PictureKind, source_bytes: int, max_bytes: int
) -> EncodedImage:
    is_drawing = kind in (PictureKind.PNG, PictureKind.GIF)  # mostly, and sharp edges suit PNG
    if is_drawing and source_bytes <= 3 * SMALL_PNG:
        small = _encode(picture, "PNG", optimize=True)
        if len(small.content) <= min(SMALL_PNG, max_bytes):
            return small
    # `optimize` would save 3 per cent of the bytes and take three times as long, and
    # `progressive` 8 per cent and six times.
    subsampling = "4:4:4" if is_drawing else "4:2:0"
    return _fitting(picture, "JPEG", _QUALITIES, max_bytes, subsampling=subsampling)


def _animation(content: bytes, fit: Fit) -> EncodedImage | None:
    """Return the animation with all frames; None if it is still or beyond the platform's limits."""
    largest = fit.animation
    if largest is None:
        return None
    try:
        animation = gif.strip_gif(content)
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
    max_bytes: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> EncodedImage:
    """Return a small picture for our own pages, `side` pixels on its longer side.

    With `max_bytes` it is the best that fits, and may have fewer pixels. Raises BadPicture.
    """
    source_kind = check_kind(content, len(content), max_pixels)
    with _guard_memory(content, source_kind, max_pixels):
        picture = _plain(content, source_kind, side, max_pixels)
        if max_bytes is not None:
            return _fitting(picture, kind, _SMALL_QUALITIES, max_bytes)
        return _encode(picture, kind, **_THUMBNAIL_OPTIONS[kind])


@contextmanager
def _guard_memory(content: bytes, kind: PictureKind, max_pixels: int) -> Iterator[None]:
    """Raise BadPicture if memory runs out while a decoded picture is processed.

    Other threads wait if there would be too many pixels in the process. Everything is written to
    memory, so that an `OSError` of Pillow has no other cause.
    """
    width, height = file_signatures.pixel_size(content, kind.value) or (0, 0)
    try:
        with _DECODING.spend(width * height):
            yield
    except (MemoryError, OSError) as error:
        raise BadPicture(PictureProblem.TOO_MANY_PIXELS, limit=max_pixels) from error


def _plain(content: bytes, kind: PictureKind, side: int, max_pixels: int) -> Image.Image:
    """Return upright RGB pixels on white, with no side longer than `side`, and no metadata."""
    with open_picture(content, kind, max_pixels) as source:
        source.draft(None, (side, side))
        turn = _UPRIGHT.get(read_orientation(source))
        profile = source.info.get("icc_profile")
        # The large picture may be scaled in place: a copy of it would double the memory.
        scaled = _expand_mode(source)
        scaled.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        picture = _flatten_on_white(scaled, profile)
    if turn is not None:
        picture = picture.transpose(turn)
    # Some writers take comment, profile and transparency from here, unasked.
    picture.info = {}
    return picture


def _expand_mode(picture: Image.Image) -> Image.Image:
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


def _flatten_on_white(picture: Image.Image, profile: bytes | None) -> Image.Image:
    # Transparent pixels become white: a dark page must not swallow dark writing.
    if picture.mode != "RGBA":
        return _convert_to_srgb(picture, profile)
    alpha = picture.getchannel("A")
    white = Image.new("RGB", picture.size, "white")
    white.paste(_convert_to_srgb(picture.convert("RGB"), profile), mask=alpha)
    return white


def _convert_to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
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


def _fitting(
    picture: Image.Image,
    kind: str,
    qualities: Sequence[int],
    max_bytes: int,
    **options: int | str,
) -> EncodedImage:
    """Return the best image that fits: first the quality is reduced, then the number of pixels."""
    while True:
        for quality in qualities:
            image = _encode(picture, kind, quality=quality, **options)
            if len(image.content) <= max_bytes or picture.size == (1, 1):
                return image
        smaller = [max(1, int(length * _SHRINK)) for length in picture.size]
        picture = picture.resize((smaller[0], smaller[1]), Image.Resampling.LANCZOS)


def _encode(picture: Image.Image, kind: str, **options: int | str | bool) -> EncodedImage:
    # Pillow lets other threads run while it encodes into a file, but not into a `BytesIO`.
    with os.fdopen(os.memfd_create("picture"), "w+b") as out:
        picture.save(out, kind, **options)
        out.seek(0)
        content = out.read()
    mime = f"image/{kind.lower()}"
    return EncodedImage(content, mime, *picture.size, sha256(content).hexdigest())
