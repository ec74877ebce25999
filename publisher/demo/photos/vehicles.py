"""The two vehicles of the scenes."""

from __future__ import annotations

from publisher.demo.photos.canvas import Canvas
from publisher.demo.photos.figures import WHITE


def fire_engine(canvas: Canvas) -> None:
    """A red fire engine seen from its side, with ladder and lamps."""
    canvas.ellipse(640, 752, 520, 22, "#8f8b80")
    canvas.round_rect(420, 360, 620, 330, 18, "#c8281f")
    canvas.round_rect(250, 400, 230, 290, 30, "#c8281f")
    canvas.round_rect(272, 428, 150, 120, 14, "#bfdcea")
    canvas.rect(250, 600, 790, 34, WHITE)
    canvas.rect(250, 640, 790, 14, "#f2c230")
    canvas.round_rect(300, 376, 90, 28, 8, "#2f7fd0")
    for x in (520, 700, 880):
        canvas.round_rect(x, 410, 140, 160, 8, "#a81f18")
        for y in (440, 470, 500, 530):
            canvas.rect(x + 14, y, 112, 7, "#d9d4cc")
    for y in (322, 346):
        canvas.stroke([(470, y), (1030, y)], 9, "#8d949b")
    for x in range(490, 1030, 54):
        canvas.stroke([(x, 322), (x, 346)], 7, "#8d949b")
    for x in (370, 900):
        _wheel(canvas, x, 700, 66)


def suction_truck(canvas: Canvas) -> None:
    """A vehicle with a round tank, its lamp alight."""
    canvas.ellipse(780, 735, 420, 20, "#33373c")
    canvas.round_rect(520, 400, 380, 230, 110, "#d9dde0")
    canvas.rect(640, 400, 22, 230, "#b7bdc2")
    canvas.rect(770, 400, 22, 230, "#b7bdc2")
    canvas.round_rect(540, 490, 340, 44, 8, "#2f7d54")
    canvas.words(710, 524, "मलनिःसारण विभाग", 32, WHITE, weight=600, anchor="ms", widest=320)
    canvas.rect(500, 630, 600, 46, "#3b4854")
    canvas.round_rect(905, 420, 210, 250, 26, "#2f6f9f")
    canvas.round_rect(950, 448, 140, 100, 12, "#cfe3ee")
    canvas.round_rect(980, 392, 70, 30, 10, "#f2a72c")
    canvas.ellipse(1100, 620, 18, 18, "#fff1b8")
    for x in (600, 730, 1000):
        _wheel(canvas, x, 690, 56)


def _wheel(canvas: Canvas, x: float, y: float, radius: float) -> None:
    canvas.ellipse(x, y, radius, radius, "#1f2124")
    canvas.ellipse(x, y, 0.55 * radius, 0.55 * radius, "#b7bdc2")
    canvas.ellipse(x, y, 0.2 * radius, 0.2 * radius, "#5a6067")
