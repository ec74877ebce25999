"""Scenes of work in the street: a water main, a closed road, a drain, a fire drill."""

from __future__ import annotations

from publisher.demo.photos.canvas import Canvas
from publisher.demo.photos.figures import (
    MORNING,
    ORANGE,
    SKIN_DARK,
    WHITE,
    Dress,
    Pose,
    cone,
    house,
    person,
    skyline,
    tree,
)
from publisher.demo.photos.vehicles import fire_engine, suction_truck


def pipes(canvas: Canvas, _: tuple[str, ...]) -> None:
    """Two workers turn the valve of a large blue water main in its trench."""
    canvas.sky("#c3d6df", "#f2ede2", 330)
    skyline(canvas, 330)
    canvas.ground(325, "#a97c52")
    canvas.ground(420, "#8d623d")
    canvas.ground(760, "#6f4a2d")
    for x, y in ((230, 372), (520, 395), (900, 366), (330, 836), (690, 870), (1010, 822)):
        canvas.ellipse(x, y, 34, 11, "#9b7049")
    worker = Dress(top=ORANGE, helmet="#f2b632", vest=True, skin=SKIN_DARK)
    person(canvas, Pose(345, 700, 430, (470, 408), (500, 388)), worker)
    other = Dress(top=ORANGE, helmet="#eef0f2", vest=True)
    person(canvas, Pose(865, 700, 430, (708, 388), (735, 408)), other)
    _main(canvas)
    _wheel(canvas)


def _main(canvas: Canvas) -> None:
    """The pipe across the whole picture, with its two joints."""
    for y, height, shade in ((520, 190, "#1f5f9c"), (520, 42, "#2f78b9"), (538, 16, "#6fa9da"),
                             (654, 56, "#174a7c")):  # fmt: skip
        canvas.band(y, height, shade)
    for x in (455, 705):
        canvas.round_rect(x, 494, 48, 242, 10, "#12395f")
        for y in (520, 566, 612, 658, 704):
            canvas.ellipse(x + 24, y, 9, 9, "#c9d6e2")


def _wheel(canvas: Canvas) -> None:
    """The valve's stem and its red hand wheel."""
    canvas.round_rect(572, 470, 66, 62, 8, "#12395f")
    canvas.rect(592, 390, 26, 90, "#2d5f8d")
    canvas.ring(605, 392, 122, 36, 20, "#b8402f")
    canvas.stroke([(492, 392), (718, 392)], 12, "#b8402f")
    canvas.ellipse(605, 390, 24, 15, "#8c2d21")


def road(canvas: Canvas, _: tuple[str, ...]) -> None:
    """A road closed by a barrier, with a board that says so and cones beside it."""
    canvas.sky(*MORNING, 400)
    house(canvas, -40, 400, 330, 300, "#d9c8ae", "#a9b7bd")
    house(canvas, 920, 400, 330, 270, "#cfd2cc", "#9fb0b8")
    for x, size in ((300, 200), (375, 160), (850, 210), (930, 170)):
        tree(canvas, x, 402, size, "#6f9463")
    canvas.ground(398, "#c9b793")
    canvas.shape([(545, 398), (655, 398), (1500, 1300), (-300, 1300)], "#55595e")
    for near, far in ((440, 480), (520, 585), (650, 740), (850, 1000)):
        _dash(canvas, near, far)
    for x in (275, 905):
        canvas.rect(x - 9, 560, 18, 190, "#6a5138")
        canvas.round_rect(x - 50, 742, 100, 18, 5, "#4a3a2a")
    _barrier(canvas, 575)
    _barrier(canvas, 665)
    _board(canvas)
    for x in (215, 390, 790, 985):
        cone(canvas, x, 842, 118)


def _dash(canvas: Canvas, near: float, far: float) -> None:
    def half(y: float) -> float:
        return (y - 380) * 0.022

    canvas.shape(
        [(600 - half(near), near), (600 + half(near), near), (600 + half(far), far),
         (600 - half(far), far)],
        "#e7e4d8",
    )  # fmt: skip


def _barrier(canvas: Canvas, y: float) -> None:
    canvas.round_rect(200, y, 780, 52, 8, WHITE)
    for step in range(8):
        x = 205 + step * 98
        canvas.shape([(x + 30, y), (x + 75, y), (x + 45, y + 52), (x, y + 52)], "#c5372c")


def _board(canvas: Canvas) -> None:
    canvas.rect(494, 480, 14, 290, "#6a5138")
    canvas.rect(692, 480, 14, 290, "#6a5138")
    canvas.round_rect(405, 300, 390, 230, 18, "#23272b")
    canvas.round_rect(415, 310, 370, 210, 12, "#f6c530")
    canvas.words(600, 428, "रस्ता बंद", 84, "#16191c", weight=800, anchor="ms", widest=330)
    canvas.words(600, 492, "काम सुरू आहे", 42, "#16191c", weight=600, anchor="ms", widest=330)


def fire(canvas: Canvas, _: tuple[str, ...]) -> None:
    """Beside a fire engine a fireman shows how to use an extinguisher."""
    canvas.sky(*MORNING, 540)
    skyline(canvas, 530)
    canvas.ground(525, "#b7b2a6")
    canvas.ground(560, "#a6a195")
    fire_engine(canvas)
    canvas.shape([(205, 800), (395, 800), (375, 850), (225, 850)], "#4a4d50")
    for x, y, size, flame in ((265, 800, 70, "#e2562b"), (335, 800, 84, "#e2562b"),
                              (300, 800, 104, "#f08a2c"), (300, 802, 62, "#f7d04c")):  # fmt: skip
        canvas.shape([(x - size / 2, y), (x, y - 1.6 * size), (x + size / 2, y)], flame)
        canvas.ellipse(x, y - 8, size / 2, 22, flame)
    for x, y, radius in ((430, 726, 24), (470, 718, 20), (505, 712, 15), (395, 742, 34)):
        canvas.ellipse(x, y, radius, 0.8 * radius, "#eef3f5")
    fireman = Dress(top="#c46a1e", legs="#b55f19", helmet="#c8281f", vest=True)
    person(canvas, Pose(700, 880, 560, (575, 690), (620, 640)), fireman)
    canvas.stroke([(610, 640), (570, 660), (540, 705)], 11, "#24282c")
    canvas.round_rect(585, 640, 66, 160, 22, "#b3241c")
    canvas.rect(600, 620, 36, 26, "#24282c")


def drain(canvas: Canvas, _: tuple[str, ...]) -> None:
    """A cleaning vehicle on the road; a worker lowers its hose into a manhole."""
    canvas.sky("#1d2f49", "#4d5f78", 470)
    for x, width, height in ((-40, 250, 260), (260, 200, 190), (520, 220, 250), (820, 190, 200),
                             (1030, 240, 280)):  # fmt: skip
        house(canvas, x, 470, width, height, "#33455c", "#e8c873")
    canvas.ground(465, "#5a5f66")
    canvas.ground(520, "#474c53")
    canvas.ground(880, "#3d4248")
    suction_truck(canvas)
    canvas.ellipse(330, 812, 128, 34, "#2a2d31")
    canvas.ellipse(330, 808, 104, 25, "#0f1113")
    canvas.ellipse(560, 838, 108, 26, "#6b7178")
    canvas.ring(560, 838, 78, 17, 5, "#565b61")
    canvas.stroke([(560, 560), (470, 640), (350, 600), (330, 806)], 26, "#c7802f")
    worker = Dress(top="#e8833a", legs="#3d5167", helmet="#f2b632", vest=True)
    person(canvas, Pose(225, 800, 480, (318, 640), (340, 610)), worker)
    for x in (480, 680):
        cone(canvas, x, 900, 92)
