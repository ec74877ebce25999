"""Whether this machine can draw Devanagari: Pillow needs raqm, and raqm the system's FriBiDi."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import features

SYSTEM_PACKAGE = "libfribidi0"


@dataclass(frozen=True, slots=True)
class Shaping:
    """What was found; without it conjuncts break in silence."""

    works: bool
    raqm: str | None
    fribidi: str | None
    missing_package: str | None


def check() -> Shaping:
    """Look for raqm and FriBiDi, and name the system package to install where they lack."""
    works = bool(features.check("raqm"))
    return Shaping(
        works=works,
        raqm=features.version("raqm"),
        fribidi=features.version("fribidi"),
        missing_package=None if works else SYSTEM_PACKAGE,
    )
