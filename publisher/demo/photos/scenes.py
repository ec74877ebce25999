"""The scenes that a picture may show, each drawn on the same grid of units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from publisher.demo.photos.callings import banyan, bins, clinic, garden, mosquito
from publisher.demo.photos.canvas import Canvas
from publisher.demo.photos.card import card
from publisher.demo.photos.streets import drain, fire, pipes, road

Scene = Callable[[Canvas, tuple[str, ...]], None]

SCENES: Final[Mapping[str, Scene]] = {
    "banyan": banyan,
    "bins": bins,
    "card": card,
    "clinic": clinic,
    "drain": drain,
    "fire": fire,
    "garden": garden,
    "mosquito": mosquito,
    "pipes": pipes,
    "road": road,
}
