"""The platforms a post can leave for: one file each, behind one small protocol; knows no tables."""

from __future__ import annotations

from publisher.platforms.registry import UnknownPlatform, open_platform

__all__ = ["UnknownPlatform", "open_platform"]
