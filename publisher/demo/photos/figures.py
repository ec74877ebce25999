"""People, trees, houses and other things that several scenes share."""

from __future__ import annotations

from dataclasses import dataclass

from publisher.demo.photos.canvas import Canvas, Colour, Point

SKIN = "#9c6b43"
SKIN_DARK = "#7d5233"
SKIN_LIGHT = "#b9855a"
HAIR = "#20242b"
GREY_HAIR = "#b9b9b9"
WHITE = "#ffffff"
ORANGE = "#e8833a"
LIME = "#e9e27a"
#: A sky: its colour above, and at the horizon.
MORNING = ("#a9cbe0", "#eaf1ec")


@dataclass(frozen=True, slots=True)
class Dress:
    """What a figure looks like; `helmet` covers the hair, `vest` adds reflecting stripes."""

    top: Colour
    legs: Colour = "#34465c"
    skin: Colour = SKIN
    hair: Colour = HAIR
    helmet: Colour | None = None
    vest: bool = False
    long_coat: bool = False


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a figure stands (feet), how tall it is, and what its hands reach for."""

    x: float
    feet: float
    height: float
    left_hand: Point
    right_hand: Point


def person(canvas: Canvas, pose: Pose, dress: Dress) -> None:
    """A standing figure: legs, body, head, and the arms over everything."""
    _legs(canvas, pose, dress)
    _body(canvas, pose, dress)
    _head(canvas, pose, dress)
    shoulder = pose.feet - 0.74 * pose.height
    half = 0.12 * pose.height
    arm(canvas, (pose.x - half, shoulder), pose.left_hand, 0.085 * pose.height, dress)
    arm(canvas, (pose.x + half, shoulder), pose.right_hand, 0.085 * pose.height, dress)


def arm(canvas: Canvas, shoulder: Point, hand: Point, width: float, dress: Dress) -> None:
    """An arm with a sleeve to the elbow, slightly bent downwards."""
    elbow = ((shoulder[0] + hand[0]) / 2, (shoulder[1] + hand[1]) / 2 + 0.45 * width)
    canvas.stroke([elbow, hand], 0.8 * width, dress.skin)
    canvas.stroke([shoulder, elbow], width, dress.top)
    canvas.ellipse(*hand, 0.52 * width, 0.52 * width, dress.skin)


def _legs(canvas: Canvas, pose: Pose, dress: Dress) -> None:
    height, feet = pose.height, pose.feet
    hips = feet - 0.44 * height
    for side in (-1, 1):
        x = pose.x + side * 0.065 * height
        canvas.stroke([(x, hips), (x, feet - 0.05 * height)], 0.115 * height, dress.legs)
        canvas.ellipse(x + 0.012 * height, feet - 0.015 * height, 0.07 * height, 0.03 * height,
                       "#2b2622")  # fmt: skip


def _body(canvas: Canvas, pose: Pose, dress: Dress) -> None:
    height, feet = pose.height, pose.feet
    top, width = feet - 0.8 * height, 0.29 * height
    length = (0.56 if dress.long_coat else 0.42) * height
    left = pose.x - width / 2
    canvas.round_rect(left, top, width, length, 0.09 * height, dress.top)
    if dress.vest:
        for side in (-0.09, 0.055):
            canvas.rect(pose.x + side * height, top + 0.01 * height, 0.035 * height,
                        0.39 * height, LIME)  # fmt: skip
        canvas.rect(left, top + 0.26 * height, width, 0.04 * height, LIME)


def _head(canvas: Canvas, pose: Pose, dress: Dress) -> None:
    height, x = pose.height, pose.x
    y, radius = pose.feet - 0.895 * height, 0.083 * height
    canvas.rect(x - 0.035 * height, y + 0.05 * height, 0.07 * height, 0.065 * height, dress.skin)
    if dress.helmet is None:
        canvas.ellipse(x, y - 0.018 * height, 1.06 * radius, 1.1 * radius, dress.hair)
    canvas.ellipse(x, y + 0.008 * height, 0.95 * radius, 1.02 * radius, dress.skin)
    if dress.helmet is None:
        canvas.dome(x, y - 0.02 * height, 1.02 * radius, 0.85 * radius, dress.hair)
        return
    canvas.dome(x, y - 0.005 * height, 1.16 * radius, 1.2 * radius, dress.helmet)
    canvas.round_rect(x - 1.4 * radius, y - 0.018 * height, 2.8 * radius, 0.026 * height,
                      0.012 * height, dress.helmet)  # fmt: skip


def tree(canvas: Canvas, x: float, foot: float, size: float, leaves: Colour) -> None:
    """A round tree, `size` high."""
    canvas.rect(x - 0.04 * size, foot - 0.5 * size, 0.08 * size, 0.5 * size, "#7a5a3c")
    for dx, dy, radius in ((-0.2, 0.55, 0.24), (0.2, 0.57, 0.23), (0.0, 0.73, 0.28)):
        canvas.ellipse(x + dx * size, foot - dy * size, radius * size, radius * size, leaves)


def house(
    canvas: Canvas, x: float, foot: float, width: float, height: float, wall: Colour, pane: Colour
) -> None:
    """A block of flats with rows of windows."""
    canvas.rect(x, foot - height, width, height, wall)
    columns, rows = max(2, int(width / 48)), max(2, int(height / 58))
    step_x, step_y = width / columns, height / rows
    for column in range(columns):
        for row in range(rows):
            canvas.rect(x + (column + 0.28) * step_x, foot - height + (row + 0.25) * step_y,
                        0.44 * step_x, 0.46 * step_y, pane)  # fmt: skip


def skyline(canvas: Canvas, foot: float) -> None:
    """A pale row of houses and trees, wide enough for every picture."""
    wall, pane = "#d3cdc2", "#bfc6c8"
    for x, width, height in ((-60, 190, 210), (150, 130, 150), (420, 160, 190), (700, 120, 140),
                             (860, 180, 230), (1090, 190, 170)):  # fmt: skip
        house(canvas, x, foot, width, height, wall, pane)
    for x, size in ((120, 150), (345, 190), (640, 170), (1060, 190)):
        tree(canvas, x, foot, size, "#8fa77f")


def cone(canvas: Canvas, x: float, foot: float, size: float) -> None:
    """A traffic cone with two white stripes."""
    canvas.round_rect(x - 0.42 * size, foot - 0.1 * size, 0.84 * size, 0.1 * size, 3, "#c8511f")
    _cone_slice(canvas, x, foot, size, (0.1, 1.0), "#ee6a2c")
    _cone_slice(canvas, x, foot, size, (0.34, 0.5), WHITE)
    _cone_slice(canvas, x, foot, size, (0.66, 0.8), WHITE)


def _cone_slice(
    canvas: Canvas, x: float, foot: float, size: float, span: tuple[float, float], fill: Colour
) -> None:
    low, high = span
    at_low, at_high = 0.3 * (1.1 - low) * size, 0.3 * (1.1 - high) * size
    canvas.shape(
        [
            (x - at_low, foot - low * size),
            (x - at_high, foot - high * size),
            (x + at_high, foot - high * size),
            (x + at_low, foot - low * size),
        ],
        fill,
    )
