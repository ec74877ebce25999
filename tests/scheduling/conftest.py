from __future__ import annotations

from tests.support.fixtures import city, session, sqlite_town

__all__ = ["city", "session", "sqlite_town"]
