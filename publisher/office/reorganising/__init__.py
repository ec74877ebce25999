"""Merging and closing departments: what stands in the way, and what moves to whom."""

from __future__ import annotations

from publisher.office.reorganising.ending import (
    StillOpen,
    close,
    hindering,
    merge,
    tick_departments,
)
from publisher.office.reorganising.standing import OpenKind, OpenThing

__all__ = [
    "OpenKind",
    "OpenThing",
    "StillOpen",
    "close",
    "hindering",
    "merge",
    "tick_departments",
]
