from __future__ import annotations

from tests.support.fixtures import house, store

__all__ = ["house", "store"]
