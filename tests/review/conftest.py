from __future__ import annotations

from tests.support.fixtures import city, session, town

__all__ = ["city", "session", "town"]
