from __future__ import annotations

from tests.support.fixtures import other, town

__all__ = ["other", "town"]
