from __future__ import annotations

from tests.support.fixtures import city, session, store, town

__all__ = ["city", "session", "store", "town"]
