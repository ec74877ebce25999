"""The notice card: a sheet with its headline in Marathi, as offices send them round."""

from __future__ import annotations

from publisher.demo.photos.canvas import Canvas

_WALL = ("#cfd8de", "#b9c5cd")
_SHEET = "#fdfdf9"
_BAND = "#1d4f73"
_INK = "#17202a"
_RED = "#9a1b1b"
_LEFT = 100
_WIDTH = 1000
_PARTS = 7


def card(canvas: Canvas, text: tuple[str, ...]) -> None:
    """Seven lines: heading, department, headline, the line in red, two of text, footer."""
    if len(text) != _PARTS:
        raise ValueError(f"a card has {_PARTS} lines, not {len(text)}")
    heading, department, headline, red, first, second, footer = text
    canvas.sky(*_WALL, canvas.bottom)
    canvas.rect(52, 62, 1112, 800, "#a3b0b9")
    canvas.rect(44, 50, 1112, 800, _SHEET)
    canvas.rect(44, 50, 1112, 118, _BAND)
    canvas.words(_LEFT, 126, heading, 48, _SHEET, weight=700)
    canvas.words(_LEFT + _WIDTH, 124, department, 36, "#dbe7f0", anchor="rs", widest=620)
    canvas.words(_LEFT, 310, headline, 104, _INK, weight=700, widest=_WIDTH)
    canvas.words(_LEFT, 430, red, 62, _RED, weight=700, widest=_WIDTH)
    canvas.rect(_LEFT, 478, _WIDTH, 4, _INK)
    canvas.words(_LEFT, 576, first, 52, _INK, widest=_WIDTH)
    canvas.words(_LEFT, 668, second, 46, "#3f4c59", widest=_WIDTH)
    canvas.rect(44, 740, 1112, 110, "#e7edf5")
    canvas.words(_LEFT, 812, footer, 50, _INK, weight=700, widest=_WIDTH)
