"""A drawing surface of 1,200 by 900 units laid over a 12 megapixel picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import fontpkg
from PIL import Image, ImageDraw, ImageFont

Point = tuple[float, float]
Colour = str

WIDE = (4000, 3000)
TALL = (3000, 4000)
_SCALE = 10 / 3
_FAMILY = "Noto Sans Devanagari"
#: Points on an arc that look round at full size.
_FAR = 4000.0


class Canvas:
    """Lengths are units: 0 to 1,200 across and 0 to 900 down.

    A tall picture shows 150 to 1,050 across and -150 to 1,050 down, so that a scene keeps its
    middle and gains sky and ground.
    """

    def __init__(self, *, tall: bool) -> None:
        self.image = Image.new("RGB", TALL if tall else WIDE, "#ffffff")
        self._draw = ImageDraw.Draw(self.image)
        self._left, self._top = (150.0, -150.0) if tall else (0.0, 0.0)

    @property
    def bottom(self) -> float:
        """The lowest unit that is seen."""
        return self._top + self.image.height / _SCALE

    def rect(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        """A rectangle by its upper left corner."""
        self._draw.rectangle(self._box(x, y, width, height), fill=fill)

    def band(self, y: float, height: float, fill: Colour) -> None:
        """A stripe across the whole picture, however wide it is."""
        self.rect(-_FAR, y, 2 * _FAR, height, fill)

    def ground(self, y: float, fill: Colour) -> None:
        """Everything from `y` down."""
        self.band(y, _FAR, fill)

    def round_rect(
        self, x: float, y: float, width: float, height: float, radius: float, fill: Colour
    ) -> None:
        """A rectangle with round corners."""
        box = self._box(x, y, width, height)
        self._draw.rounded_rectangle(box, radius * _SCALE, fill=fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """An ellipse by its centre and radii."""
        self._draw.ellipse(self._box(x - rx, y - ry, 2 * rx, 2 * ry), fill=fill)

    def ring(self, x: float, y: float, rx: float, ry: float, width: float, fill: Colour) -> None:
        """An ellipse's outline, `width` wide to the inside."""
        box = self._box(x - rx, y - ry, 2 * rx, 2 * ry)
        self._draw.ellipse(box, outline=fill, width=round(width * _SCALE))

    def dome(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """The upper half of an ellipse, standing on `y`."""
        self._draw.pieslice(self._box(x - rx, y - ry, 2 * rx, 2 * ry), 180, 360, fill=fill)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        """A polygon."""
        self._draw.polygon([self._at(point) for point in points], fill=fill)

    def stroke(self, points: Sequence[Point], width: float, fill: Colour) -> None:
        """A line with round joints and ends."""
        line = [self._at(point) for point in points]
        self._draw.line(line, fill=fill, width=round(width * _SCALE), joint="curve")
        for x, y in points:
            self.ellipse(x, y, width / 2, width / 2, fill)

    def sky(self, upper: Colour, lower: Colour, horizon: float) -> None:
        """A gradient from the top of the picture down to `horizon`."""
        height = max(1, round((horizon - self._top) * _SCALE))
        mask = Image.linear_gradient("L").resize((1, height))
        strip = Image.composite(
            Image.new("RGB", (1, height), lower), Image.new("RGB", (1, height), upper), mask
        )
        self.image.paste(strip.resize((self.image.width, height)), (0, 0))

    def words(
        self, x: float, y: float, text: str, size: float, fill: Colour, *, weight: int = 400,
        anchor: str = "ls", widest: float | None = None,
    ) -> None:  # fmt: skip
        """Marathi text at a baseline, made smaller where it would pass `widest` units."""
        font = _font(round(size * _SCALE), weight)
        if widest is not None:
            needed = font.getlength(text, language="mr") / _SCALE
            if needed > widest:
                font = _font(int(size * _SCALE * widest / needed), weight)
        self._draw.text(self._at((x, y)), text, fill=fill, font=font, anchor=anchor, language="mr")

    def _at(self, point: Point) -> Point:
        return (point[0] - self._left) * _SCALE, (point[1] - self._top) * _SCALE

    def _box(self, x: float, y: float, width: float, height: float) -> list[float]:
        return [*self._at((x, y)), *self._at((x + width, y + height))]


@lru_cache(maxsize=32)
def _font(pixels: int, weight: int) -> ImageFont.FreeTypeFont:
    """The Devanagari font in one size and weight, at full width."""
    font = ImageFont.truetype(str(fontpkg.path(_FAMILY)), pixels)
    axes = {b"Weight": weight, b"Width": 100}
    font.set_variation_by_axes([axes[axis["name"]] for axis in font.get_variation_axes()])
    return font
