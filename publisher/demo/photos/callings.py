"""Scenes of people at a dispensary, a collection point, a tree, a home and in a garden."""

from __future__ import annotations

from publisher.demo.photos.canvas import Canvas
from publisher.demo.photos.figures import (
    GREY_HAIR,
    MORNING,
    SKIN_DARK,
    SKIN_LIGHT,
    WHITE,
    Dress,
    Pose,
    person,
    skyline,
    tree,
)


def mosquito(canvas: Canvas, _: tuple[str, ...]) -> None:
    """A health worker inspects a water drum under the sign of a crossed-out mosquito."""
    canvas.sky("#dbe7dd", "#eef2e4", 620)
    for x in range(-60, 1260, 130):
        canvas.rect(x, 560, 124, 60, "#cfd9c8")
    canvas.ground(620, "#c2ac8b")
    canvas.ground(640, "#d0bc9c")
    _no_mosquito(canvas, 430, 250)
    canvas.ellipse(690, 812, 190, 26, "#b29c7a")
    canvas.round_rect(560, 470, 260, 345, 34, "#2d74b2")
    for y in (560, 690):
        canvas.rect(560, y, 260, 22, "#225d92")
    canvas.ellipse(690, 480, 130, 34, "#1d4f7d")
    canvas.ellipse(690, 484, 112, 25, "#8fc7dd")
    for x, y in ((640, 486), (700, 478), (745, 490)):
        canvas.stroke([(x, y), (x + 13, y + 3)], 4, "#3a4a4f")
    worker = Dress(top="#f4f6f5", legs="#47606f", helmet="#3f8a6a", skin=SKIN_LIGHT)
    person(canvas, Pose(915, 850, 600, (762, 470), (830, 560)), worker)
    canvas.stroke([(775, 462), (740, 448)], 20, "#30353a")
    _pot(canvas)


def _pot(canvas: Canvas) -> None:
    canvas.ellipse(330, 812, 110, 18, "#b29c7a")
    canvas.shape([(255, 690), (405, 690), (382, 815), (278, 815)], "#b5643c")
    canvas.round_rect(243, 672, 174, 34, 8, "#c9764a")
    for x, y in ((-70, -110), (-25, -150), (30, -150), (72, -105)):
        canvas.stroke([(330, 675), (330 + x, 675 + y)], 9, "#5f8d4e")
        canvas.ellipse(330 + x, 675 + y, 34, 24, "#6fa35a")


def _no_mosquito(canvas: Canvas, x: float, y: float) -> None:
    canvas.ellipse(x, y, 178, 178, WHITE)
    for side in (-1, 1):
        canvas.ellipse(x + side * 62, y - 42, 58, 20, "#c8d3dc")
        for reach, drop in ((92, 34), (104, 74), (80, 108)):
            canvas.stroke([(x, y + 8), (x + side * reach * 0.6, y - 10),
                           (x + side * reach, y + drop)], 6, "#2c3137")  # fmt: skip
    canvas.ellipse(x, y + 34, 19, 66, "#3c424a")
    for stripe in (20, 44, 68):
        canvas.rect(x - 17, y + stripe, 34, 8, "#aab2bb")
    canvas.ellipse(x, y - 42, 24, 26, "#2c3137")
    canvas.stroke([(x, y - 60), (x, y - 112)], 5, "#2c3137")
    canvas.ring(x, y, 180, 180, 30, "#c5281f")
    canvas.stroke([(x - 116, y - 116), (x + 116, y + 116)], 28, "#c5281f")


def clinic(canvas: Canvas, _: tuple[str, ...]) -> None:
    """A doctor measures an elderly woman's blood pressure across a table."""
    canvas.sky("#c9d6cd", "#dfe6dc", 660)
    canvas.rect(170, 90, 210, 280, "#eff4f4")
    canvas.rect(182, 102, 186, 256, "#dbe9ee")
    canvas.rect(450, 120, 220, 170, "#a9b9ae")
    canvas.rect(850, 80, 190, 240, "#4f8f78")
    canvas.words(945, 175, "आरोग्य", 44, WHITE, weight=700, anchor="ms", widest=170)
    canvas.words(945, 235, "तपासणी", 44, WHITE, weight=700, anchor="ms", widest=170)
    canvas.ground(660, "#8d7c6b")
    doctor = Dress(top="#f7f8fa", hair="#23272e", long_coat=True)
    person(canvas, Pose(420, 1010, 740, (330, 660), (560, 590)), doctor)
    canvas.shape([(378, 425), (462, 425), (420, 500)], "#86b3c7")
    canvas.stroke([(380, 430), (398, 520), (440, 520), (462, 430)], 7, "#2b3a46")
    woman = Dress(top="#b5475d", hair=GREY_HAIR, skin=SKIN_DARK, legs="#b5475d")
    person(canvas, Pose(790, 1010, 700, (610, 600), (880, 660)), woman)
    canvas.ellipse(790, 352, 7, 7, "#8c1f1f")
    canvas.round_rect(612, 560, 96, 54, 14, "#31577a")
    _table(canvas)


def _table(canvas: Canvas) -> None:
    canvas.shape([(215, 650), (985, 650), (1080, 800), (120, 800)], "#f3efe6")
    canvas.rect(120, 800, 960, 28, "#d9d0bf")
    canvas.rect(160, 828, 880, 400, "#bba98c")
    canvas.stroke([(650, 612), (640, 690), (600, 705)], 9, "#26313b")
    canvas.round_rect(470, 660, 160, 96, 14, "#31577a")
    canvas.round_rect(486, 674, 92, 66, 6, "#cfe0d4")
    canvas.words(532, 722, "१२०", 40, "#23313b", weight=700, anchor="ms", widest=80)
    for y in (684, 712):
        canvas.ellipse(604, y, 10, 10, "#e7edf2")


def banyan(canvas: Canvas, _: tuple[str, ...]) -> None:
    """An enumerator measures the girth of a large banyan with a tape."""
    canvas.sky(*MORNING, 640)
    skyline(canvas, 620)
    canvas.ground(610, "#9db77b")
    canvas.ground(790, "#88a467")
    for x, y, rx, ry in ((330, 130, 330, 190), (820, 110, 360, 200), (580, 10, 420, 190)):
        canvas.ellipse(x, y, rx, ry, "#47703f")
    for x, y, rx, ry in ((420, 170, 250, 130), (740, 160, 270, 130), (580, 70, 330, 140)):
        canvas.ellipse(x, y, rx, ry, "#598650")
    canvas.shape([(450, 230), (720, 230), (700, 560), (800, 830), (370, 830), (480, 560)],
                 "#75583d")  # fmt: skip
    for x in (520, 585, 650):
        canvas.stroke([(x, 260), (x + 8, 520), (x - 10, 810)], 12, "#66492f")
    for x in (330, 400, 790, 850, 905):
        canvas.stroke([(x, 210), (x + 6, 620)], 9, "#7d6146")
    canvas.shape([(478, 565), (706, 565), (716, 597), (468, 597)], "#f2d34a")
    for x in range(486, 706, 22):
        canvas.rect(x, 568, 4, 14, "#5a4a18")
    counter = Dress(top="#2f6f8f", legs="#4b4439", hair="#20242b", skin=SKIN_LIGHT)
    person(canvas, Pose(850, 870, 520, (712, 578), (735, 600)), counter)
    canvas.rect(822, 500, 56, 40, WHITE)
    canvas.rect(830, 508, 16, 22, "#9fb3c4")


def bins(canvas: Canvas, _: tuple[str, ...]) -> None:
    """At a collection point a worker puts an old computer and phones into a green bin."""
    canvas.sky("#dfe6e6", "#eef0ea", 600)
    canvas.round_rect(250, 70, 700, 130, 14, "#2f7d54")
    canvas.words(600, 158, "ई-कचरा संकलन केंद्र", 70, WHITE, weight=700, anchor="ms", widest=640)
    canvas.ground(600, "#b9b4a8")
    canvas.ground(625, "#c9c4b8")
    worker = Dress(top="#e8833a", legs="#3f4f63", vest=True, helmet="#31577a")
    person(canvas, Pose(700, 860, 600, (540, 520), (560, 545)), worker)
    _computer(canvas, 430, 380)
    _green_bin(canvas)
    canvas.round_rect(850, 640, 200, 26, 6, "#8a6b48")
    for x in (870, 1010):
        canvas.rect(x, 660, 18, 200, "#755838")
    for x, shade in ((872, "#23313b"), (926, "#5d6f7c"), (980, "#2f2a2a")):
        canvas.round_rect(x, 566, 42, 76, 7, shade)
        canvas.rect(x + 5, 576, 32, 52, "#a9c3d2")


def _computer(canvas: Canvas, x: float, y: float) -> None:
    canvas.round_rect(x - 110, y, 220, 160, 12, "#d7d2c4")
    canvas.round_rect(x - 92, y + 16, 184, 116, 8, "#3c4a52")
    canvas.stroke([(x - 60, y + 40), (x + 20, y + 110)], 4, "#8fa3ad")
    canvas.stroke([(x + 20, y + 110), (x + 5, y + 60)], 3, "#8fa3ad")


def _green_bin(canvas: Canvas) -> None:
    canvas.ellipse(420, 862, 190, 20, "#aaa598")
    canvas.shape([(265, 560), (575, 560), (545, 860), (295, 860)], "#2f7d54")
    canvas.round_rect(250, 535, 340, 40, 10, "#24633f")
    canvas.ring(420, 705, 66, 66, 16, "#dff0e4")
    for x, y in ((420, 639), (363, 738), (477, 738)):
        canvas.shape([(x - 22, y + 14), (x + 22, y + 14), (x, y - 22)], "#dff0e4")


def garden(canvas: Canvas, _: tuple[str, ...]) -> None:
    """People walk on a garden path in the morning."""
    canvas.sky("#f6d9a6", "#fdf2d6", 430)
    canvas.ellipse(820, 250, 66, 66, "#fff3c9")
    for x, size, leaves in ((110, 330, "#5f8f58"), (270, 250, "#6f9e63"), (930, 290, "#5f8f58"),
                            (1080, 350, "#557f4f"), (480, 170, "#86ab76")):  # fmt: skip
        tree(canvas, x, 440, size, leaves)
    canvas.ground(430, "#8dbb6c")
    canvas.ground(640, "#7dad5d")
    canvas.shape([(570, 432), (630, 432), (1000, 1300), (200, 1300)], "#d9c4a0")
    for x, y in ((300, 560), (345, 575), (255, 590), (905, 570), (950, 595), (870, 600)):
        canvas.ellipse(x, y, 13, 13, "#d4566a")
        canvas.rect(x - 2, y + 12, 4, 22, "#4f7a45")
    _bench(canvas, 850, 690)
    lady = Dress(top="#7a4b8c", legs="#7a4b8c", skin=SKIN_LIGHT)
    person(canvas, Pose(525, 800, 330, (470, 660), (578, 668)), lady)
    man = Dress(top="#e9eef2", legs="#3c4a5c", hair=GREY_HAIR)
    person(canvas, Pose(650, 815, 350, (598, 665), (706, 655)), man)
    child = Dress(top="#d88a2e", legs="#3d6b94", skin=SKIN_DARK)
    person(canvas, Pose(400, 660, 190, (362, 585), (440, 560)), child)


def _bench(canvas: Canvas, x: float, y: float) -> None:
    for drop in (0, 24):
        canvas.round_rect(x, y + drop, 190, 16, 5, "#8a5d3a")
    canvas.round_rect(x - 8, y + 62, 206, 18, 5, "#9a6a44")
    for leg in (10, 168):
        canvas.rect(x + leg, y, 12, 130, "#4a3b30")
