from __future__ import annotations

from tests.support.fixtures import store

__all__ = ["store"]
