from __future__ import annotations

from tests.support.fixtures import changeable_rows, city, session, town

__all__ = ["changeable_rows", "city", "session", "town"]
