"""Photos that weigh what a phone's weigh: detail at every size, as in nature."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

SIZE = (4032, 3024)
"""Twelve megapixels."""

_COARSEST, _FINEST = 512, 2
"""Pixels that one random value of the coarsest and the finest layer covers."""


def phone_photo(size: tuple[int, int] = SIZE) -> bytes:
    """Return a JPEG of random colours, different each time; `size` is in pixels."""
    picture = Image.merge("YCbCr", (_layers(size, 1), _layers(size, 32), _layers(size, 32)))
    out = BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


def _layers(size: tuple[int, int], finest_factor: int) -> Image.Image:
    """Return noise whose finer layers count less; layers are doubled in size each time."""
    grain = _COARSEST
    picture = Image.effect_noise(_covering(size, grain), 90)
    while grain > _FINEST * finest_factor:
        grain //= 2
        larger = picture.resize(_covering(size, grain), Image.Resampling.BICUBIC)
        picture = Image.blend(larger, Image.effect_noise(larger.size, 90), 0.14)
    return picture.resize(size, Image.Resampling.BICUBIC)


def _covering(size: tuple[int, int], grain: int) -> tuple[int, int]:
    return -(-size[0] // grain), -(-size[1] // grain)
