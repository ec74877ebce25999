from __future__ import annotations

from tests.support.fixtures import store, town

__all__ = ["store", "town"]
