"""A platform in memory, for tests: it keeps, fails as it is told, and lets citizens speak."""

from __future__ import annotations

from publisher.platforms.memory.platform import LIMITS, MemoryPlatform
from publisher.platforms.memory.shelf import OURSELVES, Kept

__all__ = ["LIMITS", "OURSELVES", "Kept", "MemoryPlatform"]
