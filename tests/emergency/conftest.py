from __future__ import annotations

from tests.support.fixtures import changeable_rows, town

__all__ = ["changeable_rows", "town"]
